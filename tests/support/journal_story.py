"""A journal with an entry of every kind, drawn by hand: what a release leaves behind for the next one.

`python -m tests.support.journal_story 0.2.0` writes it as today's code does to `tests/journal/fixtures/0.2.0.jsonl`,
one `{"key": …, "value": …}` a line. It is run once for a release that changes a format, never again for an older one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import orjson

from bridge.index.payment_links import noted
from bridge.index.posted import Posted
from bridge.journal.doubts import DoubtfulEvent, decision_key, decision_value, doubt_key, doubt_value
from bridge.journal.job_lines import JobLine, left_key, left_value
from bridge.journal.jobs import (
    Job,
    JobState,
    cancel_key,
    cancel_value,
    digest_of,
    job_key,
    job_value,
    piece_key,
    pieces_of,
)
from bridge.journal.known_until import KNOWN_UNTIL_KEY, known_until_value
from bridge.journal.lost_markers import journal_key, journal_value
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.reads import MonthlyReads
from bridge.journal.redrives import Redrive, redrive_key, redrive_value
from bridge.journal.refused import RefusedDocument, refused_key, refused_value
from bridge.journal.requests import JournalledWrite, WriteAhead
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.journal.versions import version_key, version_value
from bridge.journal.waiting import Parked
from bridge.journal.waiting import journal_value as waiting_value
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Single
from contracts.keys import SourceKey
from contracts.matching import Decision
from contracts.posting import Operation, Version
from contracts.records import InboundRecord, Place
from tests.support.assembly import MemoryJournal
from tests.support.orders import ORDER_ID, transaction
from tests.support.seals import SEAL
from tests.support.stripe_objects import INTENT_ID, INVOICE_ID

FIXTURES = Path(__file__).parents[1] / "journal" / "fixtures"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

ALONE = Single(
    entity="Customer",
    operation="create",
    body=b'{"DisplayName":"Resent alone","Notes":"[qbb:shopify:customer:1 w=00000000]"}',
    request_id="qbb-alone",
)
TOGETHER = Batch(
    items=(
        BatchItem(b_id="one", entity="Customer", operation="create", request_id="qbb-one"),
        BatchItem(b_id="two", entity="Customer", operation="create", request_id="qbb-two"),
    ),
    body=orjson.dumps(
        {
            "BatchItemRequest": [
                {
                    "bId": b_id,
                    "operation": "create",
                    "Customer": {"DisplayName": f"Resent {b_id}", "Notes": f"[qbb:{key}]"},
                }
                for b_id, key in (("one", "shopify:customer:2"), ("two", "shopify:customer:3"))
            ]
        }
    ),
    request_id="qbb-batch",
)
STEPS = {
    request_id: JournalledWrite(StepId("Customer", SourceKey("shopify", "customer", ident), "USD"), Operation.CREATE)
    for request_id, ident in (("qbb-alone", "1"), ("qbb-one", "2"), ("qbb-two", "3"))
}
DELETED = Posted(
    entity="Invoice",
    key=SourceKey("shopify", "order", str(ORDER_ID)),
    id="999999",
    sync_token="2",
    total=Decimal("42.90"),
    currency="USD",
    customer_id="60",
    doc_number="3000",
    marker_fields={"v": "1772514270.4", "h": "2000b6cd69", "t": "42.90", "c": "60"},
)
CANCELLED = SourceKey("shopify", "order", str(ORDER_ID + 1))
CANCELLED_AS_OF = Version(1_772_999_999, 27, "void")
INTENT = SourceKey("stripe", "payment_intent", INTENT_ID)
INVOICE = SourceKey("stripe", "invoice", INVOICE_ID)
WAITS = Parked(
    InboundRecord(
        topic="shopify.events",
        partition=3,
        offset=41,
        key=b"\xff\x00",
        value=orjson.dumps(transaction(order_id=ORDER_ID + 2)),
        headers=(("X-Shopify-Topic", b"order_transactions/create"), ("odd", None)),
        timestamp_ms=1_790_000_000_000,
    ),
    NOON,
)
STOPPED = Stop(code="unmappable", dead_letters=50, at=NOON.isoformat(), process="kiwi-7-0badcafe")
LETTER = Place("qbo.dead-letters", 0, 12)
REFUSED = SourceKey("shopify", "order", str(ORDER_ID + 3))
REFUSED_AS = RefusedDocument(Place("shopify.events", 1, 77), NOON)
IN_DOUBT = DoubtfulEvent(
    SourceKey("shopify", "order", str(ORDER_ID + 4)),
    "two or more documents of the books would be this order: invoice/7, invoice/8",
    "3004",
    WAITS.record,
)
DECIDED = Decision("Invoice", "145")
PAUSES = Pauses(past=((NOON - timedelta(hours=9), NOON - timedelta(hours=8)),))
READ = 1_234
PLANNED = JobLine(
    "shopify:order:1", "update", "shopify:order:1", {"invoice/145": "3"}, (Place("shopify.events", 0, 7),)
)
LEFT = {"shopify:order:2": "invoice/146 changed in QuickBooks since"}
PIECES = pieces_of([WAITS.record.place], [PLANNED.as_json()])
JOB_AT_WORK = Job(
    id="3f1c9a27",
    asked_at=NOON,
    since_ms=None,
    until_ms=1_790_000_000_000,
    ends={"shopify.events": {0: (0, 120), 3: (40, 50)}},
    pieces=len(PIECES),
    digest=digest_of(PIECES),
    rules_version="5f0c",
    state=JobState.RUNNING,
    next={"shopify.events": {0: 100}},
    compared={"shopify.events": {0: 110}},
    records=99,
    reads=7,
    writes=3,
    batches=4,
    changed_at=NOON + timedelta(minutes=3),
)
REDRIVEN = Redrive(NOON, Place("shopify.events", 2, 1043))


async def written_today() -> Mapping[str, bytes]:
    """The journal as this release writes it."""
    journal = MemoryJournal()
    await WriteAhead(journal).append([TOGETHER, ALONE], STEPS)
    journal.put(WAITS.key, waiting_value(WAITS))
    journal.put(version_key(CANCELLED), version_value(CANCELLED_AS_OF))
    journal.put(version_key(INTENT), version_value(noted({INVOICE: None})))
    journal.put(journal_key(DELETED), journal_value(DELETED, SEAL))
    journal.put(KNOWN_UNTIL_KEY, known_until_value(NOON))
    journal.put(STOPPED_KEY, STOPPED.to_bytes())
    journal.put(PAUSED_KEY, PAUSES.to_bytes())
    journal.put(*(MonthlyReads("0badcafe").entry(NOON, READ) or ("", b"")))
    journal.put(redrive_key(LETTER), redrive_value(REDRIVEN))
    journal.put(refused_key(REFUSED), refused_value(REFUSED_AS))
    journal.put(doubt_key(IN_DOUBT.record), doubt_value(IN_DOUBT))
    journal.put(decision_key(IN_DOUBT.order), decision_value(DECIDED))
    journal.put(job_key(JOB_AT_WORK.id), job_value(JOB_AT_WORK))
    journal.put(left_key(JOB_AT_WORK.id, 0), left_value(LEFT))
    journal.put(cancel_key(JOB_AT_WORK.id), cancel_value(NOON))
    for number, piece in enumerate(PIECES):
        journal.put(piece_key(JOB_AT_WORK.id, number), piece)
    return journal.entries


def read_fixture(path: Path) -> dict[str, bytes]:
    """The journal that a release has left behind."""
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return {row["key"]: row["value"].encode() for row in rows}


if __name__ == "__main__":
    lines = [orjson.dumps({"key": key, "value": value.decode()}) for key, value in asyncio.run(written_today()).items()]
    (FIXTURES / f"{sys.argv[1]}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
