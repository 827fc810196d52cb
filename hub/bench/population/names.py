"""Invented names of the frequency that registers show: a few very common, a long tail, a quarter of one word."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate, product


def _words(text: str) -> list[str]:
    return text.split()


_MALE = _words("""
MUHAMMAD AHMAD ABDUL AGUS SUPRIYANTO SLAMET BUDI EKO HENDRA RUDI DEDI ANDI JOKO IWAN RAHMAT YUSUF HASAN
SYAHRIL ZAINAL SAMSUL IRWAN FERI WAHYU TAUFIK RIDWAN AMIRUDDIN BAHARUDDIN HERMAN SUTRISNO RIZKI FAJAR ILHAM ALDI DONI
ARIF BAYU DIMAS FAUZAN HAFIZ NANDA RANGGA TEGUH USMAN SALEH MAHMUD LUKMAN KARIM ISMAIL JAMALUDDIN""")
_FEMALE = _words("""
SITI NUR SRI NURHAYATI DEWI ROSMIATI FATIMAH AISYAH SUMIATI YANTI RATNA ERNAWATI FITRI LESTARI INDAH
KARTINI HALIMAH SUPARTI MARYATI RAHMAWATI NURAINI ZUBAIDAH AMINAH JUMIATI SULASTRI WULANDARI PUTRI AYU RINA DESI EVI
YULIANA MELI ANITA SARI NOVITA REVA NABILA ZAHRA SALSABILA INTAN CITRA HASNAH JAMILAH ELVIRA MARLINA""")
_LAST = _words("""
SAPUTRA HIDAYAT SANTOSO PRATAMA SETIAWAN RAMADHAN NASUTION SIREGAR LUBIS HARAHAP WIJAYA KURNIAWAN SUSANTO
FIRMANSYAH MAULANA ARIFIN HAKIM ISMAIL YAHYA IBRAHIM PERMATA LESTARI RAHAYU SAFITRI WAHYUNI UTAMI ANGGRAINI HANDAYANI
OKTAVIA MAHARANI HASIBUAN SIMATUPANG TANJUNG CHANIAGO PILIANG SIKUMBANG GUNAWAN HERMAWAN NUGROHO PURNAMA""")
_HEADS = _words("SU DAR SAR RUS MAR HAR KAR TAR BAH SYAM FAD RAM MUL JUN ZUL NAS BUR KUS PAR WAR MIS SUD RID HUS")
_MALE_ENDS = _words("MAN DI YONO TONO MIN NO WANTO LIM RUDIN SIDI JONO KIMAN TAMAN IYANTO ADI ONO")
_FEMALE_ENDS = _words("NAH TINI MINI YEM SIH WATI IYAH LINA INAH NINGSIH TIKA ILA NIATI MAWAR IANI ISAH")
TITLES = ("H.", "HJ.", "DRS.", "IR.")
DEGREES = ("S.PD", "SE", "SH", "A.MD.KEB", "S.KOM")


class Bag:
    """Words of which the first come far more often than the last (Zipf's law, flattened at its head)."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._until = list(accumulate(1 / (rank + 2) for rank in range(len(words))))

    def draw(self, rng: random.Random) -> str:
        """Return a word."""
        return rng.choices(self._words, cum_weights=self._until)[0]


def _tail(ends: Sequence[str]) -> list[str]:
    return [head + end for end, head in product(ends, _HEADS)]


_FIRST = {"male": Bag(_MALE + _tail(_MALE_ENDS)), "female": Bag(_FEMALE + _tail(_FEMALE_ENDS))}
_FURTHER = Bag(_LAST + _tail(_MALE_ENDS)[::3] + _tail(_FEMALE_ENDS)[::3])
_NO_NAME_ALONE = frozenset({"MUHAMMAD", "ABDUL", "SITI", "NUR", "SRI", "AHMAD"})
FEWEST_WORDS, MOST_WORDS = 1, 4


def draw(sex: str, rng: random.Random, shared: str | None = None) -> str:
    """Return a full name; `shared` is the word that a family's children have in common."""
    count = rng.choices(range(FEWEST_WORDS, MOST_WORDS + 1), cum_weights=(28, 75, 95, 100))[0]
    words = [_FIRST[sex].draw(rng)]
    while len(words) < count or words[-1] in _NO_NAME_ALONE:
        words.append((_FIRST[sex] if rng.random() < 0.3 else _FURTHER).draw(rng))
    if shared and len(words) > 1:
        words[-1] = shared
    return " ".join(dict.fromkeys(words))


def last(rng: random.Random) -> str:
    """Return a word that a family's children may share."""
    return _FURTHER.draw(rng)


def of_twin(name: str, sex: str, rng: random.Random) -> str:
    """Return a twin's name: one letter of the first word away, or another first word."""
    first, *rest = name.split()
    at = rng.randrange(1, len(first))
    other = rng.choice([letter for letter in "AEIOU" if letter != first[at]])
    changed = first[:at] + other + first[at + 1 :] if rng.random() < 0.5 else _FIRST[sex].draw(rng)
    return " ".join([changed if changed != first else first + "I", *rest])
