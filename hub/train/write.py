"""Write a trained model: the present file with new weights, prior and frequencies; everything else as it stands."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from hub.link import model as models
from hub.link.model import Model
from hub.train.fit import Fit, Fitted
from hub.train.frequencies import Table
from hub.wire.errors import RefuseToStart


def file(text: str, version: str, fit: Fit, tables: Mapping[str, Table], note: Mapping[str, Any]) -> str:
    """Return the text of the trained model's file, from the text of the present one's."""
    raw = deepcopy(tomllib.loads(text))
    raw.update(version=version, origin="trained", trained_on=note["on"], prior=fit.prior / 1000, trained=dict(note))
    for entry in raw["compare"]:
        entry["levels"] = {each.level: _level(each) for each in fit.of(entry["name"])}
        entry.pop("frequency", None)
        table = tables.get(entry["name"])
        if table is not None:
            entry["frequency"] = {"table": table.name, "level": list(table.levels)}
    head = ("# Weights are bits of evidence, log2(m/u); m and u were learned without labels by `satudata train`.\n"
            "# A level without m and u kept the weight of the model before.\n\n")  # fmt: skip
    return head + dump(raw)


def save(path: Path, text: str, tables: Mapping[str, Table]) -> Model:
    """Write the model and its frequencies, and return it as read back; an existing file is not replaced."""
    beside = path.with_name(f"{path.stem}.frequencies.json")
    if path.exists() or beside.exists():
        raise RefuseToStart(f"{path.name} or its frequencies exist; name another file, a model in use never changes")
    path.parent.mkdir(parents=True, exist_ok=True)
    frequencies = {table.name: table.json() for table in tables.values()}
    beside.write_text(json.dumps(frequencies, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    return models.read(path)


def next_path(folder: Path, entity: str) -> Path:
    """Return the first free number of an entity's models, in a folder and among those that ship."""
    taken = [
        int(number)
        for place in (folder, models.SHIPPED)
        for path in place.glob(f"{entity}-*.toml")
        if (number := path.stem.removeprefix(f"{entity}-")).isdigit()
    ]
    return folder / f"{entity}-{max(taken, default=0) + 1}.toml"


def _level(each: Fitted) -> Any:
    if each.kept == "fixed":
        return {"bits": each.after / 1000, **_shares(each), "fixed": True}
    if each.m is None or each.u is None:
        return each.after / 1000 if each.u is None else {"bits": each.after / 1000, "u": each.u}
    return {"bits": each.after / 1000, **_shares(each)}


def _shares(each: Fitted) -> dict[str, float]:
    known = {"m": each.m, "u": each.u}
    return {name: float(f"{max(share, 1e-12):.6g}") for name, share in known.items() if share is not None}


# ---------------------------------------------------------------------- TOML


def dump(raw: Mapping[str, Any]) -> str:
    """Return TOML of a model: values first, then tables, then entries, each in the order of `raw`."""
    return "\n".join(_table(raw, "")).strip() + "\n"


def _table(table: Mapping[str, Any], path: str) -> list[str]:
    lines = [f"{name} = {_value(value)}" for name, value in table.items() if not _is_section(value, path)]
    for name, value in table.items():
        if isinstance(value, dict) and _is_section(value, path):
            lines += ["", f"[{path}{name}]", *_table(value, f"{path}{name}.")]
        elif _is_section(value, path):
            for entry in value:
                lines += ["", f"[[{path}{name}]]", *_table(entry, f"{path}{name}.")]
    return lines


def _is_section(value: Any, path: str) -> bool:
    if isinstance(value, dict):
        return not path.endswith(".levels.")
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{name} = {_value(each)}" for name, each in value.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([_value(each) for each in value]) + "]"
    return json.dumps(value, ensure_ascii=False)
