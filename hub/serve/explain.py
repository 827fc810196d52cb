"""Why records are one, or why they are not: the question, the case, and the answer that the rules give again.

Nothing is told from memory.  The store holds records, scored pairs and decisions; the clusterer that made the entities
runs again over those of the entities in question, and each of its tries is told.  What would change it is tried out
the same way: the case is changed and parted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from uuid import UUID

from hub.serve import explain_case, explain_words, read
from hub.serve.explain_shapes import Account, Claim, Explanation, Pair, Reason, Said
from hub.serve.explain_shapes import Step as ToldStep
from hub.serve.problems import NotFound, Refused
from hub.serve.store import Snapshot
from hub.wire.decisions import EdgeRow, JudgementRow, RecordRow
from hub.wire.explained import Case, Explainer, Retraced, Step

Ends = tuple[bytes, bytes]
Groups = tuple[tuple[bytes, ...], ...]
_TRIED = 20
"""Joining pairs whose change is tried out, the weakest first."""
_COMPARED = 400
"""Pairs of records compared where two entities share no scored pair."""
_TOLD = 50
"""Failed tries between two entities that are told."""


@dataclass(frozen=True, slots=True)
class _Bench:
    """A case with what came of it."""

    explainer: Explainer
    case: Case
    found: Retraced
    groups: Groups
    """The members of the entities in question, as the store has them."""

    @property
    def rows(self) -> dict[bytes, RecordRow]:
        return {row.id: row for row in self.case.records}

    @property
    def edges(self) -> dict[Ends, EdgeRow]:
        return {(edge.a, edge.b): edge for edge in self.case.edges}

    @property
    def faithful(self) -> bool:
        return sorted(self.found.groups) == sorted(self.groups)

    def try_out(self, **changed: object) -> Retraced:
        """Part the case with something changed."""
        return self.explainer.retrace(replace(self.case, **changed))  # type: ignore[arg-type]


def entity(snapshot: Snapshot, explainers: Mapping[str, Explainer], entity_id: UUID) -> Explanation:
    """Explain a living entity; raises NotFound, or Vanished with where its records went."""
    kind, row = explain_case.living(snapshot, entity_id)
    bench = _bench(snapshot, explainers, kind, [entity_id])
    joined = [step for step in bench.found.steps if step.outcome == "joined"]
    reason: Reason = "alone" if len(bench.case.records) == 1 else "evidence"
    if any(step.judgement is not None for step in joined):
        reason = "decided_same"
    told = _answer(snapshot, bench, [entity_id], reason, joined)
    told.changes = _parting(bench, joined)
    told.values = read.reasons(row)
    return told


def record(snapshot: Snapshot, explainers: Mapping[str, Explainer], one: bytes) -> Explanation:
    """Explain the entity of a living record; raises NotFound."""
    return entity(snapshot, explainers, explain_case.owner(snapshot, one))


def records(
    snapshot: Snapshot, explainers: Mapping[str, Explainer], one: bytes, other: bytes, *, reveal: bool = False
) -> Explanation:
    """Explain why two living records are of one entity, or of two; raises NotFound or Refused."""
    if one == other:
        raise Refused("these are one and the same record")
    ids = explain_case.owner(snapshot, one), explain_case.owner(snapshot, other)
    if ids[0] != ids[1]:
        return _two(snapshot, explainers, ids, (one, other), reveal=reveal)
    kind, _ = explain_case.living(snapshot, ids[0])
    bench = _bench(snapshot, explainers, kind, [ids[0]])
    joined = [step for step in bench.found.steps if step.outcome == "joined"]
    way = path(joined, one, other)
    reason: Reason = "decided_same" if any(step.judgement is not None for step in way) else "evidence"
    told = _answer(snapshot, bench, [ids[0]], reason, way)
    told.pair = _pair(bench, (one, other) if one < other else (other, one))
    told.changes = _parting(bench, joined)
    return told


def entities(
    snapshot: Snapshot, explainers: Mapping[str, Explainer], one: UUID, other: UUID, *, reveal: bool = False
) -> Explanation:
    """Explain why two living entities are not one; raises NotFound, Vanished or Refused."""
    if one == other:
        raise Refused("these are one and the same entity")
    return _two(snapshot, explainers, (one, other), None, reveal=reveal)


def path(joined: Sequence[Step], one: bytes, other: bytes) -> list[Step]:
    """Return the joining tries that lie between two records, from the one to the other."""
    around: dict[bytes, list[Step]] = {}
    for step in joined:
        around.setdefault(step.a, []).append(step)
        around.setdefault(step.b, []).append(step)
    came: dict[bytes, list[Step]] = {one: []}
    queue = [one]
    for here in queue:
        for step in around.get(here, ()):
            there = step.b if step.a == here else step.a
            if there not in came:
                came[there] = [*came[here], step]
                queue.append(there)
    return came.get(other, [])


# ---------------------------------------------------------------- two entities

_LAST: Mapping[str, Reason] = {"size": "size", "listed": "listed"}
"""Rules that are told where they refused the last union that was tried."""
_AT_THE_SOURCE: Mapping[Reason, str] = {"attested": "register", "listed": "list"}
"""What would change it where a rule forbids a union that the evidence would allow."""


def _two(
    snapshot: Snapshot, explainers: Mapping[str, Explainer], ids: tuple[UUID, UUID], asked: Ends | None, *, reveal: bool
) -> Explanation:
    kinds = {explain_case.living(snapshot, each)[0] for each in ids}
    if len(kinds) > 1:
        raise Refused(f"a {' and a '.join(sorted(kinds))} are never one")
    bench = _bench(snapshot, explainers, kinds.pop(), ids)
    x, y = bench.groups
    between = [step for step in bench.found.steps if step.outcome != "joined" and _across(step, x, y)]
    pair = _pair(bench, asked if asked is None or asked[0] < asked[1] else (asked[1], asked[0]))
    reason = _why_apart(bench, pair, between)
    told = _answer(snapshot, bench, ids, reason, between[-_TOLD:])
    told.pair = pair
    told.claims = _claims(bench, reveal=reveal) if _conflict(bench) else []
    told.changes = _joining(bench, pair, reason)
    return told


def _across(step: Step, x: tuple[bytes, ...], y: tuple[bytes, ...]) -> bool:
    return (step.a in x) != (step.b in x) and {step.a, step.b} <= {*x, *y}


def _why_apart(bench: _Bench, pair: Pair, between: Sequence[Step]) -> Reason:
    """Return what keeps them apart: a decision, too little evidence, or else the rule that forbids the union."""
    if _decided(bench, "different"):
        return "decided_different"
    weights = _weight_across(bench)
    if not weights:
        return "generic_key" if pair.shared or any(_shared(bench)) else "no_key"
    if max(weights) < bench.explainer.threshold:
        return "threshold"
    if _conflict(bench):
        return "attested"
    return _LAST.get(between[-1].outcome, "average") if between else "average"


def _weight_across(bench: _Bench) -> list[float]:
    x, _ = bench.groups
    return [edge.weight / 1000 for (a, b), edge in bench.edges.items() if (a in x) != (b in x)]


def _decided(bench: _Bench, verdict: str) -> list[JudgementRow]:
    """Return the decisions in force between the two entities."""
    x, y = [{bench.rows[record].root for record in group} for group in bench.groups]
    return [
        row for row in bench.case.judgements
        if row.state == "active" and row.verdict == verdict
        and ((row.a in x and row.b in y) or (row.a in y and row.b in x))
    ]  # fmt: skip


def _conflict(bench: _Bench) -> bool:
    x, y = [{bench.found.claims[record] for record in group if record in bench.found.claims} for group in bench.groups]
    return bool(x) and bool(y) and len(x | y) > 1


def _claims(bench: _Bench, *, reveal: bool) -> list[Claim]:
    field = bench.explainer.attested or ""
    return [
        Claim(record=record.hex(), source=bench.rows[record].source, field=field,
              value=value if reveal else explain_words.mask(value))
        for record, value in sorted(bench.found.claims.items())
    ]  # fmt: skip


def _pairs(bench: _Bench) -> Iterable[Ends]:
    """The pairs across two entities, at most so many as are compared."""
    return islice(((a, b) if a < b else (b, a) for a, b in product(*bench.groups)), _COMPARED)


def _shared(bench: _Bench) -> Iterable[tuple[str, ...]]:
    rows = bench.rows
    return (bench.explainer.compare(rows[a].body, rows[b].body).shared for a, b in _pairs(bench))


def _pair(bench: _Bench, asked: Ends | None) -> Pair:
    """Return the evidence on the records asked about, else on the pair that speaks loudest for one."""
    rows, edges = bench.rows, bench.edges
    if asked is None:
        x, _ = bench.groups
        known = [edge for (a, b), edge in edges.items() if (a in x) != (b in x)]
        if known:
            best = min(known, key=lambda edge: (-edge.weight, edge.a, edge.b))
            asked = best.a, best.b
        else:
            weight = {ends: bench.explainer.compare(rows[ends[0]].body, rows[ends[1]].body).weight
                      for ends in _pairs(bench)}  # fmt: skip
            asked = min(weight, key=lambda ends: (-weight[ends], ends))
    edge = edges.get(asked)
    compared = bench.explainer.compare(rows[asked[0]].body, rows[asked[1]].body)
    levels, total = (compared.levels, compared.weight) if edge is None else (edge.levels, edge.weight)
    return Pair(
        a=asked[0].hex(), b=asked[1].hex(), compared=edge is not None, shared=list(compared.shared),
        account=Account.model_validate(bench.explainer.account(levels, total)),
    )  # fmt: skip


# ---------------------------------------------------------------- what would change it


def _parting(bench: _Bench, joined: Sequence[Step]) -> list[Said]:
    """Return what would part one entity: its decisions, then the first pair whose change does."""
    if not joined or not bench.faithful:
        return []
    kind, found = bench.explainer.entity, list[Said]()
    for judgement in dict.fromkeys(step.judgement for step in joined if step.judgement is not None):
        parts = len(bench.try_out(judgements=[row for row in bench.case.judgements if row.id != judgement]).groups)
        if parts > 1:
            what = explain_words.change("withdrawn", kind, judgement=judgement)
            found.append(explain_words.change("apart", kind, what=what, n=parts))
    edges = bench.edges
    by_weight = sorted((step for step in joined if step.judgement is None), key=lambda step: step.weight or 0.0)
    for step in by_weight[:_TRIED]:
        edge = edges[(step.a, step.b) if step.a < step.b else (step.b, step.a)]
        change = bench.explainer.account(edge.levels, edge.weight).change
        if change is not None:
            parts = len(bench.try_out(edges=_with(bench.case.edges, edge, change.total)).groups)
            if parts > 1:
                what = Said(id=change.id, en=change.en)
                return [*found, explain_words.change("apart", kind, what=what, n=parts)]
    return found or [explain_words.change("holds", kind)]


def _joining(bench: _Bench, pair: Pair, reason: Reason) -> list[Said]:
    """Return what would make two entities one."""
    kind = bench.explainer.entity
    if reason == "decided_different":
        ids = {row.id for row in _decided(bench, "different")}
        left = [row for row in bench.case.judgements if row.id not in ids]
        after = bench.try_out(judgements=left)
        what = explain_words.change("withdrawn", kind, judgement=", ".join(sorted(ids)))
        return [_then(kind, what, after)]
    if reason in _AT_THE_SOURCE:
        return [explain_words.change(_AT_THE_SOURCE[reason], kind, field=bench.explainer.attested)]
    steward = explain_words.change("steward", kind)
    if reason == "threshold" and pair.account.change is not None and pair.compared:
        edge = bench.edges[bytes.fromhex(pair.a), bytes.fromhex(pair.b)]
        after = bench.try_out(edges=_with(bench.case.edges, edge, pair.account.change.total))
        what = Said(id=pair.account.change.id, en=pair.account.change.en)
        return [_then(kind, what, after), steward]
    if reason == "average":
        x, y = bench.groups
        last = [step for step in bench.found.steps if step.outcome == "average" and _across(step, x, y)]
        if last:
            return [explain_words.change("more", kind, average=last[-1].average, threshold=bench.explainer.threshold),
                    steward]  # fmt: skip
    if reason in ("no_key", "generic_key"):
        return [explain_words.change("key", kind), steward]
    return [] if reason == "size" else [steward]


def _then(kind: str, what: Said, after: Retraced) -> Said:
    if len(after.groups) == 1:
        return explain_words.change("joins", kind, what=what)
    refused = [step.outcome for step in after.steps if step.outcome != "joined"]
    return explain_words.change("not_enough", kind, what=what, why=refused[-1] if refused else "average")


def _with(edges: Sequence[EdgeRow], changed: EdgeRow, total: float) -> list[EdgeRow]:
    """Return the edges with another weight for one of them."""
    return [replace(edge, weight=round(total * 1000)) if edge is changed else edge for edge in edges]


# ---------------------------------------------------------------- the answer


def _bench(snapshot: Snapshot, explainers: Mapping[str, Explainer], kind: str, entity_ids: Sequence[UUID]) -> _Bench:
    explainer = explainers.get(kind)
    if explainer is None:
        raise NotFound(f"this hub resolves no {kind}: it has no model for one")
    members = explain_case.by_entity(snapshot, entity_ids)
    groups = tuple(members[entity_id] for entity_id in entity_ids)
    case = explain_case.gather(snapshot, explainer, [record for group in groups for record in group])
    return _Bench(explainer, case, explainer.retrace(case), groups)


def _answer(
    snapshot: Snapshot, bench: _Bench, entity_ids: Sequence[UUID], reason: Reason, steps: Sequence[Step]
) -> Explanation:
    explainer, rows = bench.explainer, bench.rows
    said = explain_words.verdict(reason, explainer.entity, field=explainer.attested, largest=explainer.largest)
    ids = sorted({row.id for row in bench.case.judgements})
    decisions = {row.id: row for row in bench.case.judgements}
    names = {record: f"{row.source} {record.hex()[:8]}" for record, row in rows.items()}
    edges = bench.edges
    return Explanation(
        entity=explainer.entity, model=explainer.version, entities=list(entity_ids),
        one=reason in ("alone", "evidence", "decided_same"), reason=reason, id=said.id, en=said.en,
        records=read.members(snapshot.members(entity_ids)),
        steps=[_told(bench, step, names, decisions, edges) for step in steps], pair=None, claims=[],
        judgements=read.judgements([row for each in ids for row in snapshot.judgement(each)]),
        changes=[], faithful=bench.faithful,
    )  # fmt: skip


def _told(
    bench: _Bench, step: Step, names: Mapping[bytes, str], decisions: Mapping[str, JudgementRow],
    edges: Mapping[Ends, EdgeRow],
) -> ToldStep:  # fmt: skip
    said = explain_words.step(step, names, decisions, bench.explainer.threshold)
    edge = edges.get((step.a, step.b) if step.a < step.b else (step.b, step.a))
    account = None if edge is None else bench.explainer.account(edge.levels, edge.weight)
    return ToldStep(
        a=step.a.hex(), b=step.b.hex(), weight=step.weight, judgement=step.judgement,
        left=[record.hex() for record in step.left], right=[record.hex() for record in step.right],
        average=round(step.average, 3), outcome=step.outcome,
        account=None if account is None else Account.model_validate(account), id=said.id, en=said.en,
    )  # fmt: skip
