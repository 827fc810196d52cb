"""Score a pair: one level a comparison, packed into a code; a code's weight and explanation are made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from hub.link import kinds
from hub.link.features import Layout, Slots
from hub.link.frequency import COMMON, RARE, adjustments
from hub.link.model import Model
from hub.link.straight import function
from hub.wire.decisions import Level
from hub.wire.errors import Halt

CAPPED = "capped"
"""Level of the entry that takes back what evidence counted together weighs above its cap."""
_BITS = 4
_LEVEL = (1 << _BITS) - 1
_SIGN = 1 << (_BITS - 1)
_EXPLAINED = 1 << 14


class Scorer:
    """Scores pairs under one model; a pair's result is its code, a small integer shared by all pairs like it."""

    def __init__(self, model: Model, layout: Layout) -> None:
        self._model = model
        self._places = {each.name: place for place, each in enumerate(model.comparisons)}
        adjusted = [at for at, each in enumerate(model.comparisons) if each.frequency is not None]
        self._shift_of = {at: (len(model.comparisons) + n) * _BITS for n, at in enumerate(adjusted)}
        """Shift of the adjustment, by the comparison's place."""
        self._levels_of: Callable[[Slots, Slots], int] = self._written(layout)
        self._code: dict[int, int] = {}
        self._level: dict[tuple[int, str, int], Level] = {}
        self.listed: set[int] = set()
        """Codes met that show a pattern of the rule `listed`."""
        self.first: set[int] = set()
        """Codes met that show a pattern of the rule `first`."""
        self.weight: dict[int, int] = {}
        """Weight in milli-bits of each code met."""
        self.levels = lru_cache(_EXPLAINED)(self._levels)
        """Returns the explanation of a code: its levels and adjustments by comparison, then what caps took back."""

    def score(self, a: Slots, b: Slots) -> int:
        """Return the code of a pair; symmetric in its arguments."""
        code = self._levels_of(a, b)
        known = self._code.get(code)
        return known if known is not None else self._learn(code)

    def indices(self, code: int) -> tuple[int, ...]:
        """Return the level's index of each comparison, in the model's order."""
        return tuple([code >> place * _BITS & _LEVEL for place in range(len(self._places))])

    def code_of(self, levels: Iterable[Level], weight: int) -> int:
        """Return the code of stored levels; raises Halt when this model would weigh them otherwise."""
        code = 0
        for level in levels:
            if level.level != CAPPED:
                code |= self._code_of(level)
        known = self._code.get(code)
        code = known if known is not None else self._learn(code)
        if self.weight[code] != weight:
            raise self._foreign(f"an edge weighs {weight}, here it would be {self.weight[code]}")
        return code

    def _written(self, layout: Layout) -> Callable[[Slots, Slots], int]:
        """Write out the comparisons of a pair, each where both sides are known, and the adjustments."""
        lines, names = ["code = 0"], dict[str, object]()
        for at, (comparison, place) in enumerate(zip(self._model.comparisons, layout.places, strict=True)):
            names[f"compare{at}"] = kinds.find(comparison.kind).compare
            lines += [f"x = a[{place}]; y = b[{place}]", f"if x and y: code |= compare{at}(x, y) << {at * _BITS}"]
        for at, shift in self._shift_of.items():
            names[f"adjust{at}"] = adjustments(self._model.comparisons[at]).get
            place = layout.places[at]
            lines.append(f"found = adjust{at}(code >> {at * _BITS} & {_LEVEL})")
            lines.append(f"if found is not None: code |= (found.bits(a[{place}], b[{place}]) & {_LEVEL}) << {shift}")
        return function("a, b", [*lines, "return code"], names)

    def _code_of(self, level: Level) -> int:
        place = self._places.get(level.comparison, -1)
        if place >= 0 and level.level in {COMMON, RARE} and place in self._shift_of:
            return (level.weight // 1000 & _LEVEL) << self._shift_of[place]
        if place < 0 or level.level not in self._model.comparisons[place].levels:
            raise self._foreign(f"level {level.comparison}.{level.level} is unknown")
        return self._model.comparisons[place].levels.index(level.level) << place * _BITS

    def _learn(self, code: int) -> int:
        self.weight[code] = self._model.prior + sum([level.weight for level in self.levels(code)])
        indices = zip(self._model.comparisons, self.indices(code), strict=True)
        levels = {each.name: each.levels[index] for each, index in indices}
        rules = self._model.rules
        for codes, patterns in ((self.listed, rules.listed), (self.first, rules.first)):
            if any(pattern.shown_by(levels) for pattern in patterns):
                codes.add(code)
        self._code[code] = code
        return code

    def _levels(self, code: int) -> tuple[Level, ...]:
        found: list[Level] = []
        for place, comparison in enumerate(self._model.comparisons):
            index = code >> place * _BITS & _LEVEL
            if index:
                found.append(self._known(place, comparison.levels[index], comparison.weights[index].milli))
                adjusted = self._adjustment(code, place)
                if adjusted:
                    found.append(self._known(place, COMMON if adjusted < 0 else RARE, adjusted * 1000))
        for together in self._model.together:
            joint = sum([level.weight for level in found if together.covers(level.comparison)])
            if joint > together.cap:
                found.append(Level(together.name, CAPPED, together.cap - joint))
        return tuple(found)

    def _adjustment(self, code: int, place: int) -> int:
        shift = self._shift_of.get(place)
        if shift is None:
            return 0
        bits = code >> shift & _LEVEL
        return bits - 2 * _SIGN if bits & _SIGN else bits

    def _known(self, place: int, level: str, weight: int) -> Level:
        """One object for equal levels."""
        key = (place, level, weight)
        known = self._level.get(key)
        if known is None:
            known = self._level[key] = Level(self._model.comparisons[place].name, level, weight)
        return known

    def _foreign(self, what: str) -> Halt:
        return Halt(
            f"the store's edges were scored by another model than {self._model.version}: {what}; "
            "start with the model the store was built with (SATUDATA_MODELS names its folder), or rebuild the store"
        )
