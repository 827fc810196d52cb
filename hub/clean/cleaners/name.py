"""Names of persons: titles and degrees apart, other spellings as variants for comparison only.

The name stays as the office wrote it, in capitals: nothing is modernised in it, a single word and a short one are real
names, and `bin`/`binti` with the father's name stay (the variant leaves them out).
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

from hub.clean.cleaned import MISSING, Cleaned, Value, set_aside
from hub.clean.cleaners.text import says_nothing, upper

_TABLES: dict[str, Any] = tomllib.loads(
    (resources.files("hub.clean") / "data" / "names.toml").read_text(encoding="utf-8")
)
_BEFORE = frozenset(_TABLES["before"].split())
_DEGREES = frozenset(_TABLES["degrees"].split())
_TOLD = _DEGREES | frozenset(_TABLES["degrees_told"].split())
_PATRONYM = frozenset(_TABLES["patronym"].split())
_SPELLING = {form: full for full, forms in _TABLES["spelling"].items() for form in forms.split()}
_FIRST = {form: full for full, forms in _TABLES["spelling_first"].items() for form in forms.split()}
_DOTTED = re.compile(r"(?:[A-Z]{1,5}\.)+[A-Z]{0,5}")
_SPREAD = re.compile(r"(?<![A-Z.])((?:[A-Z]{1,2}\. )+[A-Z]{1,4}\.?)(?=[ ,]|$)")
_NOT_NAME = re.compile(r"[^\w'\- ]|_")
_LOOSE_MARKS = re.compile(r"(?<!\w)['\-]+|['\-]+(?!\w)")
_OLD = (("OE", "U"), ("TJ", "C"), ("DJ", "J"), ("SJ", "SY"), ("NJ", "NY"))
_ANY_OLD = re.compile("OE|[TDSN]J")
_OLD_Y = re.compile(r"J(?=[AEIOU])")


def clean(text: str) -> Cleaned:
    """Return a name in capitals, with `titles` and `name_variants` beside it."""
    found = _read(text)
    if isinstance(found, Cleaned):
        return found
    tokens, before, after = found
    more: list[tuple[str, Value]] = []
    if before or after:
        more.append(("titles", f"{' '.join(before)}|{' '.join(after)}"))
    name = " ".join(tokens)
    variants = _variants(tokens, name)
    if variants:
        more.append(("name_variants", variants))
    return Cleaned(name, (), tuple(more))


def clean_mother(text: str) -> Cleaned:
    """Return a mother's name as a name, without titles and variants of its own."""
    found = _read(text)
    return found if isinstance(found, Cleaned) else Cleaned(" ".join(found[0]))


def _read(text: str) -> Cleaned | tuple[list[str], list[str], list[str]]:
    """Return a name's words, the titles before and the degrees after it."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    words = written.split(" ")
    before: list[str] = []
    after: list[str] = []
    if not written.isascii() or not "".join(words).isalpha():
        words, after = _marked(words, written, before)
        if not words:
            return set_aside("implausible", text)
    if words[0] in _BEFORE or words[-1] in _DEGREES:
        _take_bare(words, before, after)
    return words, before, after


def _marked(words: list[str], written: str, before: list[str]) -> tuple[list[str], list[str]]:
    """Return the words and degrees of a name with more in it than letters; titles go to `before`."""
    head, told, rest = written.partition(",")
    after: list[str] = []
    if told:
        words = head.split()
        after, left = _degrees_of(rest)
        words += left
    _take_before(words, before)
    _take_after(words, after)
    tokens = _LOOSE_MARKS.sub(" ", _NOT_NAME.sub(" ", " ".join(words))).split()
    return tokens if _has_letters(tokens) else [], after


def _has_letters(words: list[str]) -> bool:
    return any(map(str.isalpha, "".join(words)))


def _bare(word: str) -> str:
    return word.replace(".", "").strip("()")


def _degrees_of(rest: str) -> tuple[list[str], list[str]]:
    """Return what after the first comma is a degree, and the words that are not."""
    after: list[str] = []
    left: list[str] = []
    for part in rest.split(","):
        joined = _SPREAD.sub(lambda match: match[1].replace(" ", ""), part.strip())
        for word in joined.split():
            degree = _bare(word) in _TOLD or (_DOTTED.fullmatch(word) is not None and len(_bare(word)) > 1)
            (after if degree else left).append(word)
    return after, left


def _take_before(words: list[str], before: list[str]) -> None:
    while _has_letters(words[1:]) and all(part in _BEFORE for part in words[0].strip("()").rstrip(".").split(".")):
        before.append(words.pop(0))
    # "H.ABDULLAH", "DRS.H.ALI": titles written together with the name
    while words and "." in words[0].rstrip("."):
        title, _, name = words[0].partition(".")
        if title not in _BEFORE or not any(map(str.isalpha, name)) or _bare(words[0]) in _TOLD:
            return
        before.append(f"{title}.")
        words[0] = name


def _take_after(words: list[str], after: list[str]) -> None:
    taken: list[str] = []
    while _has_letters(words[:-1]):
        word, bare = words[-1], _bare(words[-1])
        if not (bare in _DEGREES or (bare in _TOLD and ("." in word.rstrip(".") or "(" in word))):
            break
        taken.insert(0, words.pop())
    after[:0] = taken


def _take_bare(tokens: list[str], before: list[str], after: list[str]) -> None:
    """Take titles that only stand free once dots and brackets are gone."""
    while tokens[0] in _BEFORE and _has_letters(tokens[1:]):
        before.append(tokens.pop(0))
    taken: list[str] = []
    while tokens[-1] in _DEGREES and _has_letters(tokens[:-1]):
        taken.insert(0, tokens.pop())
    after[:0] = taken


def _variants(tokens: list[str], name: str) -> tuple[str, ...]:
    """Return other spellings: short forms written out, old spelling made new, and without the father's name."""
    full = [_SPELLING.get(word, word) for word in tokens]
    if len(full) > 1 and full[0] in _FIRST:
        full[0] = _FIRST[full[0]]
    old = _ANY_OLD.search(name) is not None
    if full == tokens and not old and _PATRONYM.isdisjoint(tokens):
        return ()
    found = {" ".join(full)}
    if old:
        found.add(" ".join(map(_modern, full)))
    for at, word in enumerate(full):
        if word in _PATRONYM and 0 < at < len(full) - 1:
            found.add(" ".join(full[:at]))
            break
    found.discard(name)
    return tuple(sorted(found))


def _modern(word: str) -> str:
    """Return old spelling in the new one; j becomes y only beside another old sign: Joko is no Yoko."""
    new = word
    for sign, now in _OLD:
        new = new.replace(sign, now)
    return new if new != word else _OLD_Y.sub("Y", new)
