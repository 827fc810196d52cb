"""Small vocabularies that every office shares, as free text: sex, marital and vital state, scale, kind of facility.

An office with codes of its own declares them in its contract (`lookup:<name>`), where an unknown value stops the row;
these read what people type by hand, where it is set aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.clean.cleaned import MISSING, Cleaned, Cleaner, set_aside
from hub.clean.cleaners.text import says_nothing, upper

WORDS: Mapping[str, Mapping[str, str]] = {
    "sex": {
        "male": "L LK LAKI LELAKI LAKI-LAKI LAKILAKI PRIA COWOK M MALE 1",
        "female": "P PR PEREMPUAN WANITA W F FEMALE 2",
    },
    "marital": {
        "single": "1 BELUM-KAWIN BELUM-MENIKAH B LAJANG SINGLE",
        "married": "2 KAWIN MENIKAH KAWIN-TERCATAT KAWIN-BELUM-TERCATAT K MARRIED",
        "divorced": "3 CERAI-HIDUP CERAI CH DIVORCED",
        "widowed": "4 CERAI-MATI CM JANDA-MATI DUDA-MATI WIDOWED",
    },
    "vital": {
        "alive": "TRUE T YA HIDUP MASIH-HIDUP ALIVE",
        "dead": "FALSE F MATI WAFAT MENINGGAL MENINGGAL-DUNIA MD ALM ALMARHUM ALMARHUMAH TIDAK-HIDUP DEAD",
    },
    "scale": {
        "micro": "MIKRO USAHA-MIKRO MICRO",
        "small": "KECIL USAHA-KECIL SMALL",
        "medium": "MENENGAH USAHA-MENENGAH SEDANG MEDIUM",
        "large": "BESAR USAHA-BESAR LARGE",
    },
    "kind": {
        "kindergarten": "TK PAUD KB RA TPA TAMAN-KANAK-KANAK KELOMPOK-BERMAIN",
        "school": "SEKOLAH SD MI SMP MTS SMA MA SMK SLB PKBM MADRASAH",
        "hospital": "RS RSU RSUD RUMAH-SAKIT",
        "puskesmas": "PUSKESMAS PKM PUSKESMAS-RAWAT-INAP PUSKESMAS-NON-RAWAT-INAP",
        "pustu": "PUSTU PUSKESMAS-PEMBANTU POSKESDES POLINDES",
        "posyandu": "POSYANDU",
        "clinic": "KLINIK KLINIK-PRATAMA KLINIK-UTAMA BALAI-PENGOBATAN",
        "market": "PASAR PASAR-RAKYAT PASAR-TRADISIONAL",
        "worship": "MASJID MUSHALA MUSHOLLA MUSALA SURAU GEREJA RUMAH-IBADAH",
        "office": "KANTOR KANTOR-CAMAT KANTOR-DESA",
        "other": "LAIN LAINNYA LAIN-LAIN",
    },
}
"""Attribute, canonical value, and what offices write for it (blanks written as dashes)."""
VALUES: Mapping[str, frozenset[str]] = {name: frozenset(words) for name, words in WORDS.items()}
"""The canonical values of each attribute; a contract's lookups may give no other."""
_GAPS = re.compile(r"[\s./_\-]+")


def _reader(attribute: str) -> Cleaner:
    known = {form: value for value, forms in WORDS[attribute].items() for form in forms.split()}
    known.update({value.upper(): value for value in VALUES[attribute]})

    def clean(text: str) -> Cleaned:
        written = upper(text)
        if not written:
            return MISSING
        value = known.get(_GAPS.sub("-", written).strip("-"))
        if value is not None:
            return Cleaned(value)
        return set_aside("placeholder" if says_nothing(written) else "implausible", text)

    return clean


clean_sex = _reader("sex")
clean_marital = _reader("marital")
clean_vital = _reader("vital")
clean_scale = _reader("scale")
clean_kind = _reader("kind")
