"""Invented people in FEBRL's columns: originals, and duplicates with a mistake each."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

from hub.evaluate.public.sets import COLUMNS

_GIVEN = ("amelia", "bronte", "callum", "dylan", "ebony", "flynn", "georgia", "hamish", "imogen", "jarrod", "kiara",
          "lachlan", "mikayla", "noah", "olivia", "patrick")  # fmt: skip
_STARTS = ("ash", "bel", "cor", "dra", "ell", "fenn", "gold", "hark", "ing", "jess", "king", "lark", "mor", "nor")
_ENDS = ("bury", "den", "ford", "ham", "ington", "ley", "more", "shaw", "ton", "wick", "worth", "yard")
_KINDS = ("place", "crescent", "street", "court", "lane", "circuit")


def _word(random: Random) -> str:
    return random.choice(_STARTS) + random.choice(_ENDS)


def people(number: int, seed: int = 3) -> list[dict[str, str]]:
    """Return so many originals, every second with a duplicate."""
    random, found = Random(seed), []
    for at in range(number):
        person = dict(zip(COLUMNS, (
            f"rec-{at}-org", random.choice(_GIVEN), _word(random), str(random.randint(1, 250)),
            f"{_word(random)} {random.choice(_KINDS)}", "", _word(random), str(random.randint(2000, 2800)), "nsw",
            f"19{random.randint(20, 89)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}",
            str(random.randint(1_000_000, 9_999_999)),
        ), strict=True))  # fmt: skip
        found.append(person)
        if at % 2:
            found.append({**person, "rec_id": f"rec-{at}-dup-0", **_mistake(person, at)})
    return found


def _mistake(person: dict[str, str], at: int) -> dict[str, str]:
    """Return one wrong value: a lost letter, exchanged names, an empty field, a wrong digit."""
    name, number = person["surname"], person["soc_sec_id"]
    wrong = "1" if number[-1] != "1" else "2"
    return (
        {"surname": name[:2] + name[3:]}, {"given_name": name, "surname": person["given_name"]},
        {"suburb": ""}, {"soc_sec_id": number[:-1] + wrong},
    )[at // 2 % 4]  # fmt: skip


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as the package does: a blank after each comma."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(", ".join(COLUMNS) + "\n")
        for row in rows:
            file.write(", ".join([row[name] for name in COLUMNS]) + "\n")
    return path


def read_back(path: Path) -> list[dict[str, str]]:
    """Return a file's rows by the csv module alone."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))
