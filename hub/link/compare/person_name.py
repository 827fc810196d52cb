"""A person's name: as `name`, with names told apart that resemble each other from those that do not.

Words of two or three letters with one letter otherwise (EDI, EDY) and long ones with two are neither a typing error
for sure nor two names for sure.  HASAN and HUSEN stay two: twins are called so.
"""

from __future__ import annotations

from hub.link import forms
from hub.link.compare import name
from hub.link.names import resemble

FIELDS = name.FIELDS
LEVELS = (*name.LEVELS, "similar")
TEXTS = {**name.TEXTS, "similar": ("mirip", "they resemble each other")}

_MIXED, _DIFFERENT, _SIMILAR = LEVELS.index("mixed"), LEVELS.index("different"), LEVELS.index("similar")

read = forms.names
spell = forms.first


def compare(a: str, b: str) -> int:
    """Return the level of two names."""
    level = name.compare(a, b)
    if level in (_MIXED, _DIFFERENT) and resemble(forms.words(a), forms.words(b)):
        return _SIMILAR
    return level
