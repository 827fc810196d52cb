"""`satudata explain`: the account of one entity for a person to read, in Indonesian or English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.serve import phrases, shapes
from hub.serve.phrases import Language

_WORDS: dict[str, tuple[str, str]] = {
    "entity": ("Entitas", "Entity"),
    "version": ("versi", "version"),
    "members": ("Terdiri dari {n} catatan sumber:", "Made of {n} source records:"),
    "values": ("Mengapa nilainya demikian:", "Why its values are what they are:"),
    "from": ("dari", "from"),
    "because": ("karena", "because"),
    "instead": ("bukan", "not"),
    "links": ("Mengapa catatan ini dianggap satu orang:", "Why these records are taken for one person:"),
    "alone": ("Hanya satu catatan; tidak ada yang dibandingkan.", "One record only; there is nothing to compare."),
    "bits": ("bobot", "weight"),
    "judgements": ("Keputusan petugas:", "Stewards' decisions:"),
    "until": ("berlaku sampai", "until"),
    "empty": ("(kosong)", "(empty)"),
}


def render(why: shapes.Why, language: Language) -> str:
    """Return the account as lines of text."""
    return "\n".join(_lines(why, language)) + "\n"


def _lines(why: shapes.Why, language: Language) -> Iterator[str]:
    def say(word: str) -> str:
        return _WORDS[word][0 if language == "id" else 1]

    short = {member.record: f"{member.source} {member.record[:8]}" for member in why.members}
    yield f"{say('entity')} {why.entity_id} ({say('version')} {why.version.generation}.{why.version.sequence})"
    yield ""
    yield say("members").format(n=len(why.members))
    yield from (f"  - {member.source} {member.table} {member.record}" for member in why.members)
    yield ""
    yield say("values")
    for reason in why.values:
        yield from _reason(reason, short, language)
    yield ""
    yield say("links") if why.links else say("alone")
    for link in why.links:
        yield f"  {short.get(link.a, link.a)} <-> {short.get(link.b, link.b)}: {say('bits')} {link.weight:+.1f}"
        for level in link.levels:
            if level.weight or level.level != "missing":
                yield f"      {level.weight:+6.1f}  {phrases.level(level.comparison, level.level, language)}"
    if why.judgements:
        yield ""
        yield say("judgements")
        yield from (_judgement(one, language) for one in why.judgements)


def _reason(reason: shapes.Reason, short: dict[str, str], language: Language) -> Iterator[str]:
    at = 0 if language == "id" else 1
    who = short.get(reason.record, f"{reason.source} {reason.record[:8]}")
    yield (
        f"  {phrases.comparison(reason.group, language)}: {_value(reason.value, language)} "
        f"({_WORDS['from'][at]} {who}, {_WORDS['because'][at]} {phrases.rule(reason.rule, language)})"
    )
    for loser in reason.losers:
        who = short.get(loser.record, f"{loser.source} {loser.record[:8]}")
        yield f"      {_WORDS['instead'][at]} {_value(loser.value, language)} ({_WORDS['from'][at]} {who})"


def _value(values: dict[str, Any], language: Language) -> str:
    shown = [str(value) for value in values.values() if value is not None]
    return " / ".join(shown) or _WORDS["empty"][0 if language == "id" else 1]


def _judgement(one: shapes.Judgement, language: Language) -> str:
    until = _WORDS["until"][0 if language == "id" else 1]
    end = "" if one.expires_at is None else f", {until} {one.expires_at:%Y-%m-%d}"
    what = f"{phrases.verdict(one.verdict, language)} [{one.state}]"
    return f"  - {what} {one.author}, {one.made_at:%Y-%m-%d}: {one.reason}{end}"
