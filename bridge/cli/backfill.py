"""The command that takes a range of the event topics once more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import BRIDGE_TOML, AsJson, Config, OneCompany, one_company


def backfill(
    company: OneCompany = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Records of this time and later [default: all that is kept].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Records before this time [default: all that are there at the start].")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done; nothing is written.")] = False,
    plan_to: Annotated[
        Path | None, typer.Option("--plan-to", help="As --plan, and keep the plan in this file.", dir_okay=False)
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option("--apply", help="Do what this plan says, with its range.", exists=True, dir_okay=False),
    ] = None,
    follow: Annotated[
        str | None, typer.Option("--follow", help="See how this job gets on, until its end.", metavar="JOB")
    ] = None,
    cancel: Annotated[
        str | None, typer.Option("--cancel", help="End this job; what it has booked stays booked.", metavar="JOB")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write the results (of a plan its lines) here, as JSON lines.", dir_okay=False),
    ] = None,
    as_json: AsJson = False,
    config: Config = BRIDGE_TOML,
) -> None:
    """Post a range of the event topics once more, by the time of their records, and say what came of each.

    Beside a service it is a job: the company's owner does it whenever no live record waits, under the same limits; a
    change of owner changes nothing. The first line is `job ID`; this command follows it. Ctrl-C leaves it running (exit
    1), --follow ID comes back to it, and --cancel ID ends it (exit 0 once nothing more of it will be written; what was
    booked stays). Without a service this command is the company's owner, and a service that is started meanwhile stands
    by. The service's own offsets stay what they are. What is in the books is not posted again, so it may be interrupted
    and repeated. Times are ISO 8601, UTC where no offset is given.

    A plan says what would become of each document, and what that changes of receivables, income, tax, liabilities and
    cash, in the documents' own currencies. What only QBO itself can refuse shows when it is posted.

    A plan that was kept with --plan-to is done with --apply: the same range is read again, and each document for which
    just the same would be written, to the same versions of what is in the books, is done. Every other one is left and
    listed, with exit 1 and without a result; so is what goes with it. Nothing at all is done where the plan was edited,
    is of other rules or another company, or its records are not there any more.

    Example: qbo-bridge backfill --company acme-us --from 2026-11-01 --to 2026-11-08T12:00Z --plan

    Example: qbo-bridge backfill --company acme-us --cancel 3f1c9a27
    """
    from bridge.commands.backfill.apply import run_apply
    from bridge.commands.backfill.command import run_backfill, run_cancel, run_follow
    from bridge.commands.backfill.plan import run_plan
    from bridge.commands.backfill.running import BackfillRequest
    from bridge.commands.spans import parse_span
    from bridge.config.settings import load_settings

    if (follow or cancel) and (since or until or plan or plan_to or apply or (follow and cancel)):
        raise typer.BadParameter("--follow and --cancel name a job that was asked for: nothing else goes with them")
    if cancel and out:
        raise typer.BadParameter("--cancel writes no results: --out goes with --follow")
    if apply is not None and (since or until or plan or plan_to):
        raise typer.BadParameter("--apply takes the range of its plan: no --from, --to, --plan or --plan-to beside it")
    try:
        span = parse_span(since, until)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for name, path in (("--out", out), ("--plan-to", plan_to)):
        if path is not None and not path.parent.is_dir():
            raise typer.BadParameter(f"{name} {path}: there is no folder {path.parent}")
    settings = load_settings(config, os.environ)
    company = one_company(settings, company)
    request = BackfillRequest(company=company, span=span, out=out, plan_to=plan_to, as_json=as_json)
    if cancel is not None:
        asyncio.run(run_cancel(settings, request, cancel))
        return
    if follow is not None:
        raise typer.Exit(0 if asyncio.run(run_follow(settings, request, follow)) else 1)
    if apply is not None:
        raise typer.Exit(0 if asyncio.run(run_apply(settings, request, apply)) else 1)
    asyncio.run(run_plan(settings, request) if plan or plan_to else run_backfill(settings, request))
