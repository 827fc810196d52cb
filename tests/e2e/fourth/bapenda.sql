-- A tax office's register as such offices keep them: CHAR padding everywhere, a key of three parts, codes for words.
CREATE SCHEMA pajak;
CREATE TABLE pajak.wajib_pajak (
    kd_kec      char(4)  NOT NULL,      -- the office's own area code, padded
    kd_kel      char(5)  NOT NULL,
    no_urut     char(8)  NOT NULL,
    identitas   char(30),               -- a NIK, or whatever the clerk typed
    nm          char(30) NOT NULL,      -- capitals, cut at 30
    kelamin     char(1),                -- 1 or 2
    tgl_lahir   char(10),               -- 31/12/1980
    kd_wilayah  char(10),               -- BPS, kecamatan, padded to desa length
    jalan       char(40),
    rt          char(3),
    rw          char(3),
    telp        char(20),
    st_kawin    char(1),                -- B, K, C or D
    luas_bumi   numeric,
    CONSTRAINT wajib_pajak_pk PRIMARY KEY (kd_kec, kd_kel, no_urut)
);
