"""The command that takes a range of the event topics once more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, Config


def backfill(
    company: Annotated[str, typer.Option("--company", help="Whose books, by the name in the configuration.")],
    since: Annotated[
        str | None, typer.Option("--from", help="Records of this time and later [default: all that is kept].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Records before this time [default: all that are there at the start].")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done; nothing is written.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write the results (of a plan its lines) here, as JSON lines.", dir_okay=False),
    ] = None,
    config: Config = BRIDGE_TOML,
) -> None:
    """Post a range of the event topics once more, by the time of their records, and say what came of each.

    It works as the company's owner: stop its service first, and one that is started meanwhile stands by. The service's
    own offsets stay what they are. What is in the books is not posted again, so it may be interrupted and repeated.
    Times are ISO 8601, UTC where no offset is given. A plan runs beside a service; it says what would become of each
    document, and what that changes of receivables, income, tax, liabilities and cash, in the documents' own currencies.
    What only QBO itself can refuse shows when it is posted.

    Example: qbo-bridge backfill --company acme-us --from 2026-11-01 --to 2026-11-08T12:00Z --plan
    """
    from bridge.commands.backfill.command import BackfillRequest, run_backfill, run_plan
    from bridge.commands.spans import parse_span
    from bridge.config.settings import load_settings

    try:
        request = BackfillRequest(company=company, span=parse_span(since, until), out=out)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"--out {out}: there is no folder {out.parent}")
    settings = load_settings(config, os.environ)
    settings.company(company)
    asyncio.run(run_plan(settings, request) if plan else run_backfill(settings, request))
