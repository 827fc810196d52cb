"""The report of a shadow run: what a model would change, in one HTML file, without a value of a person."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from hub.train.report import STYLE, bars, table
from hub.train.shadow import Comparison

_KINDS = {
    "created": "ids that are new", "merged": "ids that another takes in", "split": "ids that part into several",
    "reassigned": "ids that keep few of their records", "changed": "ids whose records or values differ",
    "deleted": "ids that vanish",
}  # fmt: skip


def html(found: Comparison, at_us: int) -> str:
    """Return the report."""
    counts = [(f"{kind}: {text}", f"{found.kinds.get(kind, 0):,}") for kind, text in _KINDS.items()]
    counts += [
        ("records that belong to another id", f"{found.reassigned:,}"),
        ("pairs of records that become one entity's", f"{found.together:,}"),
        ("pairs of records that no longer are", f"{found.apart:,}"),
        ("scored pairs that are new or weigh otherwise", f"{found.edges:,}"),
        ("scored pairs that are no more", f"{found.edges_gone:,}"),
    ]
    most = max([max(pair) for pair in found.evidence.values()], default=0)
    examples = [(each.entity_id, each.kind, f"{each.records}", " ".join(each.others), "; ".join(each.weakest))
                for each in found.examples]  # fmt: skip
    parts = [
        f"<h1>{escape(found.after)} beside {escape(found.before)}</h1>",
        f'<p class="note">{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M} UTC. {found.records:,} records; '
        f"{found.entities_before:,} entities now, {found.entities_after:,} under {escape(found.after)}. Nothing was "
        "written.</p>",
        "<h2>What would change</h2>", table(("", "count"), counts),
        "<h2>Evidence of the pairs that link</h2>",
        '<p class="note">Upper bar: now; lower bar: under the new model.</p>',
        bars([(name, before, after) for name, (before, after) in found.evidence.items()], float(max(1, most))),
        "<h2>Examples</h2>",
        '<p class="note">`satudata explain` tells of an id what it holds and why.</p>',
        table(("entity", "what", "records", "others", "lightest pair within it"), examples),
    ]  # fmt: skip
    body = "\n".join(parts)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(found.after)}</title>'
            f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n")  # fmt: skip
