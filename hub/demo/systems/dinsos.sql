-- Aid recipients: a programme's list kept by hand.  Free text, dates in a text column, keys that change.
CREATE TABLE public.penerima (
    program       varchar(8) NOT NULL,
    no_urut       integer NOT NULL,
    nama_penerima text NOT NULL,
    nik           text,
    no_kk         text,
    l_p           text,
    tgl_lahir     text,                  -- 31-12-1980, 31/12/1980 or 1980
    nama_ibu      text,
    alamat        text,                  -- "Jl. ... RT 05/RW 02 Dusun ..."
    kecamatan     text,                  -- Kemendagri code as 15.08.05
    no_hp         text,
    nominal       numeric(15, 2),
    bansos        text[],
    mulai         time,
    PRIMARY KEY (program, no_urut)
);
ALTER TABLE public.penerima REPLICA IDENTITY FULL;
