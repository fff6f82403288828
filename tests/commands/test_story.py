"""What is known of a document: whom a word means, and what became of each attempt to write it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bridge.commands.explain.question import Question
from bridge.commands.explain.story import Entry, PublishedResult, attempts_of, meant, read_trail
from bridge.commands.glance import glance_at
from bridge.journal.requests import JournalledWrite, WriteAhead
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Single
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.records import OutboundRecord, Place
from contracts.results import PostedEntity, Result, ResultStatus, Source, result_record
from tests.support.desk import consumed

ORDER, OTHER = SourceKey("shopify", "order", "100"), SourceKey("shopify", "order", "200")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
BOTH = Batch(
    items=(
        BatchItem(b_id="b1", entity="Invoice", operation="create", request_id="r1"),
        BatchItem(b_id="b2", entity="Invoice", operation="create", request_id="r2"),
    ),
    body=b"{}",
    request_id="batch",
)
ALONE = Single(entity="Payment", operation="create", body=b"{}", request_id="alone")
STEPS = {
    "r1": JournalledWrite(StepId("Invoice", ORDER), Operation.CREATE),
    "r2": JournalledWrite(StepId("Invoice", OTHER), Operation.CREATE),
    "alone": JournalledWrite(StepId("Payment", SourceKey("shopify", "payment", "100")), Operation.CREATE),
}


class Log:
    """A journal that keeps all of its records, a second apart by what was there before."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(
        self, entries: Sequence[tuple[str, bytes | None]], *, together_with: Sequence[OutboundRecord] = ()
    ) -> None:
        assert not together_with
        self.entries += [(key, value, NOON_MS + 1000 * len(self.entries)) for key, value in entries]

    async def read(self) -> Mapping[str, bytes]:
        return {key: value for key, value, _ in self.entries if value is not None}

    async def read_on(self) -> Mapping[str, bytes]:
        return {}

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        return OutboundRecord(topic="qbo.journal", key=key.encode(), value=value)


def journalled(*, settled: bool) -> list[Entry]:
    """Both requests as the machine writes them, and perhaps their end."""
    log = Log()
    ahead = WriteAhead(log)
    asyncio.run(ahead.append([BOTH, ALONE], STEPS))
    if settled:
        asyncio.run(log.append(ahead.tombstones()))
    return log.entries


def told(*entities: PostedEntity, document: SourceKey = ORDER, number: int = 7) -> PublishedResult:
    result = Result(
        result_id="res",
        status=ResultStatus.POSTED,
        company="acme",
        realm_id="1",
        source=Source(
            system="shopify",
            event_type="orders/paid",
            event_id=None,
            document=str(document),
            topic="shopify.events",
            partition=0,
            offset=number,
        ),
        entities=entities,
        rules_version="r",
        occurred_at=None,
        received_at=NOON,
        posted_at=NOON,
    )
    return PublishedResult(result, b"{}", NOON)


INVOICE = PostedEntity(
    entity="Invoice", operation="create", id="145", doc_number="1001", request_id="batch/b1", intuit_tid="1-tid"
)
THEIRS = PostedEntity(entity="Invoice", operation="create", id="146", request_id="batch/b2")
FOUND = PostedEntity(entity="Invoice", operation="none", id="145", doc_number="1001")


def test_a_request_whose_outcome_nobody_settled_says_so() -> None:
    """With the time at which it was journalled, in a batch under the name that results give it."""
    found = attempts_of(str(ORDER), read_trail(journalled(settled=False)), [])
    assert [(each.request_id, each.outcome, each.sent_at, each.settled_at) for each in found] == [
        ("batch/b1", "not known yet", NOON, None),
        ("alone", "not known yet", NOON, None),
    ]


def test_a_settled_request_that_no_result_names_was_refused() -> None:
    """The other was written; money that only the body tells belongs to its order. Guard: `_with_outcome`."""
    found = attempts_of(str(ORDER), read_trail(journalled(settled=True)), [told(INVOICE)])
    assert [(each.request_id, each.outcome, each.intuit_tid) for each in found] == [
        ("batch/b1", "written as Invoice 145", "1-tid"),
        ("alone", "refused", None),
    ]
    assert found[1].settled_at == NOON.replace(second=2)


def test_the_customer_that_a_result_names_has_its_time_from_the_journal_too() -> None:
    """Its step is a document of its own, written for this one. Guard: `named` in `attempts_of`."""
    theirs = told(THEIRS)
    found = attempts_of(str(ORDER), read_trail(journalled(settled=True)), [told(INVOICE), theirs])
    assert [each.sent_at for each in found if each.request_id == "batch/b2"] == [NOON]


def test_what_the_journal_has_forgotten_the_results_know() -> None:
    """An entity that was only found is no attempt, nor is what another document's result names."""
    found = attempts_of(str(ORDER), read_trail([]), [told(INVOICE), told(FOUND), told(THEIRS, document=OTHER)])
    assert [(each.request_id, each.sent_at, each.settled_at) for each in found] == [("batch/b1", None, NOON)]


def test_a_record_that_waits_is_known_by_the_journal() -> None:
    """Until its entry ends."""
    place, other = Place("shopify.events", 0, 7), Place("shopify.events", 0, 8)
    entries: list[Entry] = [("waiting:shopify.events:0:7", b"{}", NOON_MS)]
    assert read_trail(entries).waiting([place, other]) == [place]
    assert read_trail([*entries, ("waiting:shopify.events:0:7", None, NOON_MS)]).waiting([place]) == []


@pytest.mark.parametrize(
    ("text", "means"),
    [("shopify:order:100", True), ("100", True), ("#1001", True), ("1001", True), ("145", False), ("10", False)],
)
def test_a_document_goes_by_its_key_its_id_and_its_number(text: str, *, means: bool) -> None:
    """Never by a part of one, nor by an Id of QBO."""
    result = glance_at(consumed(result_record(told(INVOICE).result, "qbo.results")))
    assert result is not None
    assert Question.read(text).names_result(result) is means


def test_the_narrowest_meaning_counts() -> None:
    """A key before an id before a number; what stays ambiguous is all told."""
    documents = ["shopify:order:1001", "shopify:order:100", "shopify:order:100"]
    assert meant("shopify:order:100", documents) == ["shopify:order:100"]
    assert meant("1001", documents) == ["shopify:order:1001"]
    assert meant("7", documents) == ["shopify:order:100", "shopify:order:1001"]
    assert meant("7", []) == []
