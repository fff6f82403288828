"""`waiting list`: what waits, for what, worth what, since when, and when it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from bridge.journal.waiting import Parked, journal_key, journal_value
from bridge.kafka.journal import home_partition
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Reason, ResultStatus, result_record
from tests.support.desk import Desk
from tests.support.orders import transaction
from tests.support.results import NOW, result_of


def parked(desk: Desk, offset: int, hours: int) -> OutboundRecord:
    """Money of order 5 that waits since `hours` before noon, as its owner keeps it (topics have four partitions)."""
    record = InboundRecord(
        topic=desk.events,
        partition=0,
        offset=offset,
        key=None,
        value=json.dumps(transaction(id=70 + offset, order_id=5)).encode(),
        headers=(("X-Shopify-Topic", b"order_transactions/create"),),
        timestamp_ms=0,
    )
    waiting = Parked(record, NOW - timedelta(hours=hours))
    key, home = f"acme-us:{journal_key(record)}".encode(), home_partition("acme-us", 4)
    return OutboundRecord(topic=f"journal-{desk.name}", key=key, value=journal_value(waiting), partition=home)


def test_what_waits_is_listed_the_oldest_first(desk: Desk) -> None:
    """With its order, worth and end."""
    why = result_of(1, ResultStatus.WAITING, "orphan")
    why = why.model_copy(
        update={
            "source": why.source.model_copy(update={"topic": desk.events, "offset": 1}),
            "reason": Reason(code="orphan", message="waits for shopify:order:5"),
        }
    )
    made = replace(result_record(why, f"results-{desk.name}"))
    desk.put(parked(desk, 1, 2), parked(desk, 2, 9), made)
    code, out, err = desk.call("waiting", "list", "--json")
    assert (code, err) == (0, "")
    oldest, newest = [json.loads(each) for each in out.splitlines()]
    assert (oldest["offset"], newest["offset"]) == (2, 1)
    assert (newest["document"], newest["sale"]) == ("shopify:transaction:71", "shopify:order:5")
    assert (newest["amount"], newest["currency"]) == ("42.90", "USD")
    assert (newest["since"], newest["ends_at"]) == ("2026-11-22T10:00:00+00:00", "2026-11-25T10:00:00+00:00")
    assert newest["reason"] == "waits for shopify:order:5"
    assert "shopify:order:5" in desk.call("waiting", "list")[1]


def test_where_nothing_waits_that_is_said(desk: Desk) -> None:
    """And of one company alone."""
    desk.put(parked(desk, 1, 2))
    assert desk.call("waiting", "list", "--company", "beta") == (0, "Nothing waits.\n", "")
