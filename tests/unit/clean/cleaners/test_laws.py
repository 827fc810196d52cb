"""Laws that hold for every cleaner and any text."""

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.clean.catalogue import CLEANERS, REGIONS
from hub.clean.cleaned import Cleaned, Cleaner
from hub.clean.cleaners import name, nik
from hub.clean.cleaners.text import tidy, upper

ALL: dict[str, Cleaner] = {key: entry.clean for key, entry in {**CLEANERS, **REGIONS}.items()}
CODES = {
    "missing", "placeholder", "temporary", "implausible", "default", "disagrees", "converted", "unknown_code",
    "repaired",
}  # fmt: skip
TEXT_GIVING = ("nik", "kk", "name", "mother", "phone", "address", "text", "kemendagri")
PIECES = (
    "H. HJ DRS. dr. Siti M. Moh. bin S.Pd A.Md.Keb , ( ) . - ' RT 05 /RW 02 Dusun Jl. No.5 Kec. 15.08 0812 "
    "1508054107900001 E+15 1990 0 X.Y SE MA ST Nu'man ALM. (Alm)"
)
WORDS = st.lists(st.sampled_from(PIECES.split()), max_size=8).map(" ".join)
ANY_TEXT = st.one_of(st.text(max_size=60), st.text(string.digits + " .-/E+,", max_size=24), WORDS)


# Drawing a text costs far more than cleaning it: every text is given to every cleaner.


@given(text=ANY_TEXT)
@settings(max_examples=1000, deadline=None)
def test_no_text_makes_a_cleaner_fail_and_nothing_goes_without_a_mark(text: str) -> None:
    for cleaner, clean in ALL.items():
        cleaned = clean(text)
        assert isinstance(cleaned, Cleaned), cleaner
        assert {code for code, _ in cleaned.marks} <= CODES, cleaner
        if cleaned.value is None:
            assert cleaned.marks, cleaner
            assert all(was is None or was == text for _, was in cleaned.marks), cleaner
        else:
            assert cleaned.value != "", cleaner


@given(text=ANY_TEXT)
@example(text="H. H. Ali")
@example(text="X.Y Z")
@settings(max_examples=1000, deadline=None)
def test_a_clean_value_is_clean(text: str) -> None:
    for cleaner in TEXT_GIVING:
        value = ALL[cleaner](text).value
        if value is not None:
            again = ALL[cleaner](str(value))
            assert again.value == value, cleaner
            assert not {code for code, was in again.marks if was is not None}, cleaner


@given(text=st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_tidy_text_stays_tidy(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert upper(upper(text)) == upper(text)


@given(text=WORDS)
@settings(max_examples=300, deadline=None)
def test_variants_never_repeat_the_name(text: str) -> None:
    cleaned = name.clean(text)
    variants = dict(cleaned.more).get("name_variants", ())
    assert isinstance(variants, tuple)
    assert cleaned.value not in variants
    assert len(variants) == len(set(variants)) <= 3


@given(digits=st.text(string.digits, min_size=16, max_size=16))
@settings(max_examples=500, deadline=None)
def test_a_usable_nik_always_has_parts(digits: str) -> None:
    if nik.clean(digits).value is not None:
        assert nik.parts(digits) is not None
        assert digits[0] != "0"
        assert digits[12:] != "0000"
