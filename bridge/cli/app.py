"""The commands of `qbo-bridge`, their options and their exit codes; what they do is in `bridge.commands`.

0 done, 1 a problem told in one sentence on stderr, 2 wrong usage. No traceback reaches a user for anything that a user
can cause. What a command needs is imported when it is called, so that `--help` does not wait for Kafka's libraries.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.backfill import backfill
from bridge.cli.connections import connect, doctor
from bridge.cli.dead_letters import letters
from bridge.cli.options import BRIDGE_TOML, AsJson, Company, Config
from bridge.cli.verify import verify
from contracts.errors import BridgeError, ConfigurationError
from contracts.results import ResultStatus

app = typer.Typer(
    name="qbo-bridge",
    help="Shopify and Stripe events from Kafka into QuickBooks Online, once, and the results back onto the bus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(letters, name="dead-letters")
app.command()(connect)
app.command()(doctor)
app.command()(backfill)
app.command()(verify)

if TYPE_CHECKING:
    from bridge.config.settings import CompanySettings


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


@app.command()
def run(config: Config = BRIDGE_TOML) -> None:
    """Serve: consume the event topics, post to QBO, publish the results, until SIGTERM or Ctrl-C.

    Kafka or QBO being away at start is waited for. Any number of processes may run on one file: one of them owns each
    company, the others stand by.

    Example: qbo-bridge run --config /etc/qbo-bridge/bridge.toml
    """
    from bridge.config.settings import load_settings
    from bridge.service import serving as service
    from bridge.telemetry.logs import setup_logs

    settings = load_settings(config, os.environ)
    setup_logs(settings.logs)
    try:
        raise typer.Exit(service.run(settings))
    except ConfigurationError as error:
        raise ConfigurationError(f"{config}: {error}") from None


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Keep everything running until Ctrl-C.")] = False,
    orders: Annotated[int, typer.Option("--orders", min=1, max=2_000, help="How many sample orders.")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Another seed makes other orders.")] = 1,
    config: Annotated[
        Path | None, typer.Option("--config", help="Post by the rules of this file's first company.", dir_okay=False)
    ] = None,
) -> None:
    """The whole bridge on this machine: Kafka, a QBO sandbox, sample events, posting, and the proof of no duplicates.

    Needs no account, no Docker and no Java; everything runs on loopback and is stopped at the end.

    Example: qbo-bridge demo --serve
    """
    from bridge.demo.demo import run_demo

    rules = next((company.rules for company in _companies(config)), None)
    raise typer.Exit(run_demo(orders=orders, seed=seed, serve=serve, rules=rules))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free port.")] = 8100,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    realm: Annotated[list[str] | None, typer.Option("--realm", help="A realm id; may be given several times.")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without the sample company's data.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Keep the books in this file.", dir_okay=False)] = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Never answer 429.")] = False,
    time_scale: Annotated[
        float, typer.Option("--time-scale", min=0.001, help="60 makes a minute of the limits last one second.")
    ] = 1.0,
    country: Annotated[str, typer.Option("--country", help="US, or GB, CA, AU, IE, FR with tax by line.")] = "US",
    currency: Annotated[str, typer.Option("--currency", help="The home currency.")] = "USD",
    webhook_url: Annotated[str | None, typer.Option("--webhook-url", help="Where notifications of changes go.")] = None,
    switch: Annotated[
        list[str] | None, typer.Option("--switch", help="An answer that nobody published, as NAME=VALUE; repeatable.")
    ] = None,
    client_id: Annotated[str, typer.Option("--client-id", help="The app's client id.")] = "sandbox-client",
    client_secret: Annotated[str, typer.Option("--client-secret", help="Its secret.")] = "sandbox-secret",
    refresh_token: Annotated[
        str, typer.Option("--refresh-token", help="The first refresh token.")
    ] = "sandbox-refresh-token",
    config: Annotated[
        Path | None, typer.Option("--config", help="Also open the realms of this file's companies.", dir_okay=False)
    ] = None,
) -> None:
    """A QBO sandbox alone: the accounting API and its token endpoint as an HTTP server, until Ctrl-C.

    Example: qbo-bridge sandbox --port 8100 --time-scale 60
    """
    from bridge.sandbox.server import run as serve_sandbox
    from bridge.sandbox.settings import DEFAULT_REALM, Limits, SandboxSettings, Webhooks
    from bridge.sandbox.switch_words import switches

    realms = [*(realm or ()), *(company.realm_id for company in _companies(config))]
    try:
        settings = SandboxSettings(
            host=host,
            port=port,
            realms=tuple(dict.fromkeys(realms)) or (DEFAULT_REALM,),
            empty=empty,
            data=data,
            limits=Limits(enforced=not no_limits),
            switches=switches(switch or ()),
            webhooks=Webhooks(url=webhook_url),
            time_scale=time_scale,
            country=country,
            home_currency=currency,
            client_id=client_id,
            client_secret=client_secret,
            refresh_token=refresh_token,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    serve_sandbox(settings)


@app.command("map")
def map_(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="A file with the event, or - for standard input.")],
    company: Company = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="The event's type when the file has no header, such as orders/paid.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration file [default: bridge.toml where there is one].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The payloads themselves as one JSON document.")] = False,
) -> None:
    """Print what an event would post, touching nothing; exit 1 only when it would be dead-lettered.

    Accounts that only QBO could resolve are shown by name. Without a configuration the default rules decide.

    Example: qbo-bridge map order.json --topic orders/paid
    """
    from bridge.commands.mapping import map_value
    from bridge.config.settings import load_settings

    chosen = config or (BRIDGE_TOML if BRIDGE_TOML.exists() or company else None)
    settings = load_settings(chosen, os.environ) if chosen else None
    fits = map_value(file.read(), topic=topic, settings=settings, company=company, as_json=as_json)
    raise typer.Exit(0 if fits else 1)


@app.command()
def results(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with results as they come.")] = False,
    last: Annotated[int | None, typer.Option("--last", min=0, help="How many of the last ones [default: 20].")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All that the topic still has.")] = False,
    status: Annotated[list[ResultStatus] | None, typer.Option("--status", help="Only these; may be repeated.")] = None,
    document: Annotated[
        str | None, typer.Option("--document", help="Only of this document: shopify:order:450789469, or its id alone.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Only with this reason code.")] = None,
    company: Company = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """What became of the records, from the results topic.

    Example: qbo-bridge results --status dead_lettered --status waiting --last 50
    """
    from bridge.commands.results import ResultFilter, follow_results, list_results
    from bridge.config.settings import load_settings

    if from_beginning and last is not None:
        raise typer.BadParameter("--from-beginning and --last exclude each other")
    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    wanted = ResultFilter(company=company, document=document, statuses=frozenset(status or ()), code=code)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):  # the way in which following ends
            asyncio.run(follow_results(settings, wanted, last=None if from_beginning else last or 0, as_json=as_json))
    else:
        shown = None if from_beginning else 20 if last is None else last
        asyncio.run(list_results(settings, wanted, last=shown, as_json=as_json))


@app.command()
def explain(
    document: Annotated[
        str,
        typer.Argument(help="shopify:order:450789469, its id alone, a charge's id, or its number in QuickBooks."),
    ],
    company: Company = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Everything that is known of one order or charge: results, dead letters, and each attempt to write it.

    Attempts that QBO took are in the results for good; those that it refused, and the time at which each was sent, are
    in the journal until they are settled and for about an hour longer.

    Example: qbo-bridge explain shopify:order:450789469
    """
    from bridge.commands.explain.command import explain as explain_document
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    asyncio.run(explain_document(settings, document, company=company, as_json=as_json))


@app.command()
def resume(
    company: Annotated[str, typer.Option("--company", help="The company, by its name in the configuration.")],
    config: Config = BRIDGE_TOML,
) -> None:
    """Let a company go on that stopped after too many dead letters in a row; its process may run anywhere.

    Example: qbo-bridge resume --company acme-us
    """
    from bridge.commands.resume import resume as resume_company
    from bridge.config.settings import load_settings

    asyncio.run(resume_company(load_settings(config, os.environ), company))


def _companies(config: Path | None) -> tuple[CompanySettings, ...]:
    """The companies of a configuration file, none without one."""
    from bridge.config.settings import load_settings

    return load_settings(config, os.environ).companies if config is not None else ()


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
