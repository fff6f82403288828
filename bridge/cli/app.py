"""The commands of `qbo-bridge`, their options and their exit codes; what they do is in `bridge.commands`.

0 done, 1 a problem told in one sentence on stderr, 2 wrong usage. No traceback reaches a user for anything that a user
can cause. What a command needs is imported when it is called, so that `--help` does not wait for Kafka's libraries.
"""

from __future__ import annotations

import bridge.cli.early  # noqa: F401 - before everything that takes time

# isort: split
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from bridge.cli.backfill import backfill
from bridge.cli.configuration import configuration, keygen, rules
from bridge.cli.connections import connect, doctor
from bridge.cli.dead_letters import letters
from bridge.cli.produce import produce
from bridge.cli.reading import explain, map_event, results
from bridge.cli.reconcile import reconcile
from bridge.cli.reference import asyncapi
from bridge.cli.sandbox import demo, sandbox
from bridge.cli.service import adopt, pause, resume, run
from bridge.cli.speaking import speaking
from bridge.cli.status import status
from bridge.cli.verify import verify
from bridge.cli.waiting import waiting
from contracts.errors import BridgeError

app = typer.Typer(
    name="qbo-bridge",
    help="Shopify and Stripe events from Kafka into QuickBooks Online, once, and the results back onto the bus.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(run)
app.command()(status)
app.command()(demo)
app.command()(sandbox)
app.command("map")(map_event)
app.command()(results)
app.command()(explain)
app.command()(pause)
app.command()(resume)
app.command()(adopt)
app.add_typer(letters, name="dead-letters")
app.add_typer(waiting, name="waiting")
app.command()(connect)
app.command()(keygen)
app.add_typer(configuration, name="config")
app.add_typer(rules, name="rules")
app.command()(doctor)
app.command()(produce)
app.command()(backfill)
app.command()(verify)
app.command()(asyncapi)
app.command()(reconcile)
speaking(app)


def main() -> None:
    """The console script."""
    try:
        app()
    except (BridgeError, OSError) as error:
        _fail(_sentence(error))
    except Exception as error:
        said = _said_of_kafka(error)
        if said is None:
            raise
        _fail(f"Kafka: {_ended(said)}")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qbo-bridge {version('qbo-bridge')}")
        raise typer.Exit


@app.callback()
def _top(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


def _said_of_kafka(error: Exception) -> str | None:
    """What an error of Kafka's library means, None for any other; whoever met one has imported it already."""
    errors = sys.modules.get("bridge.kafka.errors")
    return str(errors.said(error)) if errors is not None and isinstance(error, errors.BrokerError) else None


def _sentence(error: Exception) -> str:
    """One line, ended by a full stop."""
    return _ended(" ".join(str(error).split()) or type(error).__name__)


def _ended(said: str) -> str:
    return said if said.endswith(".") else f"{said}."


def _fail(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
