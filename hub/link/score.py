"""Score a pair: one level a comparison, packed into a code; a code's weight and explanation are made once."""

from __future__ import annotations

from collections.abc import Iterable

from hub.link.compare import birth, kk, mother, name, nik, sex
from hub.link.features import Features
from hub.link.model import COMPARISONS, Model
from hub.wire.decisions import Level
from hub.wire.errors import Halt

_BITS = 4


class Scorer:
    """Scores pairs under one model; a pair's result is its code, a small integer shared by all pairs like it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._code: dict[int, int] = {}
        self.weight: dict[int, int] = {}
        """Weight in milli-bits of each code met."""
        self.levels: dict[int, tuple[Level, ...]] = {}
        """Explanation of each code met."""

    def score(self, a: Features, b: Features) -> int:
        """Return the code of a pair; symmetric in its arguments."""
        code = (
            nik.compare(a, b)
            | name.compare(a, b) << 4
            | birth.compare(a, b) << 8
            | sex.compare(a, b) << 12
            | kk.compare(a, b) << 16
            | mother.compare(a, b) << 20
        )
        known = self._code.get(code)
        return known if known is not None else self._learn(code)

    def code_of(self, levels: Iterable[Level], weight: int) -> int:
        """Return the code of stored levels; raises Halt when this model would weigh them otherwise."""
        code = 0
        shifts = {comparison: place * _BITS for place, comparison in enumerate(COMPARISONS)}
        for level in levels:
            if level.comparison not in shifts or level.level not in COMPARISONS[level.comparison].LEVELS:
                raise self._foreign(f"level {level.comparison}.{level.level} is unknown")
            code |= COMPARISONS[level.comparison].LEVELS.index(level.level) << shifts[level.comparison]
        known = self._code.get(code)
        code = known if known is not None else self._learn(code)
        if self.weight[code] != weight:
            raise self._foreign(f"an edge weighs {weight}, here it would be {self.weight[code]}")
        return code

    def _learn(self, code: int) -> int:
        levels = []
        for place, (comparison, module) in enumerate(COMPARISONS.items()):
            index = code >> place * _BITS & 15
            if index:
                levels.append(Level(comparison, module.LEVELS[index], self._model.weights[comparison][index]))
        self.weight[code] = self._model.prior + sum(level.weight for level in levels)
        self.levels[code] = tuple(levels)
        self._code[code] = code
        return code

    def _foreign(self, what: str) -> Halt:
        return Halt(
            f"the store's edges were scored by another model than {self._model.version}: {what}; "
            "start with the model the store was built with, or rebuild the store"
        )
