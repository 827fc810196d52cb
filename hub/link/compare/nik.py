"""NIK by parts: twins and neighbours share its first twelve digits, so edit distance alone would join them."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms

FIELDS = (1, 3)
LEVELS = (
    "missing",
    "exact",
    "typo",
    "serial_typo",
    "serial_next",
    "serial_other",
    "date_part",
    "different",
    "exact_doubtful",
    "doubtful",
    "district_typo",
)
TEXTS = {
    "district_typo": (
        "hanya kode kecamatan beda satu angka, mungkin salah ketik atau orang lain yang lahir pada hari yang sama",
        "one digit of the district off, perhaps mistyped, perhaps another person born on that day",
    ),
    "exact": ("sama", "equal"),
    "typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "serial_typo": ("nomor urut beda satu angka, mungkin salah ketik", "serial one digit off, perhaps mistyped"),
    "serial_next": ("nomor urut berdekatan, mungkin kembar", "serials next to each other, perhaps twins"),
    "serial_other": ("wilayah dan tanggal sama, nomor urut lain", "same district and date, other serial"),
    "date_part": ("hanya bagian tanggal sama", "only the date part is equal"),
    "different": ("berbeda", "different"),
    "exact_doubtful": (
        "sama, tetapi tidak cocok dengan tanggal lahir atau jenis kelamin catatannya sendiri",
        "equal, but not of the record's own birth date or sex",
    ),
    "doubtful": (
        "berbeda, tetapi salah satunya tidak cocok dengan catatannya sendiri, mungkin NIK orang lain",
        "different, but one is not of its own record's birth date or sex, perhaps somebody else's",
    ),
}

_DIFFERENT, _EXACT_DOUBTFUL, _DOUBTFUL, _DISTRICT_TYPO = 7, 8, 9, 10

read = forms.nik


def spell(value: int) -> str:
    """Write a NIK with its 16 digits."""
    return f"{abs(value):016d}"


def compare(x: int, y: int) -> int:
    """Return the level of two NIKs; digits are PPKKCC DDMMYY SSSS, women with 40 added to the day."""
    if x < 0 or y < 0:
        level = _compare(abs(x), abs(y))
        return _EXACT_DOUBTFUL if level == 1 else _DOUBTFUL if level == _DIFFERENT else level
    return _compare(x, y)


def _compare(x: int, y: int) -> int:
    if x == y:
        return 1
    head_x, serial_x = divmod(x, 10000)
    head_y, serial_y = divmod(y, 10000)
    if head_x == head_y:
        return _serial(serial_x, serial_y)
    if OSA.distance(f"{x:016d}", f"{y:016d}", score_cutoff=1) <= 1:
        return _DISTRICT_TYPO if x // 10**12 == y // 10**12 and x % 10**10 == y % 10**10 else 2
    return 6 if head_x % 10**6 == head_y % 10**6 else 7


def _serial(x: int, y: int) -> int:
    if abs(x - y) <= 2:
        return 4
    return 3 if OSA.distance(f"{x:04d}", f"{y:04d}", score_cutoff=1) <= 1 else 5
