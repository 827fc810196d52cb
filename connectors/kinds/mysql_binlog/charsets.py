"""Character sets: from a column's own bytes, as the binlog has them, to the UTF-8 that the server would send.

Checked against the server's own CONVERT for every byte of every single-byte set (tests/data/binlog/charsets.json).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

ToUtf8 = Callable[[bytes], bytes]

_SAME = frozenset({"utf8", "utf8mb3", "utf8mb4", "ascii"})
_WIDE = {"ucs2": "utf-16-be", "utf16": "utf-16-be", "utf16le": "utf-16-le", "utf32": "utf-32-be"}
_NARROW = {
    "cp1250": "cp1250", "cp1251": "cp1251", "cp1256": "cp1256", "cp1257": "cp1257", "cp850": "cp850",
    "cp852": "cp852", "cp866": "cp866", "greek": "iso8859-7", "hp8": "hp-roman8", "koi8r": "koi8-r",
    "koi8u": "koi8-u", "latin1": "cp1252", "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13",
    "macce": "mac-latin2", "macroman": "mac-roman", "tis620": "tis-620",
}  # fmt: skip
_OTHERWISE: Mapping[str, Mapping[int, str]] = {
    "latin1": {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)},
    "cp866": {0xFC: "\u207f", 0xFD: "\xb2"},
    "koi8u": {0x95: "\u2022"},
    "greek": {0xA1: "\u02bd", 0xA2: "\u02bc", 0xA4: "?", 0xA5: "?", 0xAA: "?"},
    "cp1256": dict.fromkeys((0x8A, 0x8F, 0x98, 0x9A, 0x9F, 0xAA, 0xC0, 0xFF), "?"),
    "tis620": dict.fromkeys((0xA0, 0xDB, 0xDC, 0xDD, 0xDE, 0xFC, 0xFD, 0xFE, 0xFF), "\ufffd"),
}
"""Bytes that the servers read otherwise than Python's codec of the set."""
_NUMBERS: Mapping[str, tuple[int, ...]] = {
    "utf8mb4": (45, 46, *range(224, 248), *range(255, 324), *range(608, 640), *range(2304, 2560)),
    "utf8mb3": (33, 76, 83, *range(192, 216), 223, *range(576, 608), *range(2048, 2304)),
    "ucs2": (35, 90, *range(128, 152), 159, *range(640, 672), *range(2560, 2816)),
    "utf16": (54, 55, *range(101, 125), *range(672, 704), *range(2816, 3072)),
    "utf32": (60, 61, *range(160, 184), *range(736, 768), *range(3072, 3328)),
    "utf16le": (56, 62), "ascii": (11, 65), "binary": (63,), "latin1": (5, 8, 15, 31, 47, 48, 49, 94),
    "latin2": (2, 9, 21, 27, 77), "latin5": (30, 78), "latin7": (20, 41, 42, 79), "cp850": (4, 80),
    "cp852": (40, 81), "cp866": (36, 68), "cp1250": (26, 34, 44, 66, 99), "cp1251": (14, 23, 50, 51, 52),
    "cp1256": (57, 67), "cp1257": (29, 58, 59), "greek": (25, 70), "hp8": (6, 72), "koi8r": (7, 74),
    "koi8u": (22, 75), "macce": (38, 43), "macroman": (39, 53), "tis620": (18, 89),
}  # fmt: skip
_USUAL = {number: name for name, numbers in _NUMBERS.items() for number in numbers}
_NO_PAD = 1024
"""MariaDB's collations that do not ignore trailing blanks have the number of their sister and this."""


def charset_of(collation: int, asked: Mapping[int, str] | None = None) -> str:
    """Return a collation's character set, by the server's own list where it was asked; empty if not known."""
    if asked and collation in asked:
        return asked[collation]
    return _USUAL.get(collation) or (_USUAL.get(collation - _NO_PAD, "") if _NO_PAD <= collation < 2 * _NO_PAD else "")


def to_utf8(charset: str) -> ToUtf8 | None:
    """Return what turns a set's bytes into UTF-8, or None where they are; raises KeyError for a set not known here."""
    if charset in _SAME:
        return None
    if charset in _WIDE:
        codec = _WIDE[charset]
        return lambda data: data.decode(codec, "replace").encode()
    table = _table(charset)
    return lambda data: data if data.isascii() else data.decode("latin-1").translate(table).encode()


def known(charset: str) -> bool:
    """Say whether columns of this character set can be captured."""
    return charset in _SAME or charset in _WIDE or charset in _NARROW


def _table(charset: str) -> Mapping[int, str]:
    codec, otherwise = _NARROW[charset], _OTHERWISE.get(charset, {})
    table = {}
    for byte in range(128, 256):
        try:
            table[byte] = bytes((byte,)).decode(codec)
        except UnicodeDecodeError:
            table[byte] = "?"
    return {**table, **otherwise}
