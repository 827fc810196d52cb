"""`satudata explain`: an explanation as lines of text for a person to read, in Indonesian or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.serve import phrases, shapes
from hub.serve.explain_shapes import Account, Explanation, Said
from hub.serve.phrases import Language

_WORDS: dict[str, tuple[str, str]] = {
    "entity": ("Entitas", "Entity"),
    "and": ("dan", "and"),
    "records": ("Catatan sumber ({n}):", "Source records ({n}):"),
    "values": ("Mengapa nilainya demikian:", "Why its values are what they are:"),
    "from": ("dari", "from"),
    "because": ("karena", "because"),
    "instead": ("bukan", "not"),
    "joined": (
        "Bagaimana catatan ini menjadi satu, menurut urutannya:",
        "How these records became one, in this order:",
    ),
    "failed": ("Yang dicoba untuk menyatukan keduanya:", "What was tried to join the two:"),
    "pair": ("Bukti tentang {a} dan {b}:", "The evidence on {a} and {b}:"),
    "would": (
        "Andaikan {a} dan {b} dibandingkan (keduanya tidak dibandingkan, jadi ini tidak dihitung):",
        "If {a} and {b} were compared (they are not, so this does not count):",
    ),
    "claims": ("Nomor yang dibuktikan register:", "Numbers attested by the register:"),
    "prior": ("sebelum ada bukti", "before any evidence"),
    "judgements": ("Keputusan petugas:", "Stewards' decisions:"),
    "until": ("berlaku sampai", "until"),
    "changes": ("Apa yang akan mengubahnya:", "What would change it:"),
    "model": ("Model {model}.", "Model {model}."),
    "unfaithful": (
        "Perhatian: aturan yang dijalankan ulang tidak berakhir seperti isi penyimpanan (bobot dari model lain, atau "
        "nomor yang dimiliki terlalu banyak catatan); yang dijelaskan hanya buktinya.",
        "Note: the rules, run again, end otherwise than the store (weights of another model, or a number held by too "
        "many records); only the evidence is told.",
    ),
    "empty": ("(kosong)", "(empty)"),
}


def render(told: Explanation, language: Language) -> str:
    """Return the explanation as lines of text."""
    return "\n".join(_lines(told, language)) + "\n"


def _lines(told: Explanation, language: Language) -> Iterator[str]:
    names = {one.record: f"{one.source} {one.record[:8]}" for one in told.records}
    ids = f" {_say('and', language)} ".join(str(one) for one in told.entities)
    yield f"{_say('entity', language)} {ids}"
    yield _in(told, language)
    if not told.faithful:
        yield _say("unfaithful", language)
    yield ""
    yield _say("records", language).format(n=len(told.records))
    yield from (f"  - {one.source} {one.table} {one.record}" for one in told.records)
    if told.steps:
        yield ""
        yield _say("joined" if told.one else "failed", language)
        for at, step in enumerate(told.steps, 1):
            yield f"  {at}. {_in(step, language)}"
            if step.account is not None and told.pair is None:
                yield from _account(step.account, language)
    yield from _pair(told, names, language)
    if told.claims:
        yield ""
        yield _say("claims", language)
        yield from (f"  - {names.get(one.record, one.record)}: {one.value}" for one in told.claims)
    if told.values:
        yield ""
        yield _say("values", language)
        for reason in told.values:
            yield from _reason(reason, names, language)
    if told.judgements:
        yield ""
        yield _say("judgements", language)
        yield from (_judgement(one, language) for one in told.judgements)
    if told.changes:
        yield ""
        yield _say("changes", language)
        yield from (f"  - {_in(one, language)}" for one in told.changes)
    yield ""
    yield _say("model", language).format(model=told.model)


def _pair(told: Explanation, names: Mapping[str, str], language: Language) -> Iterator[str]:
    if told.pair is None:
        return
    yield ""
    a, b = names.get(told.pair.a, told.pair.a), names.get(told.pair.b, told.pair.b)
    yield _say("pair" if told.pair.compared else "would", language).format(a=a, b=b)
    yield from _account(told.pair.account, language)


def _account(account: Account, language: Language) -> Iterator[str]:
    yield f"      {account.prior:+6.1f}  {_say('prior', language)}"
    for line in account.lines:
        if line.bits or line.level != "missing":
            yield f"      {line.bits:+6.1f}  {line.id if language == 'id' else line.en}"
    yield f"      {account.total:+6.1f}  {account.id if language == 'id' else account.en}"


def _reason(reason: shapes.Reason, names: Mapping[str, str], language: Language) -> Iterator[str]:
    who = names.get(reason.record, f"{reason.source} {reason.record[:8]}")
    yield (
        f"  {phrases.comparison(reason.group, language)}: {_value(reason.value, language)} "
        f"({_say('from', language)} {who}, {_say('because', language)} {phrases.rule(reason.rule, language)})"
    )
    for loser in reason.losers:
        who = names.get(loser.record, f"{loser.source} {loser.record[:8]}")
        yield f"      {_say('instead', language)} {_value(loser.value, language)} ({_say('from', language)} {who})"


def _value(values: Mapping[str, Any], language: Language) -> str:
    shown = [str(value) for value in values.values() if value is not None]
    return " / ".join(shown) or _say("empty", language)


def _judgement(one: shapes.Judgement, language: Language) -> str:
    end = "" if one.expires_at is None else f", {_say('until', language)} {one.expires_at:%Y-%m-%d}"
    what = f"{phrases.verdict(one.verdict, language)} [{one.state}]"
    return f"  - {one.id}: {what} {one.author}, {one.made_at:%Y-%m-%d}: {one.reason}{end}"


def _in(said: Said | Explanation | Any, language: Language) -> str:
    return str(said.id if language == "id" else said.en)


def _say(word: str, language: Language) -> str:
    return _WORDS[word][0 if language == "id" else 1]
