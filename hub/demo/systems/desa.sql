-- A village information system, MariaDB.  The family's head is told by a row id in a column that is named like a NIK.
CREATE TABLE tweb_keluarga (
    id            INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    no_kk         VARCHAR(160),
    nik_kepala    VARCHAR(200)
);
CREATE TABLE tweb_penduduk (
    id            INT NOT NULL PRIMARY KEY,
    nama          VARCHAR(100) NOT NULL,
    nik           VARCHAR(16) NOT NULL,
    id_kk         INT,
    sex           TINYINT UNSIGNED,
    tempatlahir   VARCHAR(100),
    tanggallahir  DATE,
    status_kawin  TINYINT UNSIGNED,
    nama_ibu      VARCHAR(100),
    alamat        VARCHAR(200),
    telepon       VARCHAR(20),
    status_dasar  TINYINT UNSIGNED NOT NULL DEFAULT 1,
    updated_at    TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
)
