"""The sentences of an explanation, in Indonesian and English; none holds a personal value."""

from __future__ import annotations

from collections.abc import Mapping

from hub.serve.explain_shapes import Said
from hub.serve.phrases import comparison
from hub.wire.decisions import JudgementRow
from hub.wire.explained import Step

NOUNS: Mapping[str, tuple[str, str]] = {
    "person": ("orang", "person"),
    "family": ("keluarga", "family"),
    "business": ("usaha", "business"),
    "facility": ("fasilitas", "facility"),
}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "alone": (
        "Satu {noun} dengan satu catatan saja; tidak ada yang dibandingkan.",
        "One {noun} of one record only; there is nothing to compare.",
    ),
    "evidence": (
        "Catatan ini dianggap satu {noun} karena buktinya cukup.",
        "These records are taken for one {noun}: the evidence is enough.",
    ),
    "decided_same": (
        "Catatan ini dianggap satu {noun}; sebagian oleh keputusan petugas.",
        "These records are taken for one {noun}, in part by a steward's decision.",
    ),
    "decided_different": (
        "Dianggap dua {noun}: petugas memutuskan bahwa keduanya berbeda.",
        "Taken for two: a steward decided that they are not one {noun}.",
    ),
    "attested": (
        "Dianggap dua {noun}: {field} keduanya berbeda, dan masing-masing dibuktikan oleh register.",
        "Taken for two: their {field}s differ, and each is attested by the register; that is no one {noun}.",
    ),
    "listed": (
        "Dianggap dua {noun}: satu daftar memuat keduanya sebagai dua baris yang berbeda.",
        "Taken for two: one list holds both, as two rows that differ, and it names each {noun} once.",
    ),
    "no_key": (
        "Dianggap dua {noun}: tidak ada satu pun kunci yang sama, sehingga keduanya tidak pernah dibandingkan.",
        "Taken for two: they share no key at all, so they were never compared as one {noun}.",
    ),
    "generic_key": (
        "Dianggap dua {noun}: yang sama hanya kunci milik terlalu banyak catatan, yang tidak membuktikan apa-apa.",
        "Taken for two: all they share is a key of too many records, which tells nothing of one {noun}.",
    ),
    "threshold": (
        "Dianggap dua {noun}: buktinya tidak mencapai ambang.",
        "Taken for two: the evidence that they are one {noun} does not reach the threshold.",
    ),
    "average": (
        "Dianggap dua {noun}: sebagian catatannya mirip, tetapi rata-rata bukti antara keduanya di bawah ambang.",
        "Taken for two: some records are alike, but the average evidence of one {noun} is below the threshold.",
    ),
    "size": (
        "Dianggap dua {noun}: bersama-sama akan melewati batas {largest} catatan untuk satu {noun}.",
        "Taken for two: together they would pass the bound of {largest} records of one {noun}.",
    ),
}
_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "joined": ("{a} dan {b} disatukan", "{a} and {b} were joined"),
    "different": (
        "{a} dan {b} tidak disatukan: keputusan petugas melarangnya",
        "{a} and {b} were not joined: a steward's decision forbids it",
    ),
    "attested": (
        "{a} dan {b} tidak disatukan: nomor keduanya berbeda dan sama-sama dibuktikan register",
        "{a} and {b} were not joined: two different numbers, both attested by the register",
    ),
    "listed": (
        "{a} dan {b} tidak disatukan: dua baris yang berbeda dari satu daftar",
        "{a} and {b} were not joined: two rows of one list, and they differ",
    ),
    "average": (
        "{a} dan {b} tidak disatukan: rata-rata antara kelompoknya di bawah ambang",
        "{a} and {b} were not joined: the average between their groups is below the threshold",
    ),
    "size": (
        "{a} dan {b} tidak disatukan: kelompoknya akan terlalu besar",
        "{a} and {b} were not joined: their group would be too large",
    ),
}
_CHANGES: Mapping[str, tuple[str, str]] = {
    "apart": (
        "{what}, maka catatan ini terpisah menjadi {n} {noun}.",
        "{what}; these records would then come apart into {n}.",
    ),
    "holds": (
        "Tidak ada satu perbandingan pun yang bila berubah dapat memisahkan catatan ini.",
        "No single comparison, found otherwise, would part these records.",
    ),
    "joins": ("{what}, maka keduanya menjadi satu {noun}.", "{what}; the two would then be one {noun}."),
    "not_enough": (
        "{what}, tetapi keduanya tetap terpisah: {why}.",
        "{what}, but the two would stay apart: {why}.",
    ),
    "withdrawn": ("Bila keputusan {judgement} dicabut", "If the decision {judgement} were withdrawn"),
    "register": (
        "Bila register membetulkan salah satu {field}, atau petugas memutuskan bahwa keduanya satu {noun}.",
        "If the register corrected one {field}, or a steward decided that both are one {noun}.",
    ),
    "list": (
        "Bila salah satu baris dibetulkan atau dihapus di daftarnya, atau petugas memutuskan keduanya satu {noun}.",
        "If one of the rows were corrected or deleted in its list, or a steward decided that both are one {noun}.",
    ),
    "steward": (
        "Bila petugas memutuskan bahwa keduanya satu {noun}.",
        "If a steward decided that both are one {noun}.",
    ),
    "more": (
        "Bila rata-rata bukti antara keduanya, kini {average:+.1f} bit, mencapai ambang {threshold:+.1f}.",
        "If the average evidence between the two, now {average:+.1f} bits, reached the threshold of {threshold:+.1f}.",
    ),
    "key": (
        "Bila salah satu catatan mendapat nilai yang sama dengan yang lain, misalnya nomor yang belum terisi.",
        "If one record got a value that the other has, such as a number that is missing now.",
    ),
}
WHY_STILL: Mapping[str, tuple[str, str]] = {
    "different": ("keputusan petugas", "a steward's decision"),
    "attested": ("dua nomor yang dibuktikan register", "two numbers attested by the register"),
    "listed": ("dua baris dari satu daftar", "two rows of one list"),
    "average": ("rata-rata antara kelompoknya masih di bawah ambang", "the average of the groups is still too low"),
    "size": ("batas jumlah catatan", "the bound on the number of records"),
}


def verdict(reason: str, entity: str, *, field: str | None, largest: int) -> Said:
    """Return the sentence that answers the question."""
    texts = VERDICTS[reason]
    noun, said = _noun(entity), _field(field)
    return Said(id=texts[0].format(noun=noun[0], field=said[0], largest=largest),
                en=texts[1].format(noun=noun[1], field=said[1], largest=largest))  # fmt: skip


def step(one: Step, names: Mapping[bytes, str], decisions: Mapping[str, JudgementRow], threshold: float) -> Said:
    """Return one try in words: which records, by what, and what the groups' average was."""
    texts = _OUTCOMES[one.outcome]
    told = [text.format(a=names[one.a], b=names[one.b]) for text in texts]
    if one.judgement is not None:
        row = decisions[one.judgement]
        told[0] += f" oleh keputusan {row.author}: {row.reason}"
        told[1] += f" by decision of {row.author}: {row.reason}"
    elif one.weight is not None:
        told[0] += f"; bukti {one.weight:+.1f} bit"
        told[1] += f"; evidence {one.weight:+.1f} bits"
    if len(one.left) * len(one.right) > 1:
        sizes = len(one.left), len(one.right)
        told[0] += (f"; rata-rata antara kelompok {sizes[0]} dan {sizes[1]} catatan {one.average:+.1f} bit, "
                    f"ambang {threshold:+.1f}")  # fmt: skip
        told[1] += (f"; average between groups of {sizes[0]} and {sizes[1]} records {one.average:+.1f} bits, "
                    f"threshold {threshold:+.1f}")  # fmt: skip
    return Said(id=told[0] + ".", en=told[1] + ".")


def change(name: str, entity: str, *, what: Said | None = None, why: str | None = None, **values: object) -> Said:
    """Return what would change it; `what` is the beginning of the sentence, `why` a refusal that would remain."""
    noun, texts = _noun(entity), _CHANGES[name]
    field = values.pop("field", None)
    said = _field(None if field is None else str(field))
    still = WHY_STILL[why] if why is not None else ("", "")
    begin = ("", "") if what is None else (what.id.rstrip("."), what.en.rstrip("."))
    return Said(id=texts[0].format(noun=noun[0], field=said[0], what=begin[0], why=still[0], **values),
                en=texts[1].format(noun=noun[1], field=said[1], what=begin[1], why=still[1], **values))  # fmt: skip


def mask(value: str) -> str:
    """Return an identifier with only its first four and last two characters, whose length tells nothing either."""
    return f"{value[:4]}{'•' * 10}{value[-2:]}" if len(value) >= 12 else "•" * 10


def _noun(entity: str) -> tuple[str, str]:
    return NOUNS.get(entity, (entity, entity))


def _field(field: str | None) -> tuple[str, str]:
    return ("", "") if field is None else (comparison(field, "id"), comparison(field, "en"))
