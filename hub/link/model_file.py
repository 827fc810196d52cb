"""Read a model file and check it whole; every fault is refused with the file, the entry and what is expected."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

from hub.link import keys, kinds
from hub.link.evidence import Attested, Block, Comparison, Frequency, Pattern, Rules, Together, Weight
from hub.link.records import RECORDS
from hub.wire.errors import RefuseToStart

_HEAD = frozenset(
    {"entity", "version", "origin", "trained_on", "prior", "threshold", "floor", "generic_bound", "max_cluster"}
)
_LISTS = frozenset({"anchor", "compare", "together", "block", "rule", "survivorship", "training_block"})
_OPTIONAL = frozenset({"together", "rule", "training_block", "trained"})
"""`trained` is what training notes of itself; the engine does not read it."""
_NAME = re.compile("[a-z][a-z0-9_]*")
_ORIGINS = ("hand", "trained")
_RULES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "attested": (frozenset({"kind", "field"}), frozenset({"borne_out_by", "own"})),
    "listed": (frozenset({"kind", "when"}), frozenset()),
    "first": (frozenset({"kind", "when"}), frozenset()),
}
"""Kinds of rule, each with the names that its entry has, and those that it may have."""
_MOST_LEVELS = 16
_MOST_BLOCKS = 16
_HEAVIEST = 64.0
"""Bits that no level can weigh."""


class File:
    """A model file; each method returns one of its parts, or raises RefuseToStart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise RefuseToStart(
                f"model file {path.name} cannot be read: {error}; restore it from the package"
            ) from error
        self._names("the file", self._raw, _HEAD | _LISTS, _OPTIONAL)
        entity = self._raw["entity"]
        if entity not in RECORDS:
            raise self._fault("entity", f"{entity!r} is none of {', '.join(RECORDS)}")
        self._fields = frozenset(each.name for each in fields_of(RECORDS[entity]))
        self._tables = self._frequencies()

    # ------------------------------------------------------------------ parts

    def head(self) -> dict[str, Any]:
        """The model's own attributes."""
        raw = self._raw
        if raw["origin"] not in _ORIGINS:
            raise self._fault("origin", f"{raw['origin']!r} is none of {', '.join(_ORIGINS)}")
        return {
            "entity": raw["entity"],
            "version": self._text("version", raw["version"]),
            "origin": raw["origin"],
            "trained_on": self._text("trained_on", raw["trained_on"]),
            "prior": self._milli("prior", raw["prior"]),
            "threshold": self._milli("threshold", raw["threshold"]),
            "floor": self._milli("floor", raw["floor"]),
            "generic_bound": self._count("generic_bound", raw["generic_bound"]),
            "max_cluster": self._count("max_cluster", raw["max_cluster"]),
            "anchor": self._texts("anchor", raw["anchor"]),
        }

    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons in their order."""
        found = [self._comparison(each) for each in self._entries("compare")]
        self._distinct("[[compare]]", [each.name for each in found])
        return tuple(found)

    def together(self) -> tuple[Together, ...]:
        """The caps on evidence that is not independent."""
        known = {each.get("name") for each in self._raw["compare"]}
        found = []
        for entry in self._entries("together"):
            self._names("[[together]]", entry, {"names", "cap"})
            names = self._texts("[[together]] names", entry["names"])
            if len(names) < 2 or not known.issuperset(names):
                raise self._fault("[[together]]", f"names {list(names)} must be two or more comparisons of the file")
            found.append(Together(names, self._milli("[[together]] cap", entry["cap"])))
        return tuple(found)

    def blocks(self) -> tuple[Block, ...]:
        """The blocking keys."""
        return self._blocks("block")

    def training_blocks(self) -> tuple[Block, ...]:
        """The blocking keys by which training draws its pairs: those named for it, else the model's own."""
        return self._blocks("training_block" if "training_block" in self._raw else "block")

    def rules(self) -> Rules:
        """The rules; a model may have none."""
        found = self._by_kind()
        if len(found["attested"]) > 1:
            raise self._fault("[[rule]]", "kind attested may stand once")
        return Rules(
            next(map(self._attested, found["attested"]), None),
            tuple([self._pattern("listed", entry) for entry in found["listed"]]),
            tuple([self._pattern("first", entry) for entry in found["first"]]),
        )

    def survivorship(self) -> Mapping[str, tuple[str, ...]]:
        """The order of authorities of each attribute group."""
        table = self._raw["survivorship"]
        if not isinstance(table, dict):
            raise self._fault("[survivorship]", "must be a table of attribute group = [authorities]")
        return {group: self._texts(f"[survivorship] {group}", order) for group, order in table.items()}

    # ------------------------------------------------------------------ blocks

    def _blocks(self, kind: str) -> tuple[Block, ...]:
        found = []
        for entry in self._entries(kind):
            self._names(f"[[{kind}]]", entry, {"name", "parts"})
            name = self._text(f"[[{kind}]] name", entry["name"])
            where = f"[[{kind}]] {name}"
            parts = tuple([self._part(where, part) for part in self._texts(where, entry["parts"])])
            found.append(Block(name, parts))
        self._distinct(f"[[{kind}]]", [each.name for each in found])
        if not 0 < len(found) <= _MOST_BLOCKS:
            raise self._fault(f"[[{kind}]]", f"{len(found)} blocks, there must be 1 to {_MOST_BLOCKS}")
        return tuple(found)

    def _part(self, where: str, part: str) -> tuple[str, str]:
        field, _, transform = part.partition(":")
        transform = transform or keys.EXACT
        if not keys.knows(transform):
            raise self._fault(where, f"transform {transform!r} is none of {', '.join(keys.TRANSFORMS)}, 5-12")
        return self._field(where, field), transform

    # ------------------------------------------------------------------ rules

    def _by_kind(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _RULES}
        for entry in self._entries("rule"):
            kind = entry.get("kind")
            if not isinstance(kind, str) or kind not in _RULES:
                raise self._fault("[[rule]]", f"kind {kind!r} is none of {', '.join(_RULES)}")
            self._names(f"[[rule]] {kind}", entry, *_RULES[kind])
            found[kind].append(entry)
        return found

    def _attested(self, entry: dict[str, Any]) -> Attested:
        field = self._field("[[rule]]", entry["field"])
        alone = [at for at, block in enumerate(self.blocks()) if block.parts == ((field, keys.EXACT),)]
        if not alone:
            raise self._fault("[[rule]]", f'a [[block]] must hold {field} alone: parts = ["{field}"]')
        proofs = tuple([self._field("[[rule]]", each) for each in entry.get("borne_out_by", ())])
        if proofs not in {(), keys.BEARS_OUT_NIK} or (proofs and field != "nik"):
            raise self._fault("[[rule]] borne_out_by", f"only a nik can be borne out, by {list(keys.BEARS_OUT_NIK)}")
        own = entry.get("own", False)
        if not isinstance(own, bool) or (own and proofs):
            raise self._fault("[[rule]] own", "is true or false, and false beside borne_out_by")
        return Attested(field, proofs, own, alone[0])

    def _pattern(self, kind: str, entry: dict[str, Any]) -> Pattern:
        kinds_of = {each["name"]: each["kind"] for each in self._raw["compare"]}
        when = entry["when"]
        if not isinstance(when, dict) or not when:
            raise self._fault(f"[[rule]] {kind}", "when must be a table of comparison = [levels]")
        found = {}
        for name, levels in when.items():
            where = f"[[rule]] {kind}, when {name}"
            if name not in kinds_of:
                raise self._fault(where, "is no comparison of the file")
            found[name] = frozenset(self._texts(where, levels))
            unknown = sorted(found[name].difference(kinds.find(kinds_of[name]).LEVELS))
            if unknown:
                raise self._fault(where, f"kind {kinds_of[name]} has no level {', '.join(unknown)}")
        return Pattern(found)

    # ------------------------------------------------------------------ comparisons

    def _comparison(self, entry: dict[str, Any]) -> Comparison:
        self._names("[[compare]]", entry, {"name", "kind", "fields", "levels"}, {"frequency", "said"})
        name = self._text("[[compare]] name", entry["name"])
        if not _NAME.fullmatch(name):
            raise self._fault("[[compare]] name", f"{name!r} must be small letters, digits and _")
        where = f"[[compare]] {name}"
        kind = self._text(f"{where} kind", entry["kind"])
        if kind not in kinds.names():
            raise self._fault(where, f"kind {kind!r} is none of {', '.join(kinds.names())}")
        least, most = kinds.find(kind).FIELDS
        fields = tuple([self._field(where, each) for each in self._texts(where, entry["fields"])])
        if not least <= len(fields) <= most:
            raise self._fault(where, f"kind {kind} reads {least} to {most} fields, not {len(fields)}")
        weights = self._weights(where, kind, entry["levels"])
        frequency = self._frequency(where, kind, weights, entry.get("frequency"))
        said = self._texts(f"{where} said", entry.get("said", (name, name)))
        if len(said) != 2:
            raise self._fault(where, "said must be two texts, Indonesian and English")
        return Comparison(name, kind, fields, weights, frequency, (said[0], said[1]))

    def _weights(self, where: str, kind: str, table: dict[str, Any]) -> tuple[Weight, ...]:
        levels = kinds.find(kind).LEVELS
        where = f"{where}, levels"
        if not isinstance(table, dict) or len(levels) > _MOST_LEVELS:
            raise self._fault(where, "must be a table of level = bits")
        self._names(where, table, set(levels[1:]))
        return (Weight(0), *[self._weight(f"{where} {level}", table[level]) for level in levels[1:]])

    def _weight(self, where: str, given: Any) -> Weight:
        if not isinstance(given, dict):
            return Weight(self._milli(where, given))
        self._names(where, given, set(), {"bits", "m", "u", "fixed"})
        m, u = self._share(where, given.get("m")), self._share(where, given.get("u"))
        fixed = given.get("fixed", False)
        if not isinstance(fixed, bool):
            raise self._fault(where, "fixed is true or false")
        if "bits" in given:
            return Weight(self._milli(where, given["bits"]), m, u, fixed)
        if m is None or u is None:
            raise self._fault(where, "needs bits, or both m and u")
        return Weight(self._milli(where, math.log2(m / u)), m, u, fixed)

    def _frequency(self, where: str, kind: str, weights: tuple[Weight, ...], entry: Any) -> Frequency | None:
        if entry is None:
            return None
        where = f"{where}, frequency"
        if not isinstance(entry, dict):
            raise self._fault(where, "must be a table with table and level")
        self._names(where, entry, {"table", "level"})
        wanted = entry["level"]
        levels = (wanted,) if isinstance(wanted, str) else self._texts(f"{where} level", wanted)
        for level in levels:
            if level not in kinds.find(kind).LEVELS[1:]:
                raise self._fault(where, f"kind {kind} has no level {level!r}")
            if weights[kinds.find(kind).LEVELS.index(level)].u is None:
                raise self._fault(where, f"level {level} must give its u, the share that its weight stands for")
        table = self._text(f"{where} table", entry["table"])
        if table not in self._tables:
            raise self._fault(where, f"table {table!r} is not in {_beside(self.path).name}")
        least, shares = self._tables[table]
        return Frequency(table, levels, least, shares)

    def _frequencies(self) -> dict[str, tuple[float | None, dict[str, float]]]:
        path = _beside(self.path)
        if not path.exists():
            return {}
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return {
                name: (_rare(table), {value: _positive(share) for value, share in table["shares"].items()})
                for name, table in raw.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RefuseToStart(
                f"frequency file {path.name}: {error}; it holds a table by name, "
                'each {"least": share, "shares": {value: share}} with shares above 0, at most 1'
            ) from error

    # ------------------------------------------------------------------ checks

    def _entries(self, name: str) -> list[dict[str, Any]]:
        entries = self._raw.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise self._fault(f"[[{name}]]", "must be entries with two brackets")
        return entries

    def _field(self, where: str, field: object) -> str:
        if field not in self._fields:
            raise self._fault(where, f"a {self._raw['entity']} record has no field {field!r}")
        return str(field)

    def _names(self, where: str, found: Iterable[str], wanted: Iterable[str], optional: Iterable[str] = ()) -> None:
        missing = sorted(set(wanted) - set(found) - set(optional))
        unknown = sorted(set(found) - set(wanted) - set(optional))
        if missing or unknown:
            raise self._fault(where, f"missing {missing}, unknown {unknown}; it must name all")

    def _distinct(self, where: str, names: list[str]) -> None:
        if len(set(names)) < len(names):
            raise self._fault(where, f"each needs a name of its own, found {names}")

    def _milli(self, where: str, bits: object) -> int:
        if isinstance(bits, bool) or not isinstance(bits, int | float) or not abs(bits) <= _HEAVIEST:
            raise self._fault(where, f"{bits!r}: weights and bounds are numbers of bits, at most {_HEAVIEST:.0f}")
        return round(bits * 1000)

    def _count(self, where: str, number: object) -> int:
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise self._fault(where, f"{number!r} must be a whole number of 1 or more")
        return number

    def _share(self, where: str, share: object) -> float | None:
        try:
            return None if share is None else _positive(share)
        except ValueError as error:
            raise self._fault(where, f"{error}: m and u are shares above 0, at most 1") from error

    def _text(self, where: str, text: object) -> str:
        if not isinstance(text, str) or not text:
            raise self._fault(where, f"{text!r} must be a text")
        return text

    def _texts(self, where: str, texts: object) -> tuple[str, ...]:
        if not isinstance(texts, list | tuple) or not texts:
            raise self._fault(where, f"{texts!r} must be a list of texts")
        return tuple([self._text(where, each) for each in texts])

    def _fault(self, where: str, what: str) -> RefuseToStart:
        return RefuseToStart(f"model file {self.path.name}, {where}: {what}")


def _rare(table: Mapping[str, Any]) -> float | None:
    return _positive(table["least"]) if "least" in table else None


def _positive(share: object) -> float:
    """A share above 0, at most 1; raises ValueError."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"{share!r} is no share")
    return float(share)


def _beside(path: Path) -> Path:
    """The frequencies of a model file."""
    return path.with_name(f"{path.stem}.frequencies.json")
