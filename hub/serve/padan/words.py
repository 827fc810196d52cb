"""The list in Indonesian: names of categories, reasons, what to do, and how two values disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hub.serve.padan.compare import Difference
from hub.serve.padan.findings import Category, Finding, Reason


class Title(NamedTuple):
    """How a category is called."""

    sheet: str
    """At most 31 characters, as a sheet's name must be."""
    meaning: str
    todo: str


TITLES: Mapping[Category, Title] = {
    "matched": Title(
        "Padan", "Orangnya ada di register, NIK sama, isian yang sama-sama terisi tidak berbeda.",
        "Tidak ada yang perlu dikerjakan."),
    "matched_with_differences": Title(
        "Padan, isian berbeda", "NIK dan orangnya padan, tetapi ada isian yang berbeda dengan register.",
        "Periksa dokumen. Bila register yang benar, perbaiki data Anda; bila data Anda yang benar, minta orangnya "
        "memperbarui data di Dukcapil."),
    "matched_without_nik": Title(
        "Padan, usul NIK", "Orangnya ditemukan lewat bukti lain (nama, tanggal lahir, ibu, KK), sedangkan NIK pada "
        "data Anda kosong, tidak sah, atau berbeda.",
        "Cocokkan usul NIK dengan KTP-el atau KK, lalu isikan. Usul bukan kepastian."),
    "dead_or_left": Title(
        "Meninggal atau keluar", "Menurut register orangnya sudah meninggal, atau catatannya tidak ada lagi (pindah, "
        "meninggal, atau dihapus).",
        "Pastikan keadaannya sebelum melanjutkan layanan atau bantuan."),
    "under_review": Title(
        "Sedang ditinjau", "Ada calon yang mirip di register, tetapi buktinya belum cukup; petugas sedang meninjau.",
        "Tunggu keputusan, atau lengkapi NIK, nama lengkap, tanggal lahir, dan nama ibu agar dapat diputuskan."),
    "nik_of_another": Title(
        "NIK milik orang lain", "NIK pada data Anda di register tercatat atas orang lain.",
        "Minta KTP-el atau KK, lalu perbaiki NIK. Jangan mengubah nama agar cocok dengan NIK."),
    "nik_unusable": Title(
        "NIK tidak sah", "NIK pada data Anda tidak dapat dipakai, dan orangnya tidak ditemukan lewat bukti lain.",
        "Isi NIK dari KTP-el atau KK."),
    "no_candidate": Title(
        "Tidak ditemukan", "Tidak ada orang yang sama atau mirip di register.",
        "Periksa NIK, nama, dan tanggal lahir. Bila benar, mungkin ia penduduk daerah lain atau belum terdaftar."),
}  # fmt: skip
DUPLICATES = Title(
    "Ganda di daftar Anda", "Baris-baris dalam data Anda sendiri yang tampaknya orang yang sama, atau memakai NIK yang "
    "sama.", "Gabungkan atau perbaiki barisnya; satu orang cukup satu baris.",
)  # fmt: skip

GROUPS: Mapping[str, str] = {
    "nik": "NIK", "name": "Nama", "birth_date": "Tanggal lahir", "sex": "Jenis kelamin", "mother": "Nama ibu",
    "kk": "No. KK", "marital": "Status kawin", "birth_place": "Tempat lahir", "address": "Alamat",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "differs": "berbeda",
    "incomplete": "nama tidak lengkap pada salah satunya",
    "spelling": "hanya ejaan atau singkatan",
    "typing": "mungkin salah ketik",
    "swapped": "tanggal dan bulan tertukar",
    "default": "tanggal baku; register tahu tanggalnya",
    "default_register": "register memakai tanggal baku; tanggal Anda lebih rinci",
}
_FAULTS: Mapping[str, str] = {
    "placeholder": "berisi angka pengisi", "temporary": "adalah NIK sementara", "malformed": "bukan NIK yang mungkin",
    "unknown_region": "berkode wilayah yang tidak dikenal",
}  # fmt: skip


def reason(one: Reason) -> str:
    """Return a reason as a sentence."""
    told = _TOLD.get(one.code)
    return _PLAIN[one.code] if told is None else told(one.of)


def _missing(of: Mapping[str, object]) -> str:
    fault = of.get("fault")
    state = "kosong" if fault is None else _FAULTS[str(fault)]
    return f"NIK pada data Anda {state}; orangnya ditemukan lewat bukti lain."


def _held(of: Mapping[str, object]) -> str:
    groups = _listed(of["groups"])
    apart = f"; {groups} pemiliknya tidak sama dengan data Anda" if groups else ", dan buktinya tidak cukup"
    return f"NIK ini di register tercatat atas orang lain{apart}."


def _unregistered(of: Mapping[str, object]) -> str:
    where = of.get("region")
    return "NIK tidak ada di register." + (f" NIK ini pertama kali diterbitkan di {where}." if where else "")


_TOLD: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "nik_missing": _missing,
    "differs": lambda of: f"Berbeda: {_listed(of['groups'])}.",
    "nik_held_by_other": _held,
    "review": lambda of: f"{of['count']} calon di register menunggu keputusan petugas.",
    "nik_not_registered": _unregistered,
}
_PLAIN: Mapping[str, str] = {
    "equal": "Sama dengan register.",
    "nik_differs": "NIK pada data Anda berbeda dengan register; orangnya ditemukan lewat bukti lain.",
    "dead": "Menurut register orang ini sudah meninggal; pada data Anda belum.",
    "left_register": "Dahulu padan; catatannya tidak ada lagi di register (pindah, meninggal, atau dihapus).",
    "refused_by_steward": "Petugas sudah memutuskan bahwa calon yang mirip adalah orang lain.",
    "nik_placeholder": "NIK berisi angka pengisi, bukan NIK.",
    "nik_temporary": "NIK sementara (diawali 0); register tidak mengenalnya.",
    "nik_malformed": "NIK tidak mungkin benar: bukan 16 angka, tanggalnya tidak ada, atau rusak oleh Excel.",
    "nik_unknown_region": "Kode kabupaten/kota pada NIK tidak dikenal.",
    "nik_empty": "NIK kosong, dan tidak ada yang mirip di register.",
}


def reasons(found: Finding) -> str:
    """Return all reasons of a finding."""
    return " ".join([reason(one) for one in found.reasons])


def difference(one: Difference) -> str:
    """Return how two values of a group disagree."""
    return f"{GROUPS[one.group]}: {KINDS[one.kind]}"


def _listed(groups: object) -> str:
    names = [GROUPS[str(one)] for one in groups] if isinstance(groups, Iterable) else []
    return ", ".join([name if name.isupper() or name.startswith("No.") else name.lower() for name in names])
