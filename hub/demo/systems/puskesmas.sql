-- Patients of the health centres, one SQLite file: neither a log nor a time of the last change.
CREATE TABLE pasien (
    no_rm         TEXT PRIMARY KEY,
    nik           TEXT,
    no_kk         TEXT,
    nama          TEXT NOT NULL,
    kelamin       TEXT,
    tempat_lahir  TEXT,
    tanggal_lahir TEXT,
    ibu_kandung   TEXT,
    alamat        TEXT,
    telepon       TEXT,
    kunjungan     INTEGER NOT NULL DEFAULT 0
);
