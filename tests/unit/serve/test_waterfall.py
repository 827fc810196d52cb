"""The waterfall chart: it adds up, it can be read without colours, and by who does not see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.serve.phrases import LANGUAGES, Language
from hub.serve.waterfall import bars, draw

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Line:
    bits: float
    id: str
    en: str
    part: str = "level"
    comparison: str = "nik"
    level: str = "exact"


@dataclass(frozen=True)
class Account:
    lines: tuple[Line, ...]
    prior: float
    total: float
    threshold: float = 3.0
    links: bool = True
    id: str = "Cukup bukti orang yang sama: +7.0 bit, ambang +3.0"
    en: str = "Enough evidence of one person: +7.0 bits, threshold +3.0"
    change: None = None


LINES = (Line(20.0, "NIK: sama", "NIK: equal"), Line(-5.5, "Nama: berbeda", "Name: different"),
         Line(10.5, "Tanggal lahir: sama", "Birth date: equal"))  # fmt: skip
MADE = Account(LINES, -18.0, 7.0)


def test_each_bar_begins_where_the_one_before_ends_and_the_total_is_theirs() -> None:
    rows = bars(MADE, "id")
    assert [(row.kind, row.start, row.end) for row in rows] == [
        ("prior", 0.0, -18.0), ("for", -18.0, 2.0), ("against", 2.0, -3.5), ("for", -3.5, 7.0), ("total", 0.0, 7.0),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_drawn_is_also_told(language: Language) -> None:
    picture = Xml.fromstring(draw(MADE, language))
    assert picture.get("role") == "img"
    assert picture.get("lang") == language
    named = {picture.find(f"{SVG}title").get("id"), picture.find(f"{SVG}desc").get("id")}
    assert set(picture.get("aria-labelledby", "").split()) == named
    told = picture.findtext(f"{SVG}desc") or ""
    for line in LINES:
        assert (line.id if language == "id" else line.en) in told
    assert "\u221218.0" in told
    assert ("Jumlah +7.0 bit" if language == "id" else "Total +7.0 bits") in told


def test_direction_is_said_by_sign_arrow_and_hatch_and_not_by_colour_alone() -> None:
    picture = Xml.fromstring(draw(MADE, "id"))
    values = [text.text for text in picture.findall(f"{SVG}text") if text.get("class") == "v"]
    assert values == ["\u221218.0", "\u25b6 +20.0", "\u25c0 \u22125.5", "\u25b6 +10.5", "+7.0"]
    assert ".against{fill:url(#hatch)" in (picture.findtext(f"{SVG}style") or "")


def test_words_cannot_break_out_of_the_picture() -> None:
    odd = Account((Line(1.0, 'a<b & "c"', "x"),), 0.0, 1.0)
    picture = Xml.fromstring(draw(odd, "id", "<script>alert(1)</script>"))
    assert picture.find(f".//{SVG}script") is None
    assert any(text.text == 'a<b & "c"' for text in picture.findall(f"{SVG}text"))


WEIGHTS = st.lists(st.floats(-40, 40, allow_nan=False), max_size=14)


@given(
    st.floats(-30, 5),
    WEIGHTS,
    st.floats(-10, 30),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=200),
)
def test_every_bar_lies_within_the_picture(prior: float, weights: list[float], threshold: float, words: str) -> None:
    lines = tuple(Line(bits, "y", words or "x") for bits in weights)
    drawn = draw(Account(lines, prior, prior + sum(weights), threshold), "en")
    picture = Xml.fromstring(drawn)
    width = float(picture.get("width", "0"))
    for bar in picture.findall(f"{SVG}rect"):
        left, across = float(bar.get("x", "0")), float(bar.get("width", "0"))
        assert left >= 0
        assert left + across <= width
    assert len(re.findall(r'class="v"', drawn)) == len(weights) + 2
