"""What offices call their columns: names that stand for an attribute, for somebody else, or for sensitive data."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAPS = re.compile(r"[^a-z0-9]+")
_WHO = r"(?:_?(?:penduduk|pasien|siswa|peserta(?:_didik)?|penerima|warga|pegawai|anggota|pemohon|orang|wp))?"
NAMES: Mapping[str, re.Pattern[str]] = {
    attribute: re.compile(pattern)
    for attribute, pattern in {
        "nik": rf"(?:no_?|nomor_?)?(?:nik|ktp|nik_ktp|ktp_nik|e_?ktp){_WHO}|no_identitas|nomor_induk_kependudukan",
        "kk": rf"(?:no_?|nomor_?)?(?:kk|kartu_keluarga){_WHO}",
        "name": rf"(?:nama|nm)(?:_?(?:lengkap|lgkp|lkp))?{_WHO}|full_?name|name",
        "mother": r"(?:nama|nm)_?ibu(?:_?kandung)?|ibu_?kandung",
        "birth_date": rf"(?:tgl|tanggal|tg)_?(?:lhr|lahir){_WHO}|birth_?date|date_of_birth|dob",
        "birth_place": rf"(?:tmp|tmpt|tempat|tpt)_?(?:lhr|lahir){_WHO}|birth_?place|place_of_birth",
        "sex": r"jk|j_?kel|jenkel|(?:jenis|jns)_?(?:kelamin|klmn)|kelamin|sex|gender|l_?p",
        "phone": r"(?:no_?|nomor_?)?(?:hp|telp|telpon|telepon|tlp|handphone|ponsel|wa|whatsapp)|phone|mobile",
        "street": r"alamat(?:_?(?:jalan|lengkap|sekarang|rumah|domisili|ktp|tinggal))?|jalan|address",
        "rt": r"(?:no_?)?rt",
        "rw": r"(?:no_?)?rw",
        "region": r"(?:kode|kd|id)?_?(?:wilayah|desa|kel|kelurahan|kec|kecamatan)(?:_?(?:id|kode))?",
        "marital": r"(?:status|stts|sts)_?(?:kawin|perkawinan|nikah|pernikahan)",
        "vital": r"(?:status|stts|sts)_?(?:hidup|dasar|kematian)|meninggal",
    }.items()
}
"""By attribute; a name must match as a whole, written with underscores."""
SOMEBODY_ELSE = re.compile(
    r"(?:^|_)(?:ayah|bapak|ibu|kepala|wali|pasangan|suami|istri|penanggung|pj|saksi|pelapor|petugas|dokter|guru|"
    r"operator|user|pewaris|orangtua|ortu)(?:_|$)"
)
"""A column of this name speaks of another person than the row does."""
DELETED = re.compile(r"(?:soft_?)?deleted?|is_deleted|dihapus|terhapus")
WATERMARK = re.compile(
    r"(?:(?:last|tgl|tanggal|waktu|wkt)_?)?(?:updated?|update|modified|ubah|diubah|perubahan|mutakhir)"
    r"(?:_?(?:at|on|pada|date|time|terakhir))?|last_?(?:update|modified|sync)|diperbarui(?:_pada)?"
)
SPESIFIK: Mapping[str, re.Pattern[str]] = {
    "kesehatan": re.compile(
        r"diagnos|penyakit|gol(?:ongan)?_?(?:darah|drh)|disabilit|cacat|alergi|hamil|icd|stunting|imunisasi|"
        r"berat_?badan|tinggi_?badan|rekam_?medis|rkm_?medis"
    ),
    "biometrik": re.compile(r"foto|photo|sidik_?jari|fingerprint|wajah|iris|retina"),
    "keuangan pribadi": re.compile(r"gaji|gapok|penghasilan|pendapatan|rekening|saldo|nominal|hutang|utang|pinjaman"),
    "catatan kejahatan": re.compile(r"pidana|kejahatan|skck"),
}
"""Classes of UU 27/2022, article 4 (2), by what a column's name contains; data of children are told by birth dates."""
UMUM = re.compile(
    r"agama|warga_?negara|kewarganegaraan|email|surel|npwp|(?:^|_)nip(?:_|$)|nisn|nuptk|bpjs|paspor|passport|"
    r"(?:nama|nm|nik|no_?ktp|kk|alamat|tgl_?lahir|telp|hp)(?:_|$)"
)
"""Names of columns with general personal data that no attribute is made from."""
CODES: Mapping[str, Mapping[str, str]] = {
    "sex": {
        "male": "L LK LAKI LAKI-LAKI LAKILAKI PRIA M MALE 1",
        "female": "P PR PEREMPUAN WANITA F FEMALE 2",
    },
    "marital": {
        "single": "1 BELUM-KAWIN BELUM-MENIKAH LAJANG SINGLE",
        "married": "2 KAWIN MENIKAH KAWIN-TERCATAT KAWIN-BELUM-TERCATAT MARRIED",
        "divorced": "3 CERAI-HIDUP CERAI DIVORCED",
        "widowed": "4 CERAI-MATI JANDA-MATI DUDA-MATI WIDOWED",
    },
    "vital": {
        "alive": "HIDUP MASIH-HIDUP ALIVE TRUE",
        "dead": "MATI MENINGGAL MENINGGAL-DUNIA WAFAT DEAD FALSE",
    },
}  # fmt: skip
"""What small vocabularies are likely to mean; a word that is not here is left for a person."""


def plain(name: str) -> str:
    """Return a column's name in small letters, its words joined by underscores."""
    return _GAPS.sub("_", _CAMEL.sub("_", name).lower()).strip("_")


def source_name(text: str) -> str:
    """Return a name that a contract may have."""
    return plain(text).lstrip("0123456789_")[:40].strip("_") or "sumber"


def attribute_of(name: str) -> str | None:
    """Return the attribute that a column's name stands for, or None."""
    written = plain(name)
    for attribute, pattern in NAMES.items():
        if pattern.fullmatch(written):
            return attribute
    return None


def speaks_of_another(name: str) -> bool:
    """Say whether a column's name tells that it is about somebody else, a mother's name excepted."""
    written = plain(name)
    return bool(SOMEBODY_ELSE.search(written)) and not NAMES["mother"].fullmatch(written)


def personal_class(name: str) -> str | None:
    """Return the class of personal data that a column's name tells of, as a contract's comment says it."""
    written = plain(name)
    for what, pattern in SPESIFIK.items():
        if pattern.search(written):
            return f"spesifik ({what})"
    return "umum" if UMUM.search(written) or attribute_of(name) else None


def meaning(attribute: str, written: str) -> str | None:
    """Return the canonical value that a word of a small vocabulary is likely to mean, or None."""
    word = "-".join(re.split(r"[\s./_\-]+", written.strip().upper())).strip("-")
    for value, forms in CODES[attribute].items():
        if word in forms.split():
            return value
    return None
