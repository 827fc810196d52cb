"""MySQL's packed decimals: nine digits in four bytes, the sign in the first bit, negative ones inverted."""

from __future__ import annotations

from collections.abc import Callable

_DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""Bytes that so many decimal digits take."""


def decimal_size(precision: int, scale: int) -> int:
    """Return how many bytes a DECIMAL takes."""
    return sum(4 * (digits // 9) + _DIGIT_BYTES[digits % 9] for digits in (precision - scale, scale))


def decimal_unscaled(precision: int, scale: int) -> Callable[[bytes, int], int]:
    """Return what reads a DECIMAL as a whole number, its point taken away."""
    whole, size = precision - scale, decimal_size(precision, scale)
    digits = [whole % 9, *[9] * (whole // 9), *[9] * (scale // 9), scale % 9]
    groups: list[tuple[int, int, int]] = []
    left = 8 * size
    for count in filter(None, digits):
        bits = 8 * _DIGIT_BYTES[count]
        left -= bits
        groups.append((left, (1 << bits) - 1, 10**count))
    sign, ones = 1 << 8 * size - 1, (1 << 8 * size) - 1

    def unscaled(data: bytes, at: int) -> int:
        number = int.from_bytes(data[at : at + size], "big")
        negative = not number & sign
        number ^= (ones ^ sign) if negative else sign
        value = 0
        for shift, mask, power in groups:
            value = value * power + (number >> shift & mask)
        return -value if negative else value

    return unscaled


def decimal_text(number: int, scale: int) -> bytes:
    """Return a DECIMAL's text: all its decimals, a zero before the point if nothing else is."""
    sign, digits = (b"-", -number) if number < 0 else (b"", number)
    text = b"%0*d" % (scale + 1, digits)
    return sign + (text[:-scale] + b"." + text[-scale:] if scale else text)
