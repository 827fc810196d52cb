"""NIK by parts: twins and neighbours share its first twelve digits, so edit distance alone would join them."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "typo", "serial_typo", "serial_next", "serial_other", "date_part", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "serial_typo": ("nomor urut beda satu angka, mungkin salah ketik", "serial one digit off, perhaps mistyped"),
    "serial_next": ("nomor urut berdekatan, mungkin kembar", "serials next to each other, perhaps twins"),
    "serial_other": ("wilayah dan tanggal sama, nomor urut lain", "same district and date, other serial"),
    "date_part": ("hanya bagian tanggal sama", "only the date part is equal"),
    "different": ("berbeda", "different"),
}

_MALE, _FEMALE = 1, 2
_WOMAN = 40 * 10**4
"""What stands in digits 7 to 12 above a woman's birth date."""

read = forms.digits
spell = "{:016d}".format


def compare(x: int, y: int) -> int:
    """Return the level of two NIKs; digits are PPKKCC DDMMYY SSSS, women with 40 added to the day."""
    if x == y:
        return 1
    head_x, serial_x = divmod(x, 10000)
    head_y, serial_y = divmod(y, 10000)
    if head_x == head_y:
        return _serial(serial_x, serial_y)
    if OSA.distance(f"{x:016d}", f"{y:016d}", score_cutoff=1) <= 1:
        return 2
    return 6 if head_x % 10**6 == head_y % 10**6 else 7


def disagrees(nik: int, date: int, sex: int) -> bool:
    """Say whether a NIK's digits 7 to 12 are not of a record's own birth date (form `date`) and sex (form `sex`).

    Such a NIK is a borrowed one, or the birth date was corrected since.
    """
    ymd = date >> 2
    if not nik or not ymd & 511:
        return False
    written = nik // 10**4 % 10**6
    own = (ymd & 31) * 10**4 + (ymd >> 5 & 15) * 100 + (ymd >> 9) % 100
    if written == own:
        return sex == _FEMALE
    return written != own + _WOMAN or sex == _MALE


def _serial(x: int, y: int) -> int:
    if abs(x - y) <= 2:
        return 4
    return 3 if OSA.distance(f"{x:04d}", f"{y:04d}", score_cutoff=1) <= 1 else 5
