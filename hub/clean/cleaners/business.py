"""Names of businesses: the legal form apart, so that `PT. Maju Jaya`, `MAJU JAYA, PT` and `Maju Jaya` are one name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, upper

FORMS: Mapping[str, str] = {
    "PT": "PT PERSEROAN PERSERO", "CV": "CV", "UD": "UD", "FIRMA": "FIRMA FA", "KOPERASI": "KOPERASI KOP KSP KSU KUD",
    "YAYASAN": "YAYASAN YYS", "BUMDES": "BUMDES BUMDESA", "PERUMDA": "PERUMDA PERUSDA", "PD": "PD", "TOKO": "TOKO",
    "WARUNG": "WARUNG WR WRG", "PERORANGAN": "PERORANGAN PERSEORANGAN",
}  # fmt: skip
"""Legal form, or what stands where a form would, and how offices write it; dots are left out before."""
_FORM = {word: form for form, words in FORMS.items() for word in words.split()}
_ONLY_BEFORE = frozenset({"PD", "WR", "WRG", "KOP", "PERORANGAN", "PERSEORANGAN", "FA"})
"""Words too common to be taken from a name's end."""
_PUBLIC = "TBK"
_LETTERS = re.compile(r"\b(?:[A-Z]\. ?){1,3}[A-Z]\b\.?")
_NOT_NAME = re.compile(r"[^\w&/'\-. ]|_")
_LOOSE = re.compile(r"(?<!\w)[.'\-/]+|[.'\-/]+(?!\w)")


def clean_name(text: str) -> Cleaned:
    """Return a business's name in capitals, with `form` beside it."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    words = _words(written)
    forms: list[str] = []
    while len(words) > 1 and words[0] in _FORM:
        forms.append(_FORM[words.pop(0)])
    if len(words) > 1 and words[-1] == _PUBLIC:
        words.pop()
    while len(words) > 1 and words[-1] in _FORM and words[-1] not in _ONLY_BEFORE:
        forms.append(_FORM[words.pop()])
    if not any(map(str.isalnum, "".join(words))):
        return set_aside("implausible", text)
    return Cleaned(" ".join(words), (), (("form", forms[0]),) if forms else ())


def clean_form(text: str) -> Cleaned:
    """Return a legal form as `FORMS` names it; an unknown one stays as it is written and is marked."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    words = _words(written)
    for word in words:
        if word in _FORM:
            return Cleaned(_FORM[word])
    return Cleaned(" ".join(words), (("unknown_code", None),)) if words else set_aside("implausible", text)


def _joined(letters: re.Match[str]) -> str:
    """Return a form's letters without their dots; initials of a name stay as they are."""
    word = re.sub(r"[. ]", "", letters[0])
    return f"{word} " if word in _FORM or word == _PUBLIC else letters[0]


def _words(written: str) -> list[str]:
    """Return the words; `P.T.` is one, and so is `C. V.`."""
    joined = _LETTERS.sub(_joined, written)
    return _LOOSE.sub(" ", _NOT_NAME.sub(" ", joined)).split()
