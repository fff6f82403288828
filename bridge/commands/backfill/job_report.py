"""What came of a job: its range and the results topic say it, whoever owned the company meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.report import print_report
from bridge.commands.backfill.risk import Risk
from bridge.commands.backfill.running import BackfillRequest
from bridge.commands.results import published_in
from bridge.config.settings import Settings
from bridge.decoding.decision import EventMapper
from bridge.journal.jobs import Ends, Job
from bridge.kafka.range import Missing, TimeSpan, open_range, open_rest
from bridge.quickbooks.client import CallCounts
from bridge.service.settings import company_router, company_rules, kafka_connection
from contracts.records import Place
from contracts.results import Result, result_id

SKEW_MS = 600_000
"""Clocks of two machines differ by less."""


async def print_job_report(
    settings: Settings, request: BackfillRequest, job: Job, missing: Collection[Missing] = ()
) -> None:
    """Records by status and reason, money at risk and what was written, as of a backfill without a service.

    The results go into the file that was asked for, the last one of each record. KafkaError when Kafka is away.
    """
    company = settings.company(request.company)
    settled = _settled(job)
    results = await _results(settings, company.name, job, settled)
    mapper = EventMapper(company.name, company_router(settings), company_rules(company))
    counts = BackfillCounts(company.name, risk=Risk(mapper))
    connection, span = kafka_connection(settings.kafka), TimeSpan(job.since_ms, job.until_ms)
    async with open_rest(connection, span, settled) as reader:
        async for batch in reader.batches(settings.kafka.max_records):
            ids = {result_id(company.name, *record.position, record.offset): record for record in batch.records}
            found = [results[ident] for ident in ids if ident in results]
            silent = {ident for ident, each in ids.items() if ident not in results and mapper.map_record(each)}
            # because nothing is ever said of a record that was left out; every other silent one goes on waiting
            left_out = silent if job.pieces else set()
            counts.add([each for ident, each in ids.items() if ident not in left_out], found, silent - left_out)
        reader.missing.extend(missing)
        seconds = ((job.changed_at or job.asked_at) - job.asked_at).total_seconds()
        print_report(
            counts,
            reader,
            CallCounts(reads=job.reads, writes=job.writes, batches=job.batches),
            seconds,
            as_json=request.as_json,
        )
    if request.out is not None:
        with request.out.open("wb") as out:
            out.writelines(each.model_dump_json(by_alias=True).encode() + b"\n" for each in results.values())


def _settled(job: Job) -> Ends:
    """The part of the range that is behind, by offsets."""
    return {
        topic: {each: (start, job.next.get(topic, {}).get(each, start)) for each, (start, _) in of.items()}
        for topic, of in job.ends.items()
    }


async def _results(settings: Settings, company: str, job: Job, settled: Ends) -> Mapping[str, Result]:
    """The last result of each settled record, by its id, among those that were told since the job was asked for."""
    since_ms = round(job.asked_at.timestamp() * 1000) - SKEW_MS
    found: dict[str, Result] = {}
    span = TimeSpan(since_ms, None)
    async with open_range(kafka_connection(settings.kafka), [settings.topics.results], span) as reader:
        async for batch in reader.batches(settings.kafka.max_records):
            for record in batch.records:
                published = published_in(record)
                if published is not None and _is_of(published.result, company, settled):
                    found[published.result.result_id] = published.result
    return found


def _is_of(result: Result, company: str, settled: Ends) -> bool:
    place: Place = result.source.place
    start, end = settled.get(place.topic, {}).get(place.partition, (0, 0))
    return result.company == company and start <= place.offset < end
