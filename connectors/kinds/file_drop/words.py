"""What the office reads: for each code one sentence of what was found and one of what to do, in Indonesian.

`{name}` is filled from a fault's detail: names of columns and sheets, numbers; never a value of a row.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.kinds.file_drop.faults import Fault

_TEXT = "Ubah format kolom menjadi Teks, isi ulang dari aplikasi asal (bukan dari berkas yang rusak), lalu simpan."
_EXPORT = (
    "Ekspor ulang dari aplikasi asal. Bila harus dibuka di Excel, pakai Data > Dari Teks/CSV dan pilih jenis Teks "
    "untuk kolom itu; jangan membuka CSV dengan klik ganda."
)
FAULTS: Mapping[str, tuple[str, str]] = {
    "empty_file": ("Berkas kosong (0 byte).", "Kirim ulang berkas yang berisi data."),
    "too_large": ("Berkas lebih besar dari {limit} MB.", "Bagi menjadi beberapa berkas, atau hubungi walidata."),
    "too_many_rows": ("Baris lebih banyak dari {limit}.", "Bagi menjadi beberapa berkas, atau hubungi walidata."),
    "name_unknown": ("Nama berkas tidak dikenal.", "Beri nama menurut pola: {patterns}."),
    "format_unknown": (
        "Jenis berkas {suffix} tidak dikenal.",
        "Kirim sebagai XLSX, XLS, ODS, CSV, TSV, JSONL, atau Parquet; berkas ZIP dibuka dahulu.",
    ),
    "html_table": (
        "Berkas ini halaman web (HTML), bukan lembar kerja, walau namanya .xls.",
        "Buka di Excel, pilih Simpan Sebagai > Buku Kerja Excel (.xlsx), lalu kirim hasilnya.",
    ),
    "password": ("Berkas dikunci dengan kata sandi.", "Simpan ulang tanpa kata sandi, lalu kirim."),
    "zip_broken": ("Berkas rusak atau terpotong saat disalin.", "Salin dan kirim ulang; pastikan penyalinan selesai."),
    "zip_bomb": ("Isi berkas lebih dari {limit} MB setelah dibuka.", "Hapus lembar dan format kosong, simpan ulang."),
    "book_broken": ("Lembar kerja tidak dapat dibaca.", "Buka di Excel, simpan sebagai .xlsx baru, lalu kirim."),
    "formula_without_value": (
        "{count} rumus belum punya hasil, sehingga nilainya tidak ada di dalam berkas.",
        "Buka di Excel dan simpan, atau salin lalu tempel sebagai Nilai.",
    ),
    "encoding_unknown": ("Huruf dalam berkas tidak dapat dibaca.", "Simpan sebagai CSV UTF-8, lalu kirim."),
    "nul_bytes": ("Berkas memuat karakter kosong (NUL); berkas rusak.", "Ekspor ulang dari aplikasi asal."),
    "csv_broken": (
        "Tanda kutip di sekitar baris {row} tidak berpasangan.",
        "Perbaiki tanda kutip pada baris itu, atau ekspor ulang.",
    ),
    "csv_cut": ("Baris terakhir ({row}) terpotong.", "Berkas belum selesai disalin; kirim ulang."),
    "json_broken": ("Baris {row} bukan objek JSON.", "Tulis satu objek JSON pada setiap baris."),
    "parquet_broken": ("Berkas Parquet rusak atau terpotong.", "Kirim ulang."),
    "sheet_unknown": ("Lembar {sheet} tidak ada; yang ada: {found}.", "Beri nama lembar data: {sheet}."),
    "sheets_many": ("Lebih dari satu lembar berisi data: {found}.", "Sisakan satu lembar data dalam satu berkas."),
    "no_header": (
        "Baris judul kolom tidak ditemukan pada 30 baris pertama.",
        "Tulis judul kolom dalam satu baris, tanpa sel gabungan: {columns}.",
    ),
    "column_missing": (
        "Kolom tidak ada: {columns}{hint}.",
        "Tambahkan kolom itu dengan judul tersebut dalam satu baris judul, atau pakai templat.",
    ),
    "header_twice": (
        "Judul kolom {column} ada dua kali (kolom {first} dan {second}).",
        "Hapus atau ganti salah satu judul.",
    ),
    "drift_stop": ("Susunan kolom berubah: {columns}.", "Kembalikan susunan kolom, atau hubungi walidata."),
    "date_missing": (
        "Tanggal data tidak ditemukan pada {where}.",
        "Tulis tanggal data di tempat itu, misalnya 30-11-2026, lalu kirim ulang.",
    ),
    "no_rows": ("Tidak ada satu pun baris data di bawah judul.", "Kirim ulang berkas yang berisi data."),
    "rows_refused": (
        "{count} baris tidak dapat dikenali (kunci kosong, kembar, atau jumlah kolom salah).",
        "Perbaiki baris yang disebut dalam berkas kesalahan, lalu kirim ulang seluruhnya.",
    ),
    "volume": (
        "Jumlah baris {rows}, padahal biasanya {least} sampai {most}.",
        "Periksa apakah data terpotong atau berganda. Bila memang benar, minta walidata menyetujui berkas ini.",
    ),
    "loss": (
        "Sekitar {percent}% data dari kiriman terakhir tidak ada lagi dalam kiriman ini.",
        "Periksa apakah data terpotong atau nomor kuncinya berubah. Bila memang benar, minta walidata menyetujui.",
    ),
    "fill": (
        "Kolom {column} hanya terisi {percent}%, padahal biasanya {expected}%.",
        "Periksa apakah kolom bergeser atau tertukar. Bila memang benar, minta walidata menyetujui.",
    ),
    "excel_digit16": (
        "Kolom {column}: angka terakhir berubah menjadi 0 pada {count} baris, karena Excel hanya menyimpan 15 angka.",
        _EXPORT,
    ),
    "excel_rounded": (
        "Kolom {column}: {count} nomor disimpan sebagai bilangan yang terlalu besar, sehingga angkanya berubah.",
        _TEXT,
    ),
    "excel_exponent": ("Kolom {column}: {count} nomor berubah menjadi bentuk 1,5E+15.", _EXPORT),
    "excel_zeros": ("Kolom {column}: angka 0 di depan hilang pada {count} baris.", _TEXT),
    "excel_serial_date": (
        "Kolom {column}: {count} tanggal berubah menjadi bilangan seperti 33000.",
        "Ubah format kolom itu menjadi Tanggal (hh/bb/tttt) sebelum menyimpan atau mengekspor.",
    ),
    "excel_dotted": (
        "Kolom {column}: {count} nomor memuat titik dan angkanya tidak 16, misalnya berakhir .0.",
        _EXPORT,
    ),
    "older": (
        "Tanggal data {date} lebih lama dari kiriman terakhir ({last}).",
        "Tidak perlu tindakan. Bila ini data terbaru, perbaiki tanggalnya lalu kirim ulang.",
    ),
    "same": ("Isinya sama dengan kiriman terakhir.", "Tidak perlu tindakan."),
}
"""Faults of a delivery: what was found, what to do."""

PROBLEMS: Mapping[str, tuple[str, str]] = {
    "key_empty": ("Kunci kosong", "Isi kolom kunci, atau hapus baris ini bila bukan data."),
    "key_twice": ("Kunci kembar", "Kunci yang sama dipakai baris lain; perbaiki atau hapus salah satu."),
    "cells_many": ("Jumlah kolom lebih", "Baris ini lebih panjang dari judul; periksa tanda pemisah dan kutip."),
    "nik_length": ("Bukan 16 angka", "Tulis nomor lengkap 16 angka; kosongkan bila belum punya."),
    "date_unread": ("Tanggal tidak terbaca", "Tulis tanggal sebagai hh-bb-tttt, misalnya 05-03-1990."),
    "word_unknown": ("Isian tidak ada dalam daftar", "Pakai isian dari daftar pada templat."),
    "required_empty": ("Wajib diisi", "Isi kolom ini."),
    "excel_digit16": ("Angka terakhir menjadi 0 oleh Excel", _EXPORT),
    "excel_rounded": ("Nomor dibulatkan oleh Excel", _TEXT),
    "excel_exponent": ("Bentuk 1,5E+15 dari Excel", _EXPORT),
    "excel_zeros": ("Angka 0 di depan hilang", _TEXT),
    "excel_serial_date": ("Tanggal menjadi bilangan", "Ubah format kolom menjadi Tanggal, lalu simpan ulang."),
    "excel_dotted": ("Nomor memuat titik", _EXPORT),
}
"""Problems of a row: what was found, what to do."""

FATAL = frozenset({"key_empty", "key_twice", "cells_many"})
"""Problems for which a delivery is refused; with the others it is taken, and cleaning decides about the row."""


def found(fault: Fault) -> str:
    """Return what was found, in Indonesian."""
    return FAULTS[fault.code][0].format(**fault.detail)


def remedy(fault: Fault) -> str:
    """Return what to do, in Indonesian."""
    return FAULTS[fault.code][1].format(**fault.detail)
