"""`qbo-bridge backfill --plan`: the owner's work without its group, its QuickBooks or its topics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bridge.commands.backfill.effect import Effect
from bridge.commands.backfill.engine import parked_ids, results_in
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.plan_file import plan_header, write_plan
from bridge.commands.backfill.planned_documents import planned_documents
from bridge.commands.backfill.rehearsed_effect import effect_of
from bridge.commands.backfill.report import print_plan, write_forecasts
from bridge.commands.backfill.running import (
    BackfillRequest,
    BackfillRun,
    opened_run,
    patiently,
    read_ahead,
    until_stopped,
)
from bridge.config.settings import Settings
from bridge.service.app import CompanyContext, open_company_context
from bridge.service.serving import stop_signals
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError
from contracts.records import InboundRecord, OutboundRecord


async def run_plan(settings: Settings, request: BackfillRequest) -> None:
    """Print what `run_backfill` would do, writing nothing to QBO or Kafka; a service may be at work meanwhile."""
    stopping = stop_signals()
    silence_logs()
    forecasts = Forecasts()
    context = await open_company_context(settings, settings.company(request.company))
    # because a plan writes nothing at all, its reads are in its report alone
    async with opened_run(settings, request, context, rehearse=True, counts_reads=False) as run:
        with run.bar:
            effect = await until_stopped(rehearse(run, forecasts), stopping)
        if effect is None:
            raise BridgeError("Interrupted before the plan was ready; nothing was written")
        if request.out is not None:
            write_forecasts(forecasts, request.out)
        if request.plan_to is not None:
            _keep(run, forecasts, context, request.plan_to)
        print_plan(forecasts, effect, as_json=request.as_json)
        run.print_report()


def _keep(run: BackfillRun, forecasts: Forecasts, context: CompanyContext, path: Path) -> None:
    if run.reader.missing:
        raise BridgeError("Records of the range cannot be read, so it cannot be read again: the plan is not kept")
    lines = planned_documents(forecasts, run.runtime.rehearsed).lines
    header = plan_header(
        company=run.request.company,
        realm_id=context.company.realm_id,
        span=run.request.span,
        bounds=run.reader.bounds,
        rules_version=context.rules.version,
        documents=len(lines),
    )
    write_plan(path, header, lines.values())


async def rehearse(run: BackfillRun, forecasts: Forecasts) -> Effect:
    """The owner's work without its group: what would be published is only counted. What it does to the books."""
    owner = run.runtime.owner
    await read_ahead(run)
    await patiently(run, lambda: owner.take_over(0))
    async for batch in run.reader.batches(run.settings.kafka.max_records):
        records = batch.records
        outbound = await patiently(run, lambda records=records: owner.process(records))  # type: ignore[misc]
        _count(run, forecasts, records, outbound)
        words = f"{run.counts.read} records planned, {run.pace(batch.passed)}"
        run.bar.show(batch.passed, run.reader.offsets, words)
    _count(run, forecasts, (), await patiently(run, owner.idle))
    while run.runtime.waiting.is_anybody_called:
        _count(run, forecasts, (), await patiently(run, owner.idle))
    profile, writes = run.runtime.books.profile, run.runtime.rehearsed
    return await patiently(run, lambda: effect_of(writes, profile, run.runtime.client))


def _count(
    run: BackfillRun, forecasts: Forecasts, records: Sequence[InboundRecord], outbound: Sequence[OutboundRecord]
) -> None:
    results = results_in(outbound, run.settings.topics.results)
    run.counts.add(records, results, parked_ids(run.request.company, records, run.runtime.waiting))
    forecasts.add(results)
