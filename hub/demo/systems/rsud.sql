-- A hospital's patient table, MariaDB.  Shape after the usual hospital systems: identity number in free text and not
-- unique, truncated names, no time of the last change.
CREATE TABLE pasien (
    no_rkm_medis  VARCHAR(15) NOT NULL PRIMARY KEY,
    nm_pasien     VARCHAR(40),
    no_ktp        VARCHAR(20),
    jk            ENUM('L','P'),
    tmp_lahir     VARCHAR(15),
    tgl_lahir     DATE,
    nm_ibu        VARCHAR(40) NOT NULL,
    alamat        VARCHAR(200),
    no_tlp        VARCHAR(40),
    stts_nikah    ENUM('BELUM MENIKAH','MENIKAH','JANDA','DUDHA','JOMBLO'),
    tgl_daftar    DATE,
    kunjungan     INT UNSIGNED NOT NULL DEFAULT 0
);
CREATE TABLE pegawai (
    id            INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    nik           VARCHAR(20) NOT NULL UNIQUE,
    nama          VARCHAR(50) NOT NULL,
    no_ktp        VARCHAR(20) NOT NULL
)
