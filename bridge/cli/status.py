"""`qbo-bridge status`; what it does is in `bridge.commands.status`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Company, Config, http_address


def status(
    company: Company = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Where a service answers, such as http://10.0.0.7:8080.", callback=http_address),
    ] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Where each company stands, how far behind it is, and what waits for a person.

    Its phase and why, records and seconds behind, what was booked last, open dead letters with their worth, what waits,
    people's changes, days left of the token, reads of this month, limits, and versions.

    Works from anywhere that reaches Kafka: all but the present phase, the limits and people's changed totals is told
    without the service. What cannot be known is `unknown`, with the reason. Exit 1 where Kafka did not answer.

    Example: qbo-bridge status --company acme-us --json
    """
    from bridge.commands.status.command import show_status
    from bridge.config.settings import load_settings

    settings = load_settings(config, os.environ)
    if company is not None:
        settings.company(company)
    is_known = asyncio.run(show_status(settings, company=company, url=url, as_json=as_json))
    raise typer.Exit(0 if is_known else 1)
