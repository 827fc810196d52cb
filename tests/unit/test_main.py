"""The command line: every command exists, tells its help, and faults are one clear sentence."""

from importlib import import_module

import pytest

from hub import __main__ as cli


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_can_be_found_and_tells_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_the_list_is_shown_without_importing_any_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in cli.COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["nothing"], "no command 'nothing'"), (["run"], "Missing argument"), (["run", "clean", "--fast"], "--fast")],
)
def test_a_wrong_call_is_told_and_ends_with_two(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    assert told in capsys.readouterr().err


def test_an_error_of_the_hub_is_one_sentence_and_ends_with_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("SATUDATA_HOME", str(tmp_path))
    assert cli.run(["prepare"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("RefuseToStart: no address for kafka")
    assert error.count("\n") == 1


def test_the_table_names_functions_that_exist() -> None:
    for place, _ in cli.COMMANDS.values():
        module, _, attribute = place.partition(":")
        assert hasattr(import_module(module), attribute), place
