"""The command for the month's end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, Config, OneCompany, one_company


def reconcile(
    first: Annotated[str, typer.Option("--from", help="The first day, as in 2026-11-01.")],
    last: Annotated[str, typer.Option("--to", help="The last day, which is included.")],
    company: OneCompany = None,
    outstanding: Annotated[
        Path | None,
        typer.Option(
            "--outstanding",
            help="What was open when the books began, as `doctor --start` reads it; --from is that day.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="The table as CSV, with the documents behind it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as one JSON document.")] = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Compare shop and processor with the books, per day, currency and gateway, and name each document that differs.

    Days are those on which documents are dated. Documents that a person entered without the bridge are compared too,
    where they have to do with the shop's. Clearing accounts, sales tax and gift cards have to come to what the events
    say is still open. Writes nothing and may run beside a service, at the lowest priority. Exit 1
    when something differs, or when nothing was read.

    Example: qbo-bridge reconcile --company acme-us --from 2026-11-01 --to 2026-11-30
    """
    from bridge.commands.reconcile.command import ReconcileRequest
    from bridge.commands.reconcile.command import reconcile as reconciled
    from bridge.commands.reconcile.output import Form
    from bridge.commands.spans import parse_days
    from bridge.config.settings import load_settings

    if as_csv and as_json:
        raise typer.BadParameter("choose one of --csv and --json")
    form = Form.CSV if as_csv else Form.JSON if as_json else Form.TABLE
    try:
        days = parse_days(first, last)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = load_settings(config, os.environ)
    named = one_company(settings, company)
    request = ReconcileRequest(company=named, first=days[0], last=days[1], form=form, outstanding=outstanding)
    raise typer.Exit(0 if asyncio.run(reconciled(settings, request)) else 1)
