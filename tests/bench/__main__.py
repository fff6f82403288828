"""`make bench`: decode, map and schedule sample events, and say how long each stage takes. Nothing is asserted."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.decoding.routing import Route, Router
from bridge.demo.events import EventSettings, generate
from bridge.index.company_profile import CompanyProfile
from bridge.index.identities import Identities, Identity, Recorded
from bridge.index.index import Index
from bridge.journal.identities import identity_value, read_identities
from bridge.planning.schedule import schedule
from bridge.planning.steps import Schedule
from contracts.keys import SourceKey
from contracts.posting import PostingPlan
from contracts.records import InboundRecord
from mappings.rules import MappingRules
from tests.support.seals import SEAL

T = TypeVar("T")
MICRO_BATCH = 500
IDS = 100_000
BATCH_ITEMS = 30
SHOP = "acme.myshopify.com"
FACTS = CompanyProfile(
    home_currency="USD",
    multicurrency=False,
    country="US",
    charges_tax=True,
    tax_code="2",
    close_date=None,
    allows_discount=True,
    preferences={},
    accounts={},
)


def records(orders: int, seed: int) -> list[InboundRecord]:
    """Sample events as they would be consumed."""
    events = generate(EventSettings(orders=orders, seed=seed)).events
    return [
        InboundRecord(
            topic=event.record.topic,
            partition=0,
            offset=offset,
            key=event.record.key,
            value=event.record.value,
            headers=event.record.headers,
            timestamp_ms=event.timestamp_ms,
        )
        for offset, event in enumerate(events)
    ]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` gives, and the seconds that it took."""
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def judge_all(consumed: Iterable[InboundRecord]) -> list[MappedRecord]:
    """Decode and map."""
    router = Router([Route("acme", frozenset({SHOP}), frozenset({"default"}))])
    judge = EventMapper("acme", router, MappingRules())
    return [judged for record in consumed if (judged := judge.map_record(record)) is not None]


def schedule_all(judged: Sequence[MappedRecord]) -> list[Schedule]:
    """Plan micro-batch by micro-batch, each against books that are empty yet: the most work there can be."""
    plans = [each.decision for each in judged if isinstance(each.decision, PostingPlan)]
    index = Index(SEAL, complete_since=datetime(2026, 1, 1, tzinfo=UTC))
    return [schedule(plans[at : at + MICRO_BATCH], index, FACTS) for at in range(0, len(plans), MICRO_BATCH)]


def entries_of_ids(orders: int) -> dict[str, bytes]:
    """The record of Ids after so many orders, each with its invoice and its payment."""
    written = {"v": "1772514270.4", "h": "2000b6cd69", "t": "42.90"}
    found: dict[str, bytes] = {}
    for number in range(orders):
        ident = str(7_203_456_112_884 + number)
        for kind, entity, fields in (("order", "Invoice", {"c": "60"}), ("transaction", "Payment", {"o": ident})):
            key = str(SourceKey("shopify", kind, ident))
            found[key] = identity_value(key, Recorded({entity: Identity(str(number + 1), {**written, **fields})}))
    return found


def restore_all(entries: Mapping[str, bytes]) -> Identities:
    """What a take-over makes of the record of Ids."""
    identities = Identities()
    identities.restore(read_identities(entries))
    return identities


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    consumed = records(given.orders, given.seed)
    judged, judging_s = timed(lambda: judge_all(consumed))
    planned, planning_s = timed(lambda: schedule_all(judged))
    table = Table("stage", "records", "seconds", "records a second", "µs a record")
    for name, seconds in (("decode and map", judging_s), ("schedule", planning_s)):
        count = len(judged)
        table.add_row(name, str(count), f"{seconds:.2f}", f"{count / seconds:,.0f}", f"{seconds / count * 1e6:.0f}")
    entries = entries_of_ids(IDS // 2)
    _, restoring_s = timed(lambda: restore_all(entries))
    table.add_row(
        "restore Ids", str(IDS), f"{restoring_s:.2f}", f"{IDS / restoring_s:,.0f}", f"{restoring_s / IDS * 1e6:.0f}"
    )
    calls = sum(-(-len(wave) // BATCH_ITEMS) for each in planned for wave in each.waves)
    steps = sum(len(wave) for each in planned for wave in each.waves)
    out = Console()
    out.print(table)
    out.print(f"{steps} steps in {calls} calls at least, {steps / calls:.1f} a call (of {BATCH_ITEMS}).")


if __name__ == "__main__":
    main()
