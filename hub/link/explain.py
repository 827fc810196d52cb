"""Turn the stored levels of an edge into an account that people can read, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.link.model import Model
from hub.wire.decisions import Level

_NAMES = {
    "nik": ("NIK", "NIK"),
    "name": ("Nama", "Name"),
    "birth": ("Tanggal lahir", "Birth date"),
    "sex": ("Jenis kelamin", "Sex"),
    "kk": ("Nomor KK", "Family card"),
    "mother": ("Nama ibu", "Mother's name"),
}

_TEXTS = {
    "nik.exact": ("sama", "equal"),
    "nik.typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "nik.serial_typo": ("nomor urut beda satu angka, mungkin salah ketik", "serial one digit off, perhaps mistyped"),
    "nik.serial_next": ("nomor urut berdekatan, mungkin kembar", "serials next to each other, perhaps twins"),
    "nik.serial_other": ("wilayah dan tanggal sama, nomor urut lain", "same district and date, other serial"),
    "nik.date_part": ("hanya bagian tanggal sama", "only the date part is equal"),
    "nik.different": ("berbeda", "different"),
    "name.exact": ("sama", "equal"),
    "name.exact_word": ("sama, hanya satu kata", "equal, one word only"),
    "name.reordered": ("kata sama, urutan lain", "same words in another order"),
    "name.variant": ("ejaan lain dari nama yang sama", "another spelling of the same name"),
    "name.shortened": ("disingkat atau terpotong", "shortened or truncated"),
    "name.close": ("hampir sama, mungkin salah ketik", "nearly equal, perhaps mistyped"),
    "name.partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "name.mixed": ("sebagian kata sama, sebagian lain", "some words equal, others not"),
    "name.different": ("berbeda", "different"),
    "birth.exact": ("sama", "equal"),
    "birth.exact_default": ("sama, tetapi tanggal baku", "equal, but a default date"),
    "birth.exact_month": (
        "sama, tetapi tanggal 15, mungkin hanya bulannya diketahui",
        "equal, but the 15th, perhaps only the month is known",
    ),
    "birth.swapped": ("tanggal dan bulan tertukar", "day and month swapped"),
    "birth.default_year": ("tahun sama, salah satunya tanggal baku", "same year, one is a default date"),
    "birth.default_month": ("bulan dan tahun sama, salah satunya tanggal 15", "same month and year, one is the 15th"),
    "birth.near": ("satu bagian berbeda", "one part differs"),
    "birth.year": ("hanya tahun sama", "only the year is equal"),
    "birth.different": ("berbeda", "different"),
    "sex.same": ("sama", "equal"),
    "sex.different": ("berbeda", "different"),
    "kk.same": ("sama", "equal"),
    "kk.different": ("berbeda", "different"),
    "mother.exact": ("sama", "equal"),
    "mother.exact_word": ("sama, hanya satu kata", "equal, one word only"),
    "mother.close": ("hampir sama", "nearly equal"),
    "mother.partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "mother.different": ("berbeda", "different"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an account: what was compared, what was found, and its weight in bits."""

    comparison: str
    level: str
    id: str
    """In Indonesian."""
    en: str
    bits: float


@dataclass(frozen=True, slots=True)
class Account:
    """Why two records do or do not link."""

    lines: tuple[Line, ...]
    """Heaviest evidence first, whichever way it points."""
    prior: float
    """Bits before any evidence."""
    total: float
    threshold: float
    links: bool
    id: str
    en: str


def line(level: Level) -> Line:
    """Return one level as a line."""
    names = _NAMES[level.comparison]
    texts = _TEXTS[f"{level.comparison}.{level.level}"]
    return Line(
        level.comparison, level.level, f"{names[0]}: {texts[0]}", f"{names[1]}: {texts[1]}", level.weight / 1000
    )


def explain(levels: Iterable[Level], model: Model) -> Account:
    """Return the account of an edge's stored levels under the model that scored it."""
    kept = sorted(levels, key=lambda level: (-abs(level.weight), level.comparison))
    total = model.prior + sum(level.weight for level in kept)
    links = total >= model.threshold
    bits, limit = total / 1000, model.threshold / 1000
    return Account(
        tuple([line(level) for level in kept]),
        model.prior / 1000,
        bits,
        limit,
        links,
        f"{'Cukup' if links else 'Tidak cukup'} bukti orang yang sama: {bits:+.1f} bit, ambang {limit:+.1f}",
        f"{'Enough' if links else 'Not enough'} evidence of one person: {bits:+.1f} bits, threshold {limit:+.1f}",
    )
