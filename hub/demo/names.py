"""Invented Indonesian names: common words put together at random; nobody is meant.

Single-word names, titles and the many spellings of Muhammad are as frequent as they are in real registers.
"""

from __future__ import annotations

import random
import tomllib
from importlib import resources

_WORDS: dict[str, list[str]] = {
    kind: words.split()
    for kind, words in tomllib.loads((resources.files("hub.demo") / "names.toml").read_text(encoding="utf-8")).items()
}
MUHAMMAD = ("Muhammad", "Muhamad", "Mohammad", "Mohd", "Moh", "Muh", "Md", "M.")
TITLES_BEFORE = ("H.", "Drs.", "Ir.", "dr.")
TITLES_BEFORE_WOMEN = ("Hj.", "Dra.", "Ir.", "dr.")
DEGREES = ("S.Pd", "S.E", "S.Kom", "A.Md.Keb", "S.H", "M.Si", "S.Sos")
STREETS = (
    "Jl. Lintas Sumatera", "Jl. Sultan Thaha", "Jl. Diponegoro", "Jl. Pattimura", "Gg. Melati", "Lrg. Cempaka",
    "Jl. Teratai", "Jl. Rangkayo Hitam", "Jl. Veteran", "Jl. Durian", "Gg. Rambutan", "Jl. Batang Hari",
    "Lrg. Sederhana", "Jl. Pahlawan", "Jl. Kebun Karet", "Gg. Mawar", "Jl. Simpang Tiga", "Jl. Sungai Ipuh",
)  # fmt: skip
BIRTH_PLACES = ("Muara Bungo", "Bungo", "Rantau Pandan", "Tanah Tumbuh", "Jambi", "Bangko", "Padang", "Muara Tebo")


def surname(rng: random.Random, sex: str) -> str:
    """Return an invented second word of a name."""
    tails = _WORDS["male_tails" if sex == "L" else "female_tails"]
    return rng.choice(_WORDS["heads"]) + rng.choice(_WORDS["middles"]) + rng.choice(tails)


def full_name(rng: random.Random, sex: str) -> str:
    """Return a name of one to three words; about one in six has a single word."""
    given = _WORDS["male" if sex == "L" else "female"]
    words = [rng.choice(given)]
    shape = rng.random()
    if shape > 0.55:
        words.append(rng.choice(given))
    if shape > 0.16:
        words.append(surname(rng, sex))
    else:
        words = [surname(rng, sex)] if rng.random() < 0.7 else words
    prefix = rng.random()
    if sex == "L" and prefix < 0.14:
        words.insert(0, "Muhammad")
    elif sex == "L" and prefix < 0.2:
        words.insert(0, "Ahmad")
    elif sex == "P" and prefix < 0.1:
        words.insert(0, "Siti")
    return " ".join(dict.fromkeys(words))


def twin_name(rng: random.Random, name: str) -> str:
    """Return the name of a twin: the same but for one vowel of its first long word."""
    words = name.split()
    at = max(range(len(words)), key=lambda i: (len(words[i]) > 3 and words[i] not in MUHAMMAD, -i))
    word = words[at]
    places = [i for i, letter in enumerate(word) if letter in "aiueo" and i > 0] or [len(word) - 1]
    place = rng.choice(places)
    words[at] = word[:place] + rng.choice([v for v in "aiu" if v != word[place]]) + word[place + 1 :]
    return " ".join(words)


def title(rng: random.Random, sex: str, age: int) -> tuple[str, str]:
    """Return a title before and a degree after the name; most people have neither."""
    if age < 24 or rng.random() > 0.1:
        return "", ""
    if rng.random() < 0.5:
        return rng.choice(TITLES_BEFORE if sex == "L" else TITLES_BEFORE_WOMEN), ""
    return "", rng.choice(DEGREES)
