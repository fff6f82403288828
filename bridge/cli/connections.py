"""The commands that connect companies and look whether everything is in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Config, http_address, one_company

PORT = 8765
"""The default must stay what it is: operators list it at Intuit."""


def connect(
    company: Annotated[
        str | None, typer.Argument(help="The company, by its name in the configuration [default: the only one].")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the browser comes back to; 0 picks a free one.")
    ] = PORT,
    redirect_uri: Annotated[
        str | None,
        typer.Option(
            "--redirect-uri",
            help="What the app lists, where a proxy forwards it to the port [default: http://localhost:PORT/callback].",
            callback=http_address,
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for the answer.")] = 300,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Connect a company once, in the browser: a person consents at Intuit, and its tokens are stored encrypted.

    A service that waits because the connection has ended goes on by itself afterwards.

    Example: qbo-bridge connect acme-us --no-browser
    """
    from bridge.commands.connect import ConnectOptions, connect_company
    from bridge.config.settings import LogSettings, load_settings
    from bridge.telemetry.logs import setup_logs

    settings = load_settings(config, os.environ)
    setup_logs(LogSettings(level="error"))
    options = ConnectOptions(
        port=port, browser=not no_browser, timeout_s=timeout, redirect_uri=redirect_uri, as_json=as_json
    )
    connect_company(settings, settings.company(one_company(settings, company)), options)


def doctor(
    start: Annotated[
        bool, typer.Option("--start", help="Instead: what was open on the day on which the books start.")
    ] = False,
    company: Annotated[str | None, typer.Option("--company", help="Whose start [default: the only company's].")] = None,
    outstanding: Annotated[
        Path | None,
        typer.Option(
            "--outstanding",
            help="Sums that the events cannot tell, for --start: CSV with the columns what, currency, amount.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Look whether everything is in place: Kafka, topics, rights, connections, and the books against the rules.

    One line for each thing, ok or a problem with its remedy; exit 1 when something would fail later. Nothing is
    written, except that a token which has run out is refreshed.

    With --start it reads the event topics and adds up what was open on the rules' books_start: receivables, money in
    the clearing accounts, gift cards. What the events cannot tell is "unknown", or comes from the --outstanding file.

    Example: qbo-bridge doctor --config /etc/qbo-bridge/bridge.toml

    Example: qbo-bridge doctor --start --company acme-us --outstanding giftcards.csv
    """
    from bridge.commands.doctor.command import examine_all
    from bridge.commands.doctor.start import show_start
    from bridge.config.settings import LogSettings, load_settings
    from bridge.telemetry.logs import setup_logs

    settings = load_settings(config, os.environ)
    setup_logs(LogSettings(level="error"))
    if start:
        show_start(settings, one_company(settings, company), outstanding, as_json=as_json)
        return
    if company is not None or outstanding is not None:
        raise typer.BadParameter("--company and --outstanding belong to --start")
    raise typer.Exit(0 if examine_all(settings, as_json=as_json) else 1)
