"""`qbo-bridge results`: what became of each record, from the results topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import orjson
from pydantic import ValidationError

from bridge.commands.output import cell, printable, screen, table
from bridge.commands.reading import read_records
from bridge.settings import Settings
from contracts.records import InboundRecord
from contracts.results import PostedEntity, Result, ResultStatus, read_result

COLUMNS = ("told at", "status", "document", "event", "in QuickBooks", "why not")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFilter:
    """Which results are wanted; what is None or empty does not filter."""

    company: str | None = None
    document: str | None = None
    statuses: frozenset[ResultStatus] = frozenset()
    code: str | None = None

    @property
    def narrows(self) -> bool:
        """True when anything is filtered beside the company."""
        return bool(self.document or self.statuses or self.code)

    def wants(self, result: Result) -> bool:
        """Whether `result` is one of them. A document is also found by its id alone."""
        document = result.source.document or ""
        return (
            (self.company is None or result.company == self.company)
            and (not self.statuses or result.status in self.statuses)
            and (self.code is None or (result.reason is not None and result.reason.code == self.code))
            and (self.document is None or self.document in {document, document.rsplit(":", 1)[-1]})
        )


async def list_results(settings: Settings, wanted: ResultFilter, *, last: int | None, as_json: bool) -> None:
    """The last `last` matching results (all with None), oldest first."""
    read_last = None if wanted.narrows or wanted.company else last
    found = [pair async for pair in _results(settings, wanted, last=read_last, follow=False)]
    ordered = sorted(found, key=lambda pair: pair[0].posted_at)
    chosen = ordered if last is None else ordered[-last:] if last else []
    if as_json:
        _print_json(value for _, value in chosen)
    elif chosen:
        _print_table(result for result, _ in chosen)
    else:
        screen().print(f"No matching results on {settings.topics.results}.", markup=False)


async def follow_results(settings: Settings, wanted: ResultFilter, *, last: int | None, as_json: bool) -> None:
    """Results as they come, until Ctrl-C; first the last `last` of each partition (all with None)."""
    out = screen()
    async for result, value in _results(settings, wanted, last=last, follow=True):
        if as_json:
            _print_json([value])
        else:
            out.print("  ".join(part for part in _row(result) if part), markup=False, soft_wrap=True)


async def _results(
    settings: Settings, wanted: ResultFilter, *, last: int | None, follow: bool
) -> AsyncIterator[tuple[Result, bytes]]:
    async for record in read_records(settings, settings.topics.results, last=last, follow=follow):
        result = _result_in(record)
        if result is not None and wanted.wants(result):
            yield result, record.value or b""


def _result_in(record: InboundRecord) -> Result | None:
    """None for a record that is no result of this version: the topic may be shared."""
    try:
        return read_result(record.value or b"")
    except ValidationError:
        return None


def _print_table(results: Iterable[Result]) -> None:
    shown = table(*COLUMNS)
    for result in results:
        shown.add_row(*(cell(part) for part in _row(result)))
    screen().print(shown)


def _print_json(values: Iterable[bytes]) -> None:
    out = screen()
    for value in values:
        out.out(orjson.dumps(orjson.loads(value)).decode())


def _row(result: Result) -> tuple[str, ...]:
    source, reason = result.source, result.reason
    return tuple(
        printable(part)
        for part in (
            result.posted_at.strftime("%Y-%m-%d %H:%M:%S"),
            result.status.value,
            source.document or f"{source.topic}/{source.partition}/{source.offset}",
            source.event_type or "",
            ", ".join(_entity(entity) for entity in result.entities),
            f"{reason.code}: {reason.message}" if reason else "",
        )
    )


def _entity(entity: PostedEntity) -> str:
    return " ".join(part for part in (entity.entity, entity.id, entity.total, entity.currency) if part)
