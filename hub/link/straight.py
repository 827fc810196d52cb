"""Straight-line functions from data: what every record and every pair passes through is written out once a model.

The loop over a model's comparisons or keys costs three times the work in it; the same steps as one function do not.
Only names made here and whole numbers stand in the text, nothing from the model file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, cast


def function(arguments: str, lines: Sequence[str], names: Mapping[str, object]) -> Callable[..., Any]:
    """Return the function of these arguments and lines; `names` are what the lines may call."""
    text = "\n".join([f"def written({arguments}):", *[f"    {line}" for line in lines]])
    space: dict[str, object] = dict(names)
    exec(_compiled(text), space)  # noqa: S102 -- see the module's docstring
    return cast("Callable[..., Any]", space["written"])


@lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    """Return the code of a text: a model that is tried beside the present one is often written out alike."""
    return compile(text, "<model>", "exec")
