-- The staff office's register, one SQLite file: no log, but a time of the last change in every row.
CREATE TABLE pegawai (
    id            INTEGER PRIMARY KEY,
    nip           TEXT NOT NULL,
    nik           TEXT,
    nama          TEXT NOT NULL,
    jk            TEXT,
    tempat_lahir  TEXT,
    tgl_lahir     TEXT,
    alamat        TEXT,
    hp            TEXT,
    unit_kerja    TEXT,
    aktif         INTEGER NOT NULL DEFAULT 1,
    diubah_pada   TEXT NOT NULL
);
CREATE INDEX pegawai_diubah ON pegawai (diubah_pada);
