"""Plain text: one form of Unicode, single blanks, capital letters; signs for "unknown" are no values."""

from __future__ import annotations

import re
import unicodedata

from hub.clean.cleaned import MISSING, Cleaned, set_aside

UNKNOWN = (
    "NULL", "NONE", "NIL", "N/A", "NA", "NN", "XX", "XXX", "XXXX", "TIDAK/ADA", "TDK/ADA", "TIDAK/TAHU",
    "TIDAK/DIKETAHUI", "TDK/DIKETAHUI", "TIDAK/DIISI", "BELUM/ADA", "BELUM/DIISI", "BELUM/DIKETAHUI", "KOSONG",
    "TANPA/NAMA", "UNKNOWN", "TEST", "TES",
)  # fmt: skip
"""What offices write where they do not know a value; a slash stands for anything between two words."""
_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_NOTHING = re.compile(r"[\W_0]*(?:" + "|".join(word.replace("/", r"[\W_]+") for word in UNKNOWN) + r")?[\W_0]*")


def tidy(text: str) -> str:
    """Return a text in one form of Unicode, without control characters, with single blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    if not text.isprintable():
        text = "".join([c if c.isprintable() else " " for c in text])
    return " ".join(text.split())


def upper(text: str) -> str:
    """Return a tidy text in capital letters."""
    text = tidy(text).upper()
    return text if text.isascii() else tidy(text)


def says_nothing(text: str) -> bool:
    """Tell whether a tidy upper-case text is only a sign for "unknown": no letter or digit, zeros, or such words."""
    return _NOTHING.fullmatch(text) is not None


def clean(text: str) -> Cleaned:
    """Return text in capital letters."""
    value = upper(text)
    if not value:
        return MISSING
    if says_nothing(value):
        return set_aside("placeholder", text)
    return Cleaned(value)
