"""Stripe's thin events among the newest results: a producer that is set to them loses every sale."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable

from bridge.commands.doctor.finding import Finding
from bridge.commands.reading import read_records
from bridge.commands.results import published_in
from bridge.config.settings import Settings
from bridge.kafka.errors import BrokerError
from contracts.records import InboundRecord
from contracts.results import THIN_EVENT, Result

_THIN = f'"{THIN_EVENT}"'.encode()
NEWEST = 500
"""How many results of each partition are looked at."""


async def thin_events(settings: Settings) -> list[Finding]:
    """One finding for each company whose newest results warn of thin events."""
    try:
        async with contextlib.aclosing(read_records(settings, settings.topics.results, last=NEWEST)) as records:
            warned = [record async for record in records if may_warn(record)]
    except (BrokerError, OSError):
        return []  # because the service only writes this topic: whoever may not read it is no problem of the service
    published = (published_in(record) for record in warned)
    return list(examine_results(each.result for each in published if each is not None))


def may_warn(record: InboundRecord) -> bool:
    """Whether a result may warn of a thin event: nearly none does, and only those are read in full."""
    return _THIN in (record.value or b"")


def examine_results(results: Iterable[Result]) -> list[Finding]:
    """A problem for each company that gets such events. Pure."""
    found = Counter(each.company for each in results if any(warning.code == THIN_EVENT for warning in each.warnings))
    remedy = "set the event destination in Stripe to snapshot payloads, and send the events again that were missed"
    return [
        Finding(f"{company}: thin events", f"{count} newest results are of events without their object", remedy)
        for company, count in sorted(found.items())
    ]
