"""The command that proves that each document is in the books once."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, Config, OneCompany, one_company


class VerifiedBy(StrEnum):
    """What the documents are told by."""

    DAY = "day"


def verify(
    company: OneCompany = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Events of this time and later [default: all that is kept].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Events before this time [default: all that are there at the start].")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--day", help="Instead of both: yesterday, today or 2026-11-21, in the rules' time_zone."),
    ] = None,
    by: Annotated[
        VerifiedBy | None, typer.Option("--by", help="day: totals and differences of each day too, in that zone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as one JSON document.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write every document here, as JSON lines.", dir_okay=False)
    ] = None,
    config: Config = BRIDGE_TOML,
) -> None:
    """Prove that each document of a span of events is in QuickBooks once, with the total that the events say.

    The events are mapped anew and compared with QuickBooks itself: missing, extra and drifted documents are named, with
    totals by currency. A document has drifted when its total, tax, day, account or customer is another. Documents are
    judged by all that the company has consumed, also after the span; what it has not reached yet is counted and not
    judged. Writes nothing and may run beside a service, at the lowest priority. Exit 1 when anything is missing or
    extra, when people changed a document or it is an open dead letter (`verdict` in --json: differs; a dead letter that
    was dismissed is none), and when nothing was read (nothing_read). Times are ISO 8601, UTC where no offset is given.

    Example: qbo-bridge verify --company acme-us --day yesterday

    Example: qbo-bridge verify --from 2026-11-01 --to 2026-11-08 --by day
    """
    from bridge.commands.spans import day_bounds, parse_span
    from bridge.commands.verify.command import VerifyRequest
    from bridge.commands.verify.command import verify as proven
    from bridge.config.settings import load_settings
    from bridge.service.settings import company_rules

    if day is not None and (since or until):
        raise typer.BadParameter("--day and --from or --to exclude each other")
    settings = load_settings(config, os.environ)
    company = one_company(settings, company)
    try:
        zone = company_rules(settings.company(company)).zone
        if day is not None:
            since, until = day_bounds(day, datetime.now(zone))
        request = VerifyRequest(
            company=company,
            span=parse_span(since, until),
            as_json=as_json,
            out=out,
            days_in=zone if by is VerifiedBy.DAY else None,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(0 if asyncio.run(proven(settings, request)) else 1)
