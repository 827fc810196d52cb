"""The command `satudata`: one table of subcommands, each loaded only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

from hub.wire.errors import HubError

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("hub.platform.commands:up", "Start Kafka, registry and PostgreSQL on this machine"),
    "down": ("hub.platform.commands:down", "Stop the services that `up` started"),
    "status": ("hub.platform.commands:status", "Show which services run, and how each source is doing"),
    "prepare": ("hub.commands:prepare_command", "Create topics, schemas and tables; safe to repeat"),
    "discover": ("connectors.discover.command:discover", "Draft a source's contract from a database or a file"),
    "template": ("connectors.template:template", "Write a workbook that an office fills in, from a source's contract"),
    "check": ("connectors.commands:check", "Check a source before it goes live, with remedies"),
    "source": ("connectors.source_commands:app", "Have a source read again, verified, paused or resumed; list sources"),
    "run": ("hub.commands:run_command", "Run one stage (clean, reconcile, publish, serve, verify) or one source"),
    "demo": ("hub.demo.commands:demo", "Watch invented changes become golden records"),
    "quarantine": ("hub.serve.commands:quarantine", "List, show, retry or discard refused records"),
    "explain": (
        "hub.commands:explain_command",
        "Tell why records are one, or why two are not, and what would change it",
    ),
    "padan": ("hub.serve.padan.command:padan", "Tell which of an office's records match the civil register, and why"),
    "evaluate": (
        "hub.evaluate.commands:app",
        "Measure precision and recall: a truth file, a judged sample, public data",
    ),
    "train": ("hub.train.commands:train", "Train a model on the hub's own records, without labels, with a report"),
    "model": ("hub.train.model_commands:app", "List and show models, see what one would change, switch to it"),
    "backup": ("hub.serve.commands:backup", "Write the consolidated store to one file"),
    "restore": ("hub.serve.commands:restore", "Bring a backup back under live sources"),
    "bench": ("hub.bench.commands:app", "Measure hop, river or latency: one JSON line a figure"),
}


def usage() -> None:
    """Show the subcommands without importing them."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print("Usage: satudata COMMAND [OPTIONS]\n", highlight=False)
    console.print("Satu Data hub: record changes of every OPD become one reconciled set of golden records.\n")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, (_, text) in COMMANDS.items():
        table.add_row(f"  [bold]{name}[/bold]", text)
    console.print(table)
    console.print(
        "\n`satudata COMMAND --help` tells a command's options; --version tells the version.", highlight=False
    )


def call(name: str, arguments: list[str]) -> int:
    """Import one subcommand, run it, and return its exit code; a wrong call is told."""
    import typer

    module, _, attribute = COMMANDS[name][0].partition(":")
    target: Any = getattr(import_module(module), attribute)
    app = target
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(help=target.__doc__ or COMMANDS[name][1])(target)
    command = typer.main.get_command(app)
    try:
        return int(command.main(arguments, prog_name=f"satudata {name}", standalone_mode=False) or 0)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.TyperException as error:
        return _fail(
            f"{error.format_message().rstrip('.')}; `satudata {name} --help` tells the options", error.exit_code
        )
    except typer.Abort:
        return _fail("stopped", 130)


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; a known error is one clear message and code 1."""
    name, *rest = arguments or ["--help"]
    if name in {"-h", "--help"}:
        usage()
        return 0
    if name == "--version":
        print(f"satudata {version('satudata-hub')}")  # noqa: T201 - a command's output
        return 0
    if name not in COMMANDS:
        return _fail(f"there is no command {name!r}; `satudata --help` lists them", 2)
    return _guarded(name, rest)


def _guarded(name: str, arguments: list[str]) -> int:
    try:
        if name == "run" and len(arguments) == 1 and not arguments[0].startswith("-"):
            return _process(arguments[0])
        return call(name, arguments)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except HubError as error:
        return _fail(f"{type(error).__name__}: {error}", 1)


def _process(name: str) -> int:
    """Run a stage or a source; a process that runs for months does not carry the library of the command line."""
    from hub.flow import run
    from hub.wire.settings import Settings

    return run(name, Settings())


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - a command's output
    return code


def main() -> None:
    """Run `satudata`."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
