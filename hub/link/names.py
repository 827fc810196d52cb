"""Names for comparison only: folded words, a phonetic key, and how two names relate.

Nothing here is ever stored or shown: folding merges spellings that Indonesian registers use for one name
(research: Muhammad and its short forms, old spelling oe/tj/dj), on both sides alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz.distance import OSA

SAME, REORDERED, SHORTENED, CLOSE, PARTIAL, MIXED, DIFFERENT = range(7)

Words = tuple[str, ...]

_SHORT_FORMS: dict[str, str] = {
    form: full
    for full, forms in {
        "MUHAMMAD": "MUHAMAD MOHAMMAD MOHAMAD MOHAMMED MUHAMMED MUHAMED MOCHAMMAD MOCHAMAD MUKHAMAD "
        "MOHD MOH MUH MHD MUHD MCH",
        "AHMAD": "ACHMAD AKHMAD AHMED AHAMAD",
        "SITI": "ST SITTI",
        "ABDUL": "ABD ABDOEL",
        "NUR": "NOER NOOR NOR",
        "MARIA": "MARYA",
    }.items()
    for form in forms.split()
}  # fmt: skip
_LEADING = {"M": "MUHAMMAD", "MD": "MUHAMMAD"}
_LINKING = frozenset({"BIN", "BINTI", "BT", "BTE", "B"})
_COMMON = frozenset({"MUHAMMAD", "AHMAD", "SITI", "ABDUL", "NUR", "SRI", "MARIA"})
_OLD_SPELLING = (("OE", "U"), ("TJ", "C"), ("DJ", "J"), ("NJ", "NY"), ("SJ", "SY"), ("CH", "KH"))
_THROAT = re.compile("K+H+")
"""KHAIRUL, CHAIRUL and HAIRUL, RACHMAN and RAHMAN are one name each."""
_SERVANT = re.compile(r"ABD[UO](?:L|([RSNTDZ])(?=\1)|(?=[RSNTDZ]))(\w{4,})")
"""ABDURRAHMAN, ABDURAHMAN and ABDULRAHMAN are ABDUL RAHMAN; ABDULLAH is one word."""
_DOUBLED = re.compile(r"(.)\1+")
_NOT_WORD = re.compile(r"[^A-Z0-9 ]+")
_SOUND = str.maketrans({"V": "F", "P": "F", "Z": "S", "D": "T", "J": "Y", "Q": "K", "H": None, "X": "S"})
_VOWELS = frozenset("AEIOUY")


@lru_cache(maxsize=1 << 14)
def _fold_word(word: str) -> str:
    known = _SHORT_FORMS.get(word)
    if known is not None:
        return known
    for old, new in _OLD_SPELLING:
        word = word.replace(old, new)
    word = _THROAT.sub("H", word)
    return _SHORT_FORMS.get(word, word)


def _apart(word: str) -> tuple[str, ...]:
    """Write a name of Abdul, run together with its article's letter, as two words."""
    servant = _SERVANT.fullmatch(word)
    return ("ABDUL", servant[2]) if servant else (word,)


def fold(name: str) -> Words:
    """Return a name's words for comparison: one spelling of known variants, linking words dropped."""
    upper = name.upper()
    words = upper.split()
    if not upper.isascii() or not "".join(words).isalnum():
        words = _NOT_WORD.sub(" " if "-" in name or "/" in name else "", upper).split()
    if len(words) > 1 and words[0] in _LEADING:
        words[0] = _LEADING[words[0]]
    if "ABD" in upper:
        words = [part for word in words for part in _apart(word)]
    return tuple([_fold_word(word) for word in words if word not in _LINKING or len(words) == 1])


@lru_cache(maxsize=1 << 14)
def sound(word: str) -> str:
    """Return a word's phonetic key: first letter and consonants, p/f/v, s/z, d/t merged, doubled letters once."""
    merged = word.translate(_SOUND)
    out = merged[:1]
    for letter in merged[1:]:
        if letter not in _VOWELS and letter != out[-1]:
            out += letter
    return out[:6]


def telling(words: Words) -> int:
    """Return the place of the first word that is not one of the commonest, or of the first word."""
    for at, word in enumerate(words):
        if word not in _COMMON and len(word) > 1:
            return at
    return 0


def relate(a: Words, b: Words) -> int:
    """Say how two folded names relate; symmetric in its arguments."""
    if a == b:
        return SAME
    if (len(a), a) > (len(b), b):
        a, b = b, a
    rest = list(b)
    left = [word for word in a if not _take(word, rest)]
    equal = len(a) - len(left)
    if not left and not rest:
        return REORDERED
    if "".join(a) == "".join(b):
        return CLOSE
    close = _take_all(left, rest, _alike)
    ends = (a[-1], b[-1])
    short = _take_all(left, rest, lambda x, y: _abbreviates(x, y, ends))
    if not left:
        return _whole(len(a), equal, short, close, complete=not rest)
    return MIXED if equal or close else DIFFERENT


def _whole(words: int, equal: int, short: int, close: int, *, complete: bool) -> int:
    """Every word of the shorter name has its partner: say how good the match is."""
    if complete and not short:
        return CLOSE
    if words > 1 and equal + close > 0:
        return SHORTENED
    return PARTIAL


def _take(word: str, rest: list[str]) -> bool:
    if word in rest:
        rest.remove(word)
        return True
    return False


def _take_all(left: list[str], rest: list[str], rule: Callable[[str, str], bool]) -> int:
    taken = 0
    for word in tuple(left):
        for other in rest:
            if rule(word, other):
                left.remove(word)
                rest.remove(other)
                taken += 1
                break
    return taken


def _alike(a: str, b: str) -> bool:
    """One typing error in words of four letters or more, one sound, or doubled letters only."""
    if min(len(a), len(b)) < 4:
        return _once(a) == _once(b)
    return OSA.distance(a, b, score_cutoff=1) <= 1 or (
        a[0] == b[0] and sound(a) == sound(b) and abs(len(a) - len(b)) < 3
    )


def resemble(a: Words, b: Words) -> bool:
    """Say whether each word of one name is, mistyped at most twice, a word of the other of as many words."""
    if len(a) != len(b):
        return False
    if a > b:
        a, b = b, a
    rest = list(b)
    left = [word for word in a if not _take(word, rest)]
    _take_all(left, rest, _alike)
    _take_all(left, rest, _resembles)
    return not left


def _resembles(a: str, b: str) -> bool:
    """One letter is otherwise in words of two or three, two in words of six or more that begin alike."""
    short = min(len(a), len(b))
    if short < 6:
        return short > 1 and OSA.distance(a, b, score_cutoff=1) <= 1
    return a[0] == b[0] and OSA.distance(a, b, score_cutoff=2) <= 2


def _once(word: str) -> str:
    """A word with doubled letters written once."""
    return _DOUBLED.sub(r"\1", word)


def _abbreviates(a: str, b: str, ends: Words) -> bool:
    """One is the other's initial or, at the end of its name, its first three letters or more (GALIH is no GALIHUN)."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    return long.startswith(short) and (len(short) == 1 or (len(short) > 2 and short in ends))
