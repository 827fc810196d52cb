-- Two offices' tables, invented: the licensing office's businesses and schools' places, the civil register's cards.
CREATE SCHEMA izin;
CREATE TABLE izin.usaha (
    id_izin    bigint PRIMARY KEY,
    nib        varchar(20),
    npwp       varchar(25),
    nama       varchar(80) NOT NULL,
    pemilik    varchar(60),
    nik_pemilik char(16),
    kbli       varchar(60),
    skala      varchar(20),
    alamat     varchar(80),
    kode_desa  char(10),
    telepon    varchar(20)
);
ALTER TABLE izin.usaha REPLICA IDENTITY FULL;
CREATE TABLE izin.sekolah (
    id        bigint PRIMARY KEY,
    npsn      char(8),
    nama      varchar(80) NOT NULL,
    lintang   double precision,
    bujur     double precision,
    kode_desa char(10)
);
ALTER TABLE izin.sekolah REPLICA IDENTITY FULL;

CREATE SCHEMA capil;
CREATE TABLE capil.kartu (
    id         bigint PRIMARY KEY,
    no_kk      char(16) NOT NULL,
    nik_kepala char(16),
    kepala     varchar(60) NOT NULL,
    jumlah     smallint,
    alamat     varchar(80),
    kode_desa  char(10)
);
ALTER TABLE capil.kartu REPLICA IDENTITY FULL;
CREATE TABLE capil.jiwa (
    id      bigint PRIMARY KEY,
    nik     char(16),
    no_kk   char(16),
    nama    varchar(60) NOT NULL,
    lahir   date
);
ALTER TABLE capil.jiwa REPLICA IDENTITY FULL;

INSERT INTO izin.usaha VALUES
  (1, '9120001234567', '01.234.567.8-331.000', 'CV. Maju Jaya Contoh', 'Budi Contoh', '1508041203800001',
   '47112 - Perdagangan eceran', 'Usaha Mikro', 'Jl. Melati No 5', '1508042001', '0812 0000 1234'),
  (2, '9120 0012 3456 7', '0012345678331000', 'Maju Jaya Contoh', 'BUDI CONTOH', '1508041203800001', '47112', 'mikro',
   'JALAN MELATI NO 5', '1508042001', NULL),
  (3, '9120009876543', NULL, 'Maju Jaya Contoh', 'Wati Lain', '1508034507910002', '47112', NULL, 'Jl. Kenanga No 9',
   '1508032001', NULL);
INSERT INTO izin.sekolah VALUES
  (1, '10501234', 'SDN No. 12/II Contoh', 102.1177, -1.4823, '1508042001'),
  (2, '10509876', 'SDN No. 13/II Contoh', -1.4823, 102.1177, '1508042001');
INSERT INTO capil.kartu VALUES
  (1, '1508041203150007', '1508041203800001', 'H. Budi Contoh', 2, 'JL MELATI RT 07 RW 02', '1508042001');
INSERT INTO capil.jiwa VALUES
  (1, '1508041203800001', '1508041203150007', 'H. Budi Contoh', '1980-03-12'),
  (2, '1508044504100003', '1508041203150007', 'Rani Contoh', '2010-04-05');
