"""`qbo-bridge results`: what became of each record, from the results topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from pydantic import ValidationError

from bridge.commands.dead_letters.standing import DEAD_LETTER_CODES
from bridge.commands.explain.story import PublishedResult
from bridge.commands.glance import ResultGlance, glance_at
from bridge.commands.output import printable, say, screen, time_text
from bridge.commands.reading import read_records
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from contracts.bodies import read_time
from contracts.errors import BridgeError
from contracts.records import InboundRecord
from contracts.results import PostedEntity, ResultStatus, read_result

COLUMNS = ("told at (UTC)", "status", "document", "event", "in QuickBooks", "why not")


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

    def wants(self, result: ResultGlance) -> bool:
        """Whether `result` is one of them. A document is also found by its id alone."""
        return (
            self.company in {None, result.company}
            and (not self.statuses or result.status in self.statuses)
            and self.code in {None, result.code}
            and (self.document is None or self.document in {result.document, result.document.rsplit(":", 1)[-1]})
        )


RESULT_CODES = frozenset(
    {
        *DEAD_LETTER_CODES,
        *("unknown_source", "unknown_type", "test_event", "tombstone", "booked_by_shop", "not_yet_mapped"),
        *("deleted_in_qbo", "skipped_by_rule", "before_books_start", "newer_version", "waiting"),
    }
)
"""Every reason code of results: those that the contract of the bus pins, of what waits, and of what is superseded."""


def check_result_code(code: str | None) -> None:
    """BridgeError for a word that is no reason code: nothing would ever be found by it."""
    if code is not None and code not in RESULT_CODES:
        raise BridgeError(f"{code} is no reason code; expected one of: {', '.join(sorted(RESULT_CODES))}.")


async def list_results(settings: Settings, wanted: ResultFilter, *, last: int | None, as_json: bool) -> None:
    """The last `last` matching results (all with None), oldest first."""
    found: list[PublishedResult] = []
    # because markers of transactions and records of strangers have offsets too, more of those than of results are read
    reaches = (None,) if last is None or wanted.narrows or wanted.company else (2 * last, 32 * last, None)
    for reach in reaches:
        found = [published async for published in _results(settings, wanted, last=reach, follow=False)]
        if last is not None and len(found) >= last:
            break
    ordered = sorted(found, key=lambda published: published.at)
    chosen = ordered if last is None else ordered[-last:] if last else []
    if as_json:
        _print_json(published.value for published in chosen)
    elif chosen:
        _print_table(chosen)
    else:
        say(f"No matching results on {settings.topics.results}.")


async def follow_results(settings: Settings, wanted: ResultFilter, *, last: int | None, as_json: bool) -> None:
    """Results as they come, until Ctrl-C; first the last `last` of each partition (all with None)."""
    async for published in _results(settings, wanted, last=last, follow=True):
        if as_json:
            _print_json([published.value])
        else:
            say("  ".join(part for part in _row(published) if part))


async def _results(
    settings: Settings, wanted: ResultFilter, *, last: int | None, follow: bool
) -> AsyncIterator[PublishedResult]:
    async for record in read_records(settings, settings.topics.results, last=last, follow=follow):
        glance = glance_at(record)
        if glance is not None and wanted.wants(glance) and (published := published_in(record)) is not None:
            yield published


def published_in(record: InboundRecord) -> PublishedResult | None:
    """None for a record that is no result of this version: the topic may be shared."""
    try:
        result = read_result(record.value or b"")
    except ValidationError:
        return None
    return PublishedResult(result, record.value or b"", _published_at(record))


def _published_at(record: InboundRecord) -> datetime:
    """The result's own CloudEvents time; the broker's where that cannot be read."""
    said = (dict(record.headers).get("ce_time") or b"").decode(errors="replace")
    try:
        return read_time(said)
    except ValueError:
        return datetime.fromtimestamp(record.timestamp_ms / 1000, tz=UTC)


def _print_table(found: Iterable[PublishedResult]) -> None:
    shown = Table(COLUMNS, prose=("in QuickBooks", "why not"), optional=("event", "told at (UTC)", "in QuickBooks"))
    for published in found:
        shown.add_row(*_row(published))
    shown.print()


def _print_json(values: Iterable[bytes]) -> None:
    out = screen()
    for value in values:
        out.out(orjson.dumps(orjson.loads(value)).decode())


def _row(published: PublishedResult) -> tuple[str, ...]:
    result = published.result
    source, reason = result.source, result.reason
    return tuple(
        printable(part)
        for part in (
            time_text(published.at),
            result.status.value,
            source.document or f"{source.topic}/{source.partition}/{source.offset}",
            source.event_type or "",
            ", ".join(entity_text(entity) for entity in result.entities),
            f"{reason.code}: {reason.message}" if reason else "",
        )
    )


def entity_text(entity: PostedEntity) -> str:
    """An entity of QBO in a few words."""
    return " ".join(part for part in (entity.entity, entity.id, entity.total, entity.currency) if part)
