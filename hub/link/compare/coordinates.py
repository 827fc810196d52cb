"""Where a facility stands: distance between two points."""

from __future__ import annotations

from math import cos, hypot, radians

from hub.link import forms

FIELDS = (2, 2)
LEVELS = ("missing", "same", "near", "area", "far")
TEXTS = {
    "same": ("titik sama, sampai 50 meter", "same point, within 50 metres"),
    "near": ("berdekatan, sampai 300 meter", "near, within 300 metres"),
    "area": ("sampai 2 kilometer", "within 2 kilometres"),
    "far": ("lebih dari 2 kilometer", "more than 2 kilometres"),
}
_METRES = (50, 300, 2000)
_METRES_A_DEGREE = 111_320

read = forms.point


def spell(value: tuple[int, int]) -> str:
    """Write latitude and longitude in degrees."""
    return f"{value[0] / forms.MICRO:.6f},{value[1] / forms.MICRO:.6f}"


def compare(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Return the level of two points in micro-degrees; flat within the distances that matter."""
    middle = radians((a[0] + b[0]) / 2 / forms.MICRO)
    north, east = (a[0] - b[0]) / forms.MICRO, (a[1] - b[1]) / forms.MICRO * cos(middle)
    metres = hypot(north, east) * _METRES_A_DEGREE
    for level, limit in enumerate(_METRES, 1):
        if metres <= limit:
            return level
    return 4
