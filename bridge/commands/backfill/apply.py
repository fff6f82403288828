"""`qbo-bridge backfill --apply`: a plan that was kept, done as it says or not at all, document by document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.commands.backfill.accepted import accepted_lines
from bridge.commands.backfill.application import application_of
from bridge.commands.backfill.command import is_served, post_range
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.job import Accepted, ask_for_job
from bridge.commands.backfill.plan import rehearse
from bridge.commands.backfill.plan_file import PlanHeader, read_plan
from bridge.commands.backfill.planned_documents import planned_documents
from bridge.commands.backfill.report import print_left
from bridge.commands.backfill.running import BackfillRequest, opened_run, until_stopped
from bridge.company.held_to_plan import HeldToPlan
from bridge.config.settings import Settings
from bridge.service.app import CompanyContext, open_company_context
from bridge.service.serving import stop_signals
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError


async def run_apply(settings: Settings, request: BackfillRequest, path: Path) -> bool:
    """Read the range of the plan again and do what it says; False when a line was left, which is said of each.

    BridgeError as `run_backfill`, and for a plan that was edited, is of other rules or of another company, or whose
    records are not there any more: then nothing is done.
    """
    stopping = stop_signals()
    silence_logs()
    plan = read_plan(path)
    context = await open_company_context(settings, settings.company(request.company))
    await is_served(settings, request.company)
    _refuse_another(plan.header, context, path)
    request = replace(request, span=plan.header.span, bounds=plan.header.bounds)
    forecasts = Forecasts()
    async with opened_run(settings, request, context, rehearse=True) as run:
        with run.bar:
            effect = await until_stopped(rehearse(run, forecasts), stopping)
        if effect is None:
            raise BridgeError("Interrupted before anything was written")
        if run.reader.missing:
            raise BridgeError(f"Records of the range of {path} were removed while it was read; nothing was written")
        now = planned_documents(forecasts, run.runtime.rehearsed)
        application = application_of(plan.lines, now)
        lines = list(accepted_lines(now, forecasts.places, application.left, run.runtime.rehearsed))
    left = forecasts.places_of(application.left)
    left_since: Mapping[str, str] = {}
    held = HeldToPlan(lines)
    try:
        if await is_served(settings, request.company):
            accepted = Accepted(lines, plan.header.rules_version, left)
            left_since = await ask_for_job(settings, request, stopping, accepted)
        else:
            # because a board follows one machine, and the rehearsal may have renewed the tokens
            anew = await open_company_context(settings, context.company)
            await post_range(settings, request, anew, stopping, left, held)
            left_since = held.left
    finally:
        print_left({**application.left, **held.left}, as_json=request.as_json)
    return not (application.left or left_since)


def _refuse_another(header: PlanHeader, context: CompanyContext, path: Path) -> None:
    """A plan is about the books and the rules that it was made with."""
    company = context.company
    if (header.company, header.realm_id) != (company.name, company.realm_id):
        raise BridgeError(
            f"{path} is a plan of the company {header.company} (realm {header.realm_id}), not of {company.name} "
            f"(realm {company.realm_id})"
        )
    if header.rules_version != context.rules.version:
        raise BridgeError(
            f"{path} was made with other rules ({header.rules_version}, now {context.rules.version}): make it anew"
        )
