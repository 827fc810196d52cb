"""The tree: sizes, docstrings and words that must not be there."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {ROOT / "hub" / "wire" / "records.py"}
CODE = sorted(p for folder in ("hub", "connectors", "tools") for p in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CODE, ids=named)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree), "no module docstring"
    if path in GENERATED:
        return
    assert len(text.splitlines()) <= 400
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 50
    }
    assert not long


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    forbidden = re.compile(
        r"(?<![\w.])/(?:work|root|home)/\w|https?://[^\s\"')]*(?:/simple\b|/maven2\b|npmjs|pypi\.org)"
    )
    found = []
    for path in tracked():
        if path.suffix in {".png", ".svg", ".woff2"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{named(path)}: {match[0]}" for match in forbidden.finditer(text)]
    assert not found


def test_no_lock_file_names_download_addresses() -> None:
    assert not [path for path in tracked() if path.name == "uv.lock"]
    assert "http" not in re.sub(r"#.*|^[\w.\-\[\]]+==.*", "", (ROOT / "requirements.lock").read_text(), flags=re.M)


def test_tests_are_never_skipped_and_work_is_finished() -> None:
    skipped = re.compile(r"pytest\.(?:skip|mark\.skip|mark\.xfail|importorskip)|unittest\.skip")
    unfinished = re.compile(r"\bNotImplementedError\b|\bTODO\b|\bFIXME\b")
    found = []
    for path in tracked():
        if path.suffix != ".py" or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        pattern = skipped if named(path).startswith("tests/") else unfinished
        found += [f"{named(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found
