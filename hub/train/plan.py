"""How much training looks at, and when it refuses what it learned."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator may choose."""

    on: str = "the hub's own records"
    """What the records are, as the model file says."""
    seeds: int = 20_000
    """Records drawn; all that share a key with one come along."""
    seed: str = "satudata"
    pass_pairs: int = 200_000
    """Pairs by one blocking key at most."""
    random_pairs: int = 1_000_000
    least_pairs: int = 500
    """Pairs that a pass needs."""
    least_matches: float = 100.0
    """True pairs that a pass needs, as EM has it."""
    least_level: int = 20
    """Pairs that must show a level."""
    keep_rare: bool = False
    """Levels that too few pairs show keep their present weights, and are no reason to refuse."""
    most_move: float = 6.0
    """Bits that a weight may move."""
    accept_move: bool = False
    """Weights that moved farther are no reason to refuse."""
    clear: float = 5.0
    """Bits by which one level must lead another today, for their order to be binding."""
