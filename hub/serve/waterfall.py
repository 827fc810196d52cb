"""The evidence on a pair of records as a waterfall chart: an SVG made of text, so that it needs no library to be read.

From the top: what speaks before any evidence (the prior), then each comparison's bar, to the right where it speaks for
one, to the left and hatched where it speaks against; at the end the total, and across all rows the threshold.  Every
bar has its sign, its arrow and its number beside it, so colour says nothing that they do not.  No personal value is
in it: a level says how two values agree, never which they are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from hub.serve.phrases import Language
from hub.wire.explained import Account

WIDTH = 860
_LABELS = 340
_VALUES = 76
_PLOT = (_LABELS + 16, WIDTH - _VALUES - 16)
"""Left and right edge of the bars."""
_TOP = 74
_ROW = 40
_BAR = 20
_WRAP = 48
Kind = Literal["prior", "for", "against", "none", "total"]
_WORDS = {
    "title": ("Bukti untuk dua catatan, dalam bit", "Evidence on two records, in bits"),
    "prior": ("Sebelum ada bukti", "Before any evidence"),
    "total": ("Jumlah", "Total"),
    "threshold": ("ambang", "threshold"),
    "each": ("{what}: {bits} bit.", "{what}: {bits} bits."),
    "end": ("Jumlah {total} bit, ambang {threshold} bit.", "Total {total} bits, threshold {threshold} bits."),
}
_STYLE = """
text{font:13px 'Noto Sans','DejaVu Sans',Arial,sans-serif;fill:#1b1b1b}
.h{font-size:16px;font-weight:600}.v{font-weight:600;text-anchor:end}.s{font-size:12px}
.prior,.none{fill:#8a8f98;stroke:#4b4f57}.for{fill:#2a78b8;stroke:#174c78}.against{fill:url(#hatch);stroke:#8c3b00}
.total{fill:#dfe2e6;stroke:#1b1b1b;stroke-width:2}.axis{stroke:#b9bdc4}.step{stroke:#6b7078;stroke-dasharray:2 3}
.limit{stroke:#1b1b1b;stroke-width:2;stroke-dasharray:7 4}
""".replace("\n", "")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it is of, and from where to where it reaches, in bits."""

    label: str
    kind: Kind
    start: float
    end: float

    @property
    def bits(self) -> float:
        """What is written beside it."""
        return self.end - self.start


def bars(account: Account, language: Language) -> list[Bar]:
    """Return the rows of an account, top to bottom; each begins where the one before it ends."""
    found = [Bar(_say("prior", language), "prior", 0.0, account.prior)]
    for line in account.lines:
        start = found[-1].end
        kind: Kind = "for" if line.bits > 0 else "against" if line.bits < 0 else "none"
        found.append(Bar(line.id if language == "id" else line.en, kind, start, start + line.bits))
    return [*found, Bar(_say("total", language), "total", 0.0, account.total)]


def draw(account: Account, language: Language, heading: str | None = None) -> str:
    """Return the chart as an SVG document; `heading` stands above it and must hold no personal value."""
    rows = bars(account, language)
    height = _TOP + _ROW * len(rows) + 44
    scale = _Scale([0.0, account.threshold, *[bar.start for bar in rows], *[bar.end for bar in rows]])
    verdict = account.id if language == "id" else account.en
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' role="img" aria-labelledby="t d" lang="{language}">',
            f'<title id="t">{escape(heading or _say("title", language))}</title>',
            f'<desc id="d">{escape(_told(account, rows, language))}</desc>',
            f"<style>{escape(_STYLE)}</style>",
            '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3c9a5"/>'
            '<line x1="0" y1="0" x2="0" y2="6" stroke="#b34d00" stroke-width="3"/></pattern></defs>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text class="h" x="16" y="28">{escape(heading or _say("title", language))}</text>',
            f'<text x="16" y="50">{escape(verdict)}</text>',
            *_plot(rows, account, scale, language),
            "</svg>\n",
        ]
    )


class _Scale:
    """Bits to places on the page, with a little room at both ends."""

    def __init__(self, points: list[float]) -> None:
        low, high = min(points), max(points)
        room = max(high - low, 1.0) * 0.04
        self._low = low - room
        self._per_bit = (_PLOT[1] - _PLOT[0]) / (high - low + 2 * room)

    def __call__(self, bits: float) -> float:
        return round(_PLOT[0] + (bits - self._low) * self._per_bit, 1)


def _plot(rows: list[Bar], account: Account, scale: _Scale, language: Language) -> Iterator[str]:
    bottom = _TOP + _ROW * len(rows)
    zero, limit = scale(0.0), scale(account.threshold)
    yield f'<line class="axis" x1="{zero}" y1="{_TOP - 4}" x2="{zero}" y2="{bottom}"/>'
    yield f'<text class="s" x="{zero}" y="{bottom + 16}" text-anchor="middle">0</text>'
    for at, bar in enumerate(rows):
        top = _TOP + _ROW * at + (_ROW - _BAR) / 2
        left, right = sorted((scale(bar.start), scale(bar.end)))
        yield from _label(bar.label, top + _BAR / 2)
        yield f'<rect class="{bar.kind}" x="{left}" y="{top:g}" width="{max(right - left, 1):.1f}" height="{_BAR}"/>'
        if at + 1 < len(rows):
            here = scale(bar.end)
            yield f'<line class="step" x1="{here}" y1="{top + _BAR:g}" x2="{here}" y2="{top + _ROW:g}"/>'
        arrow = {"for": "\u25b6 ", "against": "\u25c0 "}.get(bar.kind, "")
        yield f'<text class="v" x="{WIDTH - 16}" y="{top + 15:g}">{arrow}{_signed(bar.bits)}</text>'
    yield f'<line class="limit" x1="{limit}" y1="{_TOP - 4}" x2="{limit}" y2="{bottom + 2}"/>'
    said = f"{_say('threshold', language)} {_signed(account.threshold)}"
    anchor, nudge = ("end", -4) if limit > (_PLOT[0] + _PLOT[1]) / 2 else ("start", 4)
    yield f'<text class="s" x="{limit + nudge}" y="{bottom + 32}" text-anchor="{anchor}">{escape(said)}</text>'


def _label(text: str, middle: float) -> Iterator[str]:
    lines = textwrap.wrap(text, _WRAP)[:3]
    first = middle + 4.5 - 7.5 * (len(lines) - 1)
    for at, line in enumerate(lines):
        yield f'<text x="16" y="{first + 15 * at:g}">{escape(line)}</text>'


def _told(account: Account, rows: list[Bar], language: Language) -> str:
    """The chart in words, for who does not see it."""
    told = [_say("each", language).format(what=bar.label, bits=_signed(bar.bits)) for bar in rows[:-1]]
    end = _say("end", language).format(total=_signed(account.total), threshold=_signed(account.threshold))
    return " ".join([*told, end])


def _signed(bits: float) -> str:
    return f"{bits:+.1f}".replace("-", "\u2212")


def _say(word: str, language: Language) -> str:
    return _WORDS[word][0 if language == "id" else 1]
