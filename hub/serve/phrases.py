"""Words for rules, comparisons and their levels, in Indonesian and English; an unknown one is shown as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, Language] = ("id", "en")
"""In the order in which texts are kept in pairs."""

RULES: Mapping[str, tuple[str, str]] = {
    "only": ("tidak ada catatan yang berkata lain", "no record says otherwise"),
    "validity": ("tanggalnya sungguhan, bukan tanggal umum", "its date is a real one, not a default"),
    "rank": ("sumbernya paling berwenang untuk data ini", "its source has the highest authority for it"),
    "soundness": ("nilainya tidak diragukan pembersihan", "cleaning found nothing wrong with it"),
    "completeness": ("isinya paling lengkap", "it is the most complete"),
    "recency": ("catatannya paling baru", "its record is the newest"),
    "record_id": (
        "tidak ada pembeda lain; urutan catatan yang menentukan",
        "nothing else decides; order of record ids",
    ),
}
COMPARISONS: Mapping[str, tuple[str, str]] = {
    "nik": ("NIK", "NIK"),
    "name": ("nama", "name"),
    "birth_place": ("tempat lahir", "birth place"),
    "mother+birth_place+kk+address+phone": ("yang dimiliki sekeluarga", "what a family shares"),
    "kk+address+phone": ("nomor KK, alamat dan telepon", "family card, address and phone"),
    "birth": ("tanggal lahir", "birth date"),
    "nik+birth": ("NIK dan tanggal lahir", "NIK and birth date"),
    "sex": ("jenis kelamin", "sex"),
    "kk": ("nomor KK", "family card"),
    "mother": ("nama ibu", "mother's name"),
    "address": ("alamat", "address"),
    "phone": ("telepon", "phone"),
    "marital": ("status kawin", "marital status"),
    "identity": ("nomor identitas lain", "other identity number"),
    "head": ("kepala keluarga", "head of the family"),
    "size": ("jumlah anggota", "number of members"),
    "member_count": ("jumlah anggota", "number of members"),
    "head_nik": ("NIK kepala keluarga", "head's NIK"),
    "head_name": ("nama kepala keluarga", "head's name"),
    "head_nik+head_name": ("kepala keluarga", "head of the family"),
    "nib": ("NIB", "NIB"),
    "npwp": ("NPWP", "NPWP"),
    "owner": ("pemilik", "owner"),
    "owner_nik": ("NIK pemilik", "owner's NIK"),
    "npwp+owner_nik+owner+phone": ("yang menunjuk pemilik", "what tells the owner"),
    "form": ("bentuk usaha", "legal form"),
    "kbli": ("bidang usaha (KBLI)", "line of business (KBLI)"),
    "activity": ("kegiatan usaha (KBLI)", "economic activity (KBLI)"),
    "scale": ("skala usaha", "scale"),
    "npsn": ("NPSN", "NPSN"),
    "health_code": ("kode faskes", "health-facility code"),
    "kind": ("jenis", "kind"),
    "place": ("koordinat", "coordinates"),
    "coordinates": ("koordinat", "coordinates"),
    "address+coordinates": ("letak", "location"),
    "vital": ("status hidup", "vital status"),
}
LEVELS: Mapping[str, tuple[str, str]] = {
    "missing": ("tidak diketahui", "unknown"),
    "exact": ("sama persis", "equal"),
    "same": ("sama", "equal"),
    "exact_word": ("sama, satu kata", "equal, one word"),
    "exact_default": ("sama, tetapi tanggal umum", "equal, but a default date"),
    "exact_month": (
        "sama, tetapi tanggal 15 (mungkin hanya bulannya diketahui)",
        "equal, but the 15th (perhaps only the month is known)",
    ),
    "typo": ("beda satu angka", "one digit off"),
    "district_typo": ("beda satu angka di kode kecamatan", "one digit of the district off"),
    "serial_typo": ("beda satu angka di nomor urut", "one digit of the serial off"),
    "serial_next": ("nomor urut bersebelahan (mungkin kembar)", "neighbouring serial (twins perhaps)"),
    "serial_other": ("nomor urut lain", "another serial"),
    "exact_doubtful": ("sama, tetapi tidak cocok dengan catatannya sendiri", "equal, but not of its own record's data"),
    "doubtful": ("berbeda, salah satunya meragukan", "different, one of them doubtful"),
    "date_part": ("hanya bagian tanggalnya sama", "only its date part agrees"),
    "reordered": ("kata sama, urutan lain", "same words in another order"),
    "variant": ("ejaan lain dari nama yang sama", "another spelling of the same name"),
    "shortened": ("disingkat atau terpotong", "shortened or cut off"),
    "close": ("hampir sama (salah ketik)", "nearly equal (typing error)"),
    "truncated": ("terpotong oleh lebar kolom", "cut off by a column's width"),
    "common": ("nilai yang umum", "a common value"),
    "rare": ("nilai yang jarang", "a rare value"),
    "contained": ("yang satu memuat semua kata yang lain", "one holds every word of the other"),
    "similar": ("mirip", "alike"),
    "overlap": ("sebagian kata sama", "some words equal"),
    "rt": ("RT, RW dan desa sama", "same RT, RW and village"),
    "village": ("hanya desa sama", "only the village is equal"),
    "other_rt": ("desa sama, RT, RW atau jalan lain", "same village, another RT, RW or street"),
    "district": ("hanya kecamatan sama", "only the district is equal"),
    "elsewhere": ("kecamatan lain", "another district"),
    "branch": ("wajib pajak sama, cabang lain", "same taxpayer, another branch"),
    "group": ("golongan sama", "same group"),
    "division": ("golongan pokok sama", "same division"),
    "other_number": ("kata sama, nomor lain", "same words, another number"),
    "other_type": ("jenis lembaga lain", "another type of institution"),
    "area": ("berdekatan", "in the same area"),
    "far": ("berjauhan", "far apart"),
    "capped": ("tidak dihitung dua kali", "not counted twice"),
    "partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "mixed": ("sebagian kata sama, sebagian lain", "some words equal, others not"),
    "swapped": ("hari dan bulan tertukar", "day and month swapped"),
    "default_year": ("tahun sama, salah satunya tanggal umum", "same year, one a default date"),
    "default_month": ("bulan dan tahun sama, salah satunya tanggal 15", "same month and year, one is the 15th"),
    "near": ("beda satu bagian", "one part differs"),
    "year": ("hanya tahunnya sama", "only the year agrees"),
    "different": ("berbeda", "different"),
}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "same": ("sama", "the same"),
    "different": ("berbeda", "different"),
    "unsure": ("belum pasti", "unsure"),
    "withdrawn": ("dicabut", "withdrawn"),
    "contested": ("disanggah", "contested"),
}
DOUBTS: Mapping[str, tuple[str, str]] = {
    "weak": ("disatukan, tetapi buktinya hanya sedikit di atas ambang", "taken for one by little more than enough"),
    "near": ("dipisahkan, tetapi buktinya hanya sedikit di bawah ambang", "kept apart by little less than enough"),
    "attested": (
        "bukti mirip, tetapi register mencatat dua nomor yang berbeda",
        "alike, but the register attests two different identifiers",
    ),
    "listed": (
        "bukti mirip, tetapi satu daftar memuat keduanya sebagai dua baris yang berbeda",
        "alike, but one list holds both, as two rows that differ",
    ),
    "average": (
        "sepasang catatan mirip, tetapi catatan lain dari keduanya tidak",
        "one pair is alike, the other records of the two are not",
    ),
    "size": ("gabungannya akan melewati batas jumlah catatan", "together they would pass the bound of records"),
    "contested": ("keputusan petugas disanggah", "a steward's decision is contested"),
}


def rule(name: str, language: Language = "id") -> str:
    """Return a survivorship rule in words."""
    return _word(RULES, name, language)


def comparison(name: str, language: Language = "id") -> str:
    """Return what is compared (or an attribute group) in words."""
    return _word(COMPARISONS, name, language)


def level(compared: str, name: str, language: Language = "id") -> str:
    """Return a comparison with its level in words."""
    return f"{comparison(compared, language)} {_word(LEVELS, name, language)}"


def verdict(name: str, language: Language = "id") -> str:
    """Return a judgement's verdict in words."""
    return _word(VERDICTS, name, language)


def doubt(kind: str, language: Language = "id") -> str:
    """Return why an item stands in the stewards' queue."""
    return _word(DOUBTS, kind, language)


def _word(table: Mapping[str, tuple[str, str]], name: str, language: Language) -> str:
    pair = table.get(name)
    return name if pair is None else pair[0 if language == "id" else 1]
