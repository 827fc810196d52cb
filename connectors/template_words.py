"""What the template says to who fills it in, in Indonesian: a hint for each cleaner, and the guide's lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple


class Hint(NamedTuple):
    """What belongs into a column."""

    text: str
    example: str
    check: Literal["", "digits16", "date", "whole", "unique"] = ""


HINTS: Mapping[str, Hint] = {
    "key": Hint("Nomor yang membedakan setiap baris; tidak boleh kembar dan tidak berganti.", "1", "unique"),
    "nik": Hint("NIK 16 angka, sebagai teks.", "1508xxxxxxxxxxxx", "digits16"),
    "kk": Hint("Nomor Kartu Keluarga 16 angka, sebagai teks.", "1508xxxxxxxxxxxx", "digits16"),
    "name": Hint("Nama lengkap sesuai KTP.", "NAMA CONTOH"),
    "mother": Hint("Nama ibu kandung.", "NAMA CONTOH"),
    "date": Hint("Tanggal hari-bulan-tahun.", "05-03-1990", "date"),
    "sex": Hint("Jenis kelamin, pilih dari daftar.", "L"),
    "marital": Hint("Status perkawinan, pilih dari daftar.", "KAWIN"),
    "vital": Hint("Keadaan, pilih dari daftar.", "HIDUP"),
    "lookup": Hint("Pilih dari daftar.", ""),
    "phone": Hint("Nomor telepon, dengan 0 di depan.", "08xxxxxxxxxx"),
    "address": Hint("Alamat: jalan, dusun, RT/RW.", "JL. CONTOH NO. 1 RT 001/RW 002"),
    "number": Hint("Angka saja.", "1", "whole"),
    "region": Hint("Nama atau kode wilayah resmi.", "15.08.01"),
    "deleted": Hint("Diisi hanya bila baris ini sudah tidak berlaku.", ""),
    "text": Hint("Teks.", "CONTOH"),
}
"""By the name of the cleaner that the contract gives a column."""
LISTS: Mapping[str, Sequence[str]] = {
    "sex": ("L", "P"),
    "marital": ("BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI"),
    "vital": ("HIDUP", "MENINGGAL"),
}
"""Words that every contract reads; a contract's own lists come before them."""
GUIDE: Sequence[tuple[str, str]] = (
    ("Templat data", "{owner}"),
    ("1. Isi", "Isi lembar data, satu baris untuk satu orang. Jangan mengubah judul kolom; kolom bertanda * wajib."),
    ("2. Salin-tempel", "Tempel sebagai Nilai (Paste Values), agar format Teks pada NIK dan KK tidak berubah."),
    ("3. Jangan", "Jangan menggabung sel, menambah baris jumlah, mengunci dengan sandi, atau membuat lembar kedua."),
    ("4. Simpan", "Simpan sebagai .xlsx dengan nama menurut pola: {pattern}"),
    ("5. Kirim", "Letakkan di folder kiriman yang disepakati dengan walidata. Hasilnya muncul di folder diterima "
     "atau ditolak."),
)  # fmt: skip
