"""The command `satudata`: one table of subcommands, each loaded only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click
import typer

from hub.wire.errors import HubError

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("hub.platform.commands:up", "Start Kafka, registry and PostgreSQL on this machine"),
    "down": ("hub.platform.commands:down", "Stop the services that `up` started"),
    "status": ("hub.platform.commands:status", "Show which services run, and where"),
    "prepare": ("hub.flow:prepare_command", "Create topics, schemas and tables; safe to repeat"),
    "check": ("connectors.commands:check", "Check a source before it goes live, with remedies"),
    "run": ("hub.flow:run_command", "Run one stage (clean, reconcile, publish, serve) or one source"),
    "demo": ("hub.demo.commands:demo", "Watch invented changes become golden records"),
    "quarantine": ("hub.serve.commands:quarantine", "List, show, retry or discard refused records"),
    "explain": ("hub.serve.commands:explain", "Tell why these records are one person, and each value's reason"),
    "backup": ("hub.serve.commands:backup", "Write the consolidated store to one file"),
    "restore": ("hub.serve.commands:restore", "Bring a backup back under live sources"),
    "bench": ("hub.bench.commands:app", "Measure hop, river or latency: one JSON line a figure"),
}


class LazyCommands(click.Group):
    """A group whose commands are imported on demand, so that `--help` and agents start quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the subcommands in the order of an operator's day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = _as_click(getattr(import_module(module), attribute), COMMANDS[cmd_name][1])
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _as_click(target: Any, help_text: str) -> click.Command:
    if isinstance(target, typer.Typer):
        command = typer.main.get_command(target)
    else:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(help=target.__doc__ or help_text)(target)
        command = typer.main.get_command(app)
    command.help = command.help or help_text
    return command


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="satudata-hub", prog_name="satudata")
def cli() -> None:
    """Satu Data hub: record changes of every OPD become one reconciled set of golden records."""


def main() -> None:
    """Run the command line; an error that the hub knows is one clear message and exit code 1."""
    try:
        cli.main(standalone_mode=False)
    except (click.exceptions.Exit, typer.Exit) as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, typer.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except HubError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
