"""The command that proves that each document is in the books once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, Config


def verify(
    company: Annotated[str, typer.Option("--company", help="Whose books, by the name in the configuration.")],
    since: Annotated[
        str | None, typer.Option("--from", help="Events of this time and later [default: all that is kept].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Events before this time [default: all that are there at the start].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as one JSON document.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write every document here, as JSON lines.", dir_okay=False)
    ] = None,
    config: Config = BRIDGE_TOML,
) -> None:
    """Prove that each document of a span of events is in QuickBooks once, with the total that the events say.

    The events are mapped anew and compared with QuickBooks itself: missing, extra and drifted documents are named, with
    totals by currency. Writes nothing and may run beside a service, at the lowest priority; events that the service
    has not reached yet show as missing. Exit 1 when anything is missing or extra. Times are ISO 8601, UTC where no
    offset is given.

    Example: qbo-bridge verify --company acme-us --from 2026-11-01 --to 2026-12-01
    """
    from bridge.commands.spans import parse_span
    from bridge.commands.verify.command import VerifyRequest
    from bridge.commands.verify.command import verify as proven
    from bridge.config.settings import load_settings

    try:
        request = VerifyRequest(company=company, span=parse_span(since, until), as_json=as_json, out=out)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = load_settings(config, os.environ)
    settings.company(company)
    raise typer.Exit(0 if asyncio.run(proven(settings, request)) else 1)
