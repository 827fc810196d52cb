-- The school register: one row a pupil.  Soft deletes, text addresses, no family card for many.
CREATE TABLE public.peserta_didik (
    peserta_didik_id  uuid PRIMARY KEY,
    nama              varchar(100) NOT NULL,
    jenis_kelamin     char(1) NOT NULL,
    nik               varchar(16),
    no_kk             varchar(16),
    tempat_lahir      varchar(32),
    tanggal_lahir     date,
    nama_ibu_kandung  varchar(100),
    alamat_jalan      varchar(80),
    rt                numeric(2, 0),
    rw                numeric(2, 0),
    kode_wilayah      char(8),           -- BPS kecamatan, 7 digits, padded
    nomor_telepon     varchar(20),
    nilai_rapor       double precision,
    riwayat_sekolah   jsonb,
    last_update       timestamp NOT NULL DEFAULT now(),
    soft_delete       numeric(1, 0) NOT NULL DEFAULT 0
);
ALTER TABLE public.peserta_didik REPLICA IDENTITY FULL;
