"""The report of a training: one HTML file with its charts inside, nothing fetched, no value of a person in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from hub.train.estimate import Learned
from hub.train.fit import Fitted
from hub.train.training import Trained

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2733;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}table{border-collapse:collapse;font-size:.88rem}
th,td{padding:.2rem .6rem;border-bottom:1px solid #dfe4ea;text-align:right}
th:first-child,td:first-child{text-align:left}
.no{background:#fdecea;border-left:4px solid #b3261e;padding:.6rem 1rem}.yes{background:#e9f5ec;
border-left:4px solid #21683a;padding:.6rem 1rem}.note{color:#5a6875;font-size:.88rem}svg{max-width:100%;height:auto}
"""
_WIDTH, _ROW, _LEFT, _SPAN = 860, 30, 210, 32.0
_BEFORE, _AFTER, _INK, _GRID = "#9aa7b4", "#14508c", "#1d2733", "#dfe4ea"
_LINES = ("#14508c", "#b3261e", "#21683a", "#7a4b00", "#6a1b9a", "#00696d", "#8a1c5b", "#3d4752")


def html(trained: Trained, at_us: int) -> str:
    """Return the report."""
    note, fit = trained.note, trained.fit
    verdict = _refused(fit.refusals) if fit.refusals else '<p class="yes">Not refused.</p>'
    parts = [
        f"<h1>Model {escape(trained.version)}: {escape(trained.model.entity)}</h1>",
        f'<p class="note">{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M} UTC, trained on '
        f"{escape(str(note['on']))}, beside model {escape(trained.model.version)}. {note['seeds']:,} of "
        f"{note['records']:,} records were drawn (seed {escape(str(note['seed']))}), with every record that shares a "
        f"blocking key with one; {note['random_pairs']:,} random pairs gave the chances u, and EM without labels the "
        "shares m.</p>",
        verdict,
        "<h2>Weights</h2>", _legend(), *[_weights(trained, one.name) for one in trained.model.comparisons],
        "<h2>Prior</h2>",
        f"<p>{fit.prior_before / 1000:+.2f} bits before, {fit.prior / 1000:+.2f} now: the odds that two arbitrary "
        "records are of one entity, so that the expected pairs agree with it.</p>",
        "<h2>Levels</h2>", _levels(fit.levels),
        "<h2>Passes</h2>", _passes(trained.learned), _convergence(trained.learned),
        "<h2>Threshold</h2>", _curve(trained),
        "<h2>Frequencies</h2>", _frequencies(trained),
    ]  # fmt: skip
    body = "\n".join(parts)
    title = f"Model {escape(trained.version)}"
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n")  # fmt: skip


def _refused(refusals: Iterable[str]) -> str:
    said = "".join([f"<li>{escape(each)}</li>" for each in refusals])
    return f'<div class="no"><strong>Refused</strong><ul>{said}</ul></div>'


def _legend() -> str:
    return (f'<p class="note">Bits of evidence: <span style="color:{_BEFORE}">&#9632;</span> before (upper bar), '
            f'<span style="color:{_AFTER}">&#9632;</span> now (lower bar).</p>')  # fmt: skip


def _weights(trained: Trained, comparison: str) -> str:
    levels = trained.fit.of(comparison)
    height, middle = _ROW * len(levels) + 30, (_LEFT + _WIDTH) / 2
    scale = (_WIDTH - _LEFT - 130) / 2 / _SPAN
    shapes = [f'<text x="0" y="14" font-weight="600">{escape(comparison)}</text>',
              f'<line x1="{middle}" y1="20" x2="{middle}" y2="{height}" stroke="{_INK}"/>']  # fmt: skip
    for place, each in enumerate(levels):
        top = 24 + place * _ROW
        shapes.append(f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(each.level)}</text>')
        for milli, y, colour in ((each.before, top, _BEFORE), (each.after, top + 12, _AFTER)):
            length = max(-_SPAN, min(_SPAN, milli / 1000)) * scale
            x = middle + min(0.0, length)
            shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{abs(length):.1f}" height="10" fill="{colour}"/>')
        said = f"{each.before / 1000:+.1f} &#8594; {each.after / 1000:+.1f}" + (f" ({each.kept})" if each.kept else "")
        shapes.append(f'<text x="{_WIDTH}" y="{top + 16}" text-anchor="end">{said}</text>')
    return _svg(height, shapes, f"Weights of {comparison} before and now")


def _levels(levels: Iterable[Fitted]) -> str:
    rows = [
        (f"{each.comparison}: {each.level}", f"{each.before / 1000:+.2f}", f"{each.after / 1000:+.2f}",
         _number(each.m), _number(each.u), f"{each.pairs:,}", each.kept or "learned")
        for each in levels
    ]  # fmt: skip
    return table(("level", "bits before", "bits now", "m", "u", "pairs", ""), rows)


def _passes(learned: Iterable[Learned]) -> str:
    rows = [(each.block, f"{each.pairs:,}", f"{each.matches:,.0f}", str(each.iterations),
             "came to rest" if each.converged else "did not come to rest") for each in learned]  # fmt: skip
    return table(("blocking key", "pairs", "true pairs", "rounds", ""), rows)


def _convergence(learned: Sequence[Learned]) -> str:
    longest = max([len(each.shares) for each in learned], default=1)
    lines = [(each.block, [(place / max(1, longest - 1), share) for place, share in enumerate(each.shares)])
             for each in learned]  # fmt: skip
    return _lines(lines, "Share of true pairs after each round of EM", ("round 0", f"round {longest - 1}"))


def _curve(trained: Trained) -> str:
    curve = trained.fit.curve
    low, high = curve[0][0], curve[-1][0]
    lines = [
        (name, [((each[0] - low) / (high - low), each[place]) for each in curve])
        for name, place in (("precision", 2), ("recall", 3))
    ]
    threshold = trained.model.threshold / 1000
    told = (f"<p>What the model itself expects of single pairs, before must-not-link and average link; the threshold "
            f"stays at {threshold:g} bits.</p>")  # fmt: skip
    return told + _lines(lines, "Expected precision and recall by threshold", (f"{low:g} bits", f"{high:g} bits"))


def _frequencies(trained: Trained) -> str:
    rows = [(name, ", ".join(table.levels), f"{len(table.shares):,}", _number(table.least))
            for name, table in trained.tables.items()]  # fmt: skip
    return table(("comparison", "levels", "values named", "share of others"), rows)


# ---------------------------------------------------------------------- drawing


def bars(rows: Sequence[tuple[str, float, float]], most: float) -> str:
    """Draw two bars a row, before above after."""
    shapes = []
    for place, (name, before, after) in enumerate(rows):
        top = 6 + place * _ROW
        shapes.append(f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>')
        for value, y, colour in ((before, top, _BEFORE), (after, top + 12, _AFTER)):
            width = (_WIDTH - _LEFT - 150) * value / most
            shapes.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="10" fill="{colour}"/>')
        said = f"{before:,.0f} &#8594; {after:,.0f}"
        shapes.append(f'<text x="{_WIDTH}" y="{top + 16}" text-anchor="end">{said}</text>')
    return _svg(_ROW * len(rows) + 12, shapes, "Before and after")


def _lines(lines: Sequence[tuple[str, list[tuple[float, float]]]], title: str, ends: tuple[str, str]) -> str:
    left, width, height = 50, 560, 240
    shapes = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = 20 + height * (1 - share)
        shapes.append(f'<line x1="{left}" y1="{y}" x2="{left + width}" y2="{y}" stroke="{_GRID}"/>')
        shapes.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{share:g}</text>')
    for place, (name, points) in enumerate(lines):
        colour = _LINES[place % len(_LINES)]
        dash = ("", "6 3", "2 3", "9 3 2 3")[place % 4]
        path = " ".join([f"{left + width * x:.1f},{20 + height * (1 - y):.1f}" for x, y in points])
        style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        shapes.append(f'<polyline points="{path}" {style}/>')
        y = 28 + place * 20
        x = left + width + 20
        shapes.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 30}" y2="{y - 4}" {style}/>')
        shapes.append(f'<text x="{x + 38}" y="{y}">{escape(name)}</text>')
    shapes.append(f'<text x="{left}" y="{height + 42}">{escape(ends[0])}</text>')
    shapes.append(f'<text x="{left + width}" y="{height + 42}" text-anchor="end">{escape(ends[1])}</text>')
    return _svg(max(height + 54, 40 + 20 * len(lines)), shapes, title)


def _svg(height: float, shapes: Iterable[str], title: str) -> str:
    return (f'<figure style="margin:1rem 0"><svg viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img" '
            f'font-size="13" fill="{_INK}"><title>{escape(title)}</title>{"".join(shapes)}</svg></figure>')  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table."""
    top = "".join([f"<th>{escape(each)}</th>" for each in head])
    cells = "".join(["<tr>" + "".join([f"<td>{escape(each)}</td>" for each in row]) + "</tr>" for row in rows])
    return f"<table><thead><tr>{top}</tr></thead><tbody>{cells}</tbody></table>"


def _number(share: float | None) -> str:
    if share is None:
        return ""
    return f"{share:.4f}" if share >= 0.001 or not share else f"{share:.{max(0, 2 - math.floor(math.log10(share)))}f}"
