"""A company's machine against the sandbox: what is told, what is written, and what an outage leaves behind."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.journal.known_until import KNOWN_UNTIL_KEY
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.errors import AnswerMismatch, Unavailable
from contracts.keys import SourceKey, step_request_id
from tests.support.orders import (
    BODY_MONEY,
    ORDER,
    ORDER_ID,
    SALE,
    Json,
    bought,
    charge,
    customer,
    later,
    line,
    order,
    ordered,
    taxed,
    transaction,
)
from tests.support.world import World, opened

NINETY_DAYS = timedelta(days=90)


def succeeded(document: Json) -> Json:
    """The event of a charge."""
    return {
        "object": "event",
        "id": "evt_1",
        "type": "charge.succeeded",
        "livemode": True,
        "data": {"object": document},
    }


def statuses(world: World) -> list[str]:
    return [result.status.value for result in world.told]


async def test_a_paid_order_is_an_invoice_and_its_payment() -> None:
    """Both carry their marker, the invoice is settled, and the result names everything that was written."""
    async with opened() as acme:
        (result,) = await acme.tell(bought(0))
        invoice = acme.ours("Invoice")[ORDER]
        payment = acme.ours("Payment")[BODY_MONEY]
        assert (invoice["TotalAmt"], invoice["Balance"], payment["TotalAmt"]) == (Decimal("42.90"), 0, Decimal("42.90"))
        assert result.status == "posted"
        assert [entity.entity for entity in result.entities if entity.operation == "create"].count("Invoice") == 1
        assert {entity.entity for entity in result.entities} == {"Account", "Customer", "Item", "Invoice", "Payment"}


async def test_the_same_order_again_costs_nothing() -> None:
    """The index knows it: no call at all."""
    async with opened() as acme:
        await acme.tell(bought(0))
        before = acme.client.counts
        (result,) = await acme.tell(bought(0))
        assert (result.status, acme.client.counts) == ("already_posted", before)
        assert {entity.entity for entity in result.entities} == {"Invoice", "Payment"}


async def test_a_restart_finds_everything_in_quickbooks() -> None:
    """With an empty journal and an empty index the replay writes nothing."""
    async with opened() as before:
        await before.tell(bought(0), transaction())
        async with opened(after=before) as acme:
            await acme.tell(bought(0), transaction())
            assert statuses(acme) == ["already_posted", "already_posted"]
            assert acme.client.counts.writes + acme.client.counts.batches == 0


async def test_money_waits_for_its_order_and_is_posted_with_it() -> None:
    """First `waiting`, then one terminal result each, and nothing is left in the journal."""
    async with opened() as acme:
        assert [result.status for result in await acme.tell(transaction())] == ["waiting"]
        assert acme.journal.entries
        results = await acme.tell(bought(0))
        assert sorted(result.status for result in results) == ["posted", "posted"]
        assert set(acme.ours("Payment")) == {SALE}
        assert not [key for key in acme.journal.entries if key.startswith("waiting")]


async def test_what_waits_survives_a_restart() -> None:
    """The journal has the original bytes."""
    async with opened() as before:
        await before.tell(transaction())
        async with opened(after=before) as acme:
            results = await acme.tell(bought(0))
            assert sorted(result.status for result in results) == ["posted", "posted"]


async def test_what_waited_too_long_is_a_dead_letter_with_its_bytes() -> None:
    """After 72 hours it is an orphan."""
    async with opened() as acme:
        (record,) = acme.records(transaction())
        await acme.process((record,))
        await acme.clock.advance(71 * 3600)
        assert await acme.idle() == []
        await acme.clock.advance(3600)
        (result,) = await acme.idle()
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "orphan")
        assert [letter.value for letter in acme.dead_letters] == [record.value]
        assert not [key for key in acme.journal.entries if key != KNOWN_UNTIL_KEY]


async def test_money_for_an_old_order_is_found_by_looking_further_back() -> None:
    """The invoice is older than the index; after ten minutes of waiting the index reaches back."""
    async with opened() as before:
        await before.tell(later(bought(0), 1, financial_status="pending"))
        await before.clock.advance(95 * 24 * 3600)
        before.journal.ids.entries.clear()  # with them the invoice is read by its Id, at once
        async with opened(after=before, window=NINETY_DAYS) as acme:
            paid_now = transaction(processed_at="2027-02-25T12:00:00Z", created_at="2027-02-25T12:00:00Z")
            assert [result.status for result in await acme.tell(paid_now)] == ["waiting"]
            await acme.clock.advance(601)
            assert [result.status for result in await acme.idle_until_read()] == ["posted"]
            assert acme.ours("Invoice")[ORDER]["Balance"] == 0


async def test_a_newer_body_updates_the_invoice_and_an_older_one_is_superseded() -> None:
    """Content follows the newest version, whichever comes last."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, financial_status="pending"))
        grown = order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", financial_status="pending")
        await acme.tell(later(grown, 20))
        await acme.tell(later(bought(0), 15, financial_status="pending"))
        assert statuses(acme) == ["posted", "posted", "superseded"]
        assert acme.ours("Invoice")[ORDER]["TotalAmt"] == Decimal("64.35")


async def test_a_paid_invoice_is_read_once_before_it_is_updated() -> None:
    """Linking the payment moved its SyncToken unseen; no stale write is risked."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10))
        grown = order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", financial_status="partially_paid")
        before = acme.client.counts
        (result,) = await acme.tell(later(grown, 20, total_outstanding="21.45"))
        now = acme.client.counts
        assert (result.status, now.reads - before.reads, now.writes - before.writes) == ("posted", 1, 1)
        assert acme.ours("Invoice")[ORDER]["Balance"] == Decimal("21.45")


async def test_a_stale_token_is_read_again_and_the_update_goes_through() -> None:
    """A person touched the invoice meanwhile without changing its total."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, financial_status="pending"))
        invoice = acme.ours("Invoice")[ORDER]
        named = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True}
        await acme.by_hand("invoice", {**named, "CustomerMemo": {"value": "hello"}})
        grown = order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", financial_status="pending")
        (result,) = await acme.tell(later(grown, 20))
        assert result.status == "posted"
        assert acme.ours("Invoice")[ORDER]["TotalAmt"] == Decimal("64.35")


async def test_an_unpaid_cancelled_order_voids_its_invoice_and_keeps_the_marker() -> None:
    """QBO writes "Voided" over the note; the marker is put back."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, financial_status="pending"))
        cancelled = later(bought(0), 20, financial_status="voided", cancelled_at="2026-03-02T21:05:20-08:00")
        (result,) = await acme.tell(cancelled)
        invoice = acme.ours("Invoice")[ORDER]
        assert (result.status, invoice["TotalAmt"]) == ("posted", 0)
        assert [(entity.entity, entity.operation) for entity in result.entities] == [("Invoice", "void")]


async def test_a_customer_named_like_a_vendor_gets_a_name_of_his_own() -> None:
    """6240 against a vendor: the name is looked up, counts as taken, and another is used under a new request id."""
    async with opened() as acme:
        await acme.by_hand("vendor", {"DisplayName": "Dana Reyes"})
        (result,) = await acme.tell(bought(0))
        assert (result.status, result.attempts) == ("posted", 2)
        assert [row["DisplayName"] for row in acme.held("Customer")] == ["Dana Reyes (6655001122)"]


async def test_a_document_number_that_a_stranger_holds_is_made_distinct() -> None:
    """6140, when the company asks for it: once more with the last four digits of the order's id."""
    async with opened() as acme:
        set_switches(
            acme.sandbox.realms[DEFAULT_REALM], {"preferences": {"SalesFormsPrefs": {"CustomTxnNumbers": True}}}
        )
        stranger = await acme.by_hand("customer", {"DisplayName": "A person"})
        service = {"Name": "Thing", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
        item = await acme.by_hand("item", service)
        detail = {"ItemRef": {"value": item["Id"]}}
        sold = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        bill = {"CustomerRef": {"value": stranger["Id"]}, "DocNumber": "3000", "Line": [sold]}
        await acme.by_hand("invoice", bill)
        (result,) = await acme.tell(bought(0))
        assert result.status == "posted"
        assert acme.ours("Invoice")[ORDER]["DocNumber"] == f"3000-{str(ORDER_ID)[-4:]}"


async def test_a_backlog_takes_as_few_calls_as_full_batches_allow() -> None:
    """A hundred orders in one micro-batch: each wave is its steps by thirty, rounded up, and nothing is read."""
    async with opened() as acme:
        await acme.tell(bought(999))
        reads, calls = acme.client.counts.reads, acme.client.counts.writes + acme.client.counts.batches
        already = len(acme.journal.appends)
        await acme.tell(*(bought(number) for number in range(100)))
        waves = acme.journal.appends[already:]
        made_calls = acme.client.counts.writes + acme.client.counts.batches - calls
        assert acme.client.counts.reads == reads
        assert made_calls == sum(len(wave) for wave in waves) == 2 * math.ceil(100 / 30)
        assert set(statuses(acme)) == {"posted"}


async def test_a_batch_that_is_refused_as_a_whole_goes_again_item_by_item() -> None:
    """Its fault says nothing of the items: one bad item must not refuse the others."""
    async with opened() as acme:
        await acme.tell(bought(999))
        acme.breaks("fault", count=1, operation="batch", status=400, code="2010")
        results = await acme.tell(bought(0), bought(1))
        assert [result.status for result in results] == ["posted", "posted"]
        assert len(acme.ours("Invoice")) == 3


async def test_an_outage_settles_nothing_and_the_same_bytes_go_out_afterwards() -> None:
    """The batch that was on its way is sent again as it was, before anything newer is planned."""
    async with opened() as acme:
        records = acme.records(bought(0), bought(1))
        acme.breaks("late_apply", count=1, operation="batch", seconds=3600)
        acme.breaks("outage", seconds=1800)
        with pytest.raises(Unavailable):
            await acme.company.process(records)
        await acme.clock.advance(7200)
        results = await acme.process(records)
        assert [result.status for result in results] == ["posted", "posted"]
        assert len(acme.ours("Invoice")) == len(acme.ours("Payment")) == 2


async def test_an_unanswered_batch_is_repeated_as_it_was_although_more_has_come() -> None:
    """QBO applied it and nobody heard; packed anew with other orders it would be posted twice."""
    async with opened() as acme:
        await acme.tell(bought(999))
        first = acme.records(bought(0), bought(1))
        acme.breaks("reset_after", count=None, operation="batch")
        with pytest.raises(Unavailable):
            await acme.company.process(first)
        acme.sandbox.faults.clear()
        results = await acme.process((*first, *acme.records(bought(2))))
        assert [result.status for result in results] == ["posted"] * 3
        assert len(acme.held("Invoice")) == len(acme.ours("Invoice")) == 4


async def test_an_owner_that_comes_back_remembers_nothing_of_its_first_time() -> None:
    """Another one has settled what it left open: sent or told again from memory it would be wrong. Guard: `forget`."""
    async with opened() as first:
        records = first.records(bought(0), bought(1))
        first.breaks("reset_after", count=None, operation="batch")
        with pytest.raises(Unavailable):
            await first.company.process(records)
        await first.company.released()
        first.sandbox.faults.clear()
        async with opened(after=first) as second:
            assert [result.status for result in await second.process(records)] == ["posted"] * 2
        await first.company.take_over(3)
        sent = first.client.counts.batches
        assert [result.status for result in await first.process(records)] == ["already_posted"] * 2
        assert first.client.counts.batches == sent


async def test_an_order_that_is_older_than_the_index_is_looked_for_before_it_is_written() -> None:
    """It was booked more than ninety days ago: its event comes again and the index reaches back."""
    async with opened() as before:
        await before.tell(bought(0))
        await before.clock.advance(95 * 24 * 3600)
        async with opened(after=before, window=NINETY_DAYS) as acme:
            assert [result.status for result in await acme.tell(bought(0))] == ["waiting"]
            assert [result.status for result in await acme.idle_until_read()] == ["already_posted"]
            assert len(acme.held("Invoice")) == 1


async def test_a_definitive_fault_is_never_tried_again_under_its_request_id() -> None:
    """A QBO that remembers faults would only repeat it."""
    async with opened(replay_faults=True) as acme:
        await acme.tell(bought(999))
        await acme.by_hand("vendor", {"DisplayName": "Ines Moreau"})
        person = {"id": 77, "first_name": "Ines", "last_name": "Moreau", "email": None}
        assert [result.status for result in await acme.tell(bought(0, customer=person, email=None))] == ["posted"]


async def test_what_was_refused_for_good_is_not_sent_again_with_what_is_tried_again() -> None:
    """One order's customer needs another name; the other order's invoice was refused and stays refused."""
    async with opened() as acme:
        await acme.tell(bought(999))
        await acme.by_hand("vendor", {"DisplayName": "Ines Moreau"})
        acme.breaks("batch_item", count=1, entity="Invoice", code="6000", detail="Business Validation Error: no.")
        person = {"id": 77, "first_name": "Ines", "last_name": "Moreau", "email": None}
        refused, posted = await acme.tell(bought(0), bought(1, customer=person, email=None))
        assert (refused.status, refused.reason and refused.reason.fault_code) == ("dead_lettered", "6000")
        assert posted.status == "posted"


async def test_a_currency_that_was_switched_on_meanwhile_is_booked() -> None:
    """Refused while the company cannot hold it; preferences are read again, once a minute at most."""
    async with opened() as acme:
        (refused,) = await acme.tell(bought(0, currency="EUR"))
        assert (refused.status, refused.reason and refused.reason.code) == ("dead_lettered", "unmappable")
        switched = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
        wanted = {"preferences": switched, "daily_rates": {"EUR": "1.0850"}}
        set_switches(acme.sandbox.realms[DEFAULT_REALM], wanted)
        (refused,) = await acme.tell(bought(1, currency="EUR"))
        assert refused.status == "dead_lettered"
        await acme.clock.advance(61)
        reads = acme.client.counts.reads
        (posted,) = await acme.tell(bought(0, currency="EUR"))
        assert (posted.status, acme.client.counts.reads - reads) == ("posted", 7)
        assert acme.ours("Invoice")[ORDER]["CurrencyRef"]["value"] == "EUR"


async def test_an_owner_that_died_after_journalling_is_finished_by_the_next() -> None:
    """What is unsettled in the journal goes out first, byte for byte; then the books show it."""
    async with opened() as before:
        await before.tell(bought(5, customer=None, email=None))
        records = before.records(bought(0))
        before.breaks("outage", seconds=1800)
        with pytest.raises(Unavailable):
            await before.company.process(records)
        await before.clock.advance(3600)
        unsettled = [key for key in before.journal.entries if key.startswith("request:")]
        async with opened(after=before) as acme:
            assert len(unsettled) == 1
            assert not [key for key in acme.journal.entries if key.startswith("request:")]
            assert len(acme.held("Customer")) == 2
            (result,) = await acme.process(records)
            assert result.status == "posted"
            assert len(acme.ours("Invoice")) == 2


async def test_what_a_dead_owner_wrote_is_told_as_posted_by_the_next() -> None:
    """It died between the answer and the settlement: the result still names the creation and its request."""
    async with opened() as before:
        await before.tell(bought(5, customer=None, email=None))
        records = before.records(bought(0))
        await before.company.process(records)  # never settled: its results are lost with the process
        async with opened(after=before) as acme:
            (result,) = await acme.process(records)
            created = {entity.entity for entity in result.entities if entity.operation == "create"}
            assert (result.status, created) == ("posted", {"Customer", "Invoice", "Payment"})


async def test_an_update_of_a_dead_owner_is_ours_when_the_next_one_dies_before_it_settles_anything() -> None:
    """Nobody takes it for a person's change. Guard: the record of Ids learns of it where its request ends."""
    async with opened() as first:
        await first.tell(later(ordered(0), 10))
        grown = later(order([line("21.45", 3)], id=ORDER_ID, name="#3000", financial_status="pending"), 20)
        records = first.records(grown)
        await first.company.process(records)  # never settled
        async with opened(after=first) as second, opened(after=second) as third:
            (result,) = await third.process(records)
            assert (result.status, result.reason) == ("already_posted", None)
            assert third.ours("Invoice")[ORDER]["TotalAmt"] == Decimal("64.35")


async def test_an_invoice_that_a_person_deleted_is_not_made_again() -> None:
    """The update finds it gone; the newer body is ignored and says why."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, financial_status="pending"))
        invoice = acme.ours("Invoice")[ORDER]
        named = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
        await acme.by_hand("invoice", named, operation="delete")
        grown = order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", financial_status="pending")
        (result,) = await acme.tell(later(grown, 20))
        assert (result.status, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
        assert acme.held("Invoice") == []


async def test_money_that_is_too_large_to_wait_is_a_dead_letter() -> None:
    """What cannot be kept in a journal of Kafka's own record size is refused at once, and the next order is posted."""
    async with opened() as acme:
        noise = random.Random(1).randbytes(1_000_000).hex()  # noqa: S311 - bytes that do not compress
        refused, posted = await acme.tell(transaction(order_id=ORDER_ID + 50, receipt={"noise": noise}), bought(0))
        assert (refused.status, refused.reason and refused.reason.code) == ("dead_lettered", "too_large")
        assert posted.status == "posted"


async def test_money_told_by_bodies_goes_on_after_a_transaction_took_over_what_they_told_before() -> None:
    """A second payment of the bodies begins at SyncToken 0 again. Guard: the Id in `step_request_id`."""

    def grown(to: str, seconds: int) -> Json:
        return later(order([line(to)], id=ORDER_ID, admin_graphql_api_id=None, name="#3000"), seconds)

    async with opened() as acme:
        await acme.tell(grown("42.90", 1))
        await acme.tell(grown("52.90", 2))
        await acme.tell(transaction(admin_graphql_api_id=None, amount="52.90"))
        await acme.tell(grown("62.90", 3))
        await acme.tell(grown("72.90", 4))
        assert acme.statuses() == ["posted"] * 5
        held = {key: row["TotalAmt"] for key, row in acme.ours("Payment").items()}
        assert held == {SALE: Decimal("52.90"), BODY_MONEY: Decimal("20.00")}


async def test_a_customer_who_paid_in_another_currency_last_is_the_same_one_in_books_of_one_currency() -> None:
    """Shopify names that currency. Guard: `plan_person` asks the profile; else each update makes a customer more."""
    async with opened() as acme:
        for second, currency in enumerate(("USD", "EUR", "EUR", "nonsense"), start=1):
            moment = f"2026-03-02T09:00:0{second}-08:00"
            await acme.tell(customer(currency=currency, phone=f"+1555010{second}", updated_at=moment))
        assert acme.statuses() == ["posted"] * 4
        (row,) = acme.held("Customer")
        assert (row["DisplayName"], row["PrimaryPhone"]["FreeFormNumber"]) == ("Dana Reyes", "+15550104")


async def test_an_answer_that_is_not_what_was_sent_stops_the_company() -> None:
    """A request id that answers with another document is never taken for success."""
    async with opened() as acme:
        await acme.tell(bought(0))
        other = SourceKey("shopify", "order", str(ORDER_ID + 1))
        used = step_request_id(DEFAULT_REALM, other, "Invoice", "create", sync_token=None, attempt=1)
        posted = acme.ours("Invoice")[ORDER]
        strange = {"CustomerRef": posted["CustomerRef"], "DocNumber": "77", "Line": posted["Line"][:1]}
        await acme.by_hand("invoice", strange, requestid=used)
        with pytest.raises(AnswerMismatch, match="DocNumber"):
            await acme.company.process(acme.records(bought(1)))


@pytest.mark.parametrize(
    ("value", "status", "code"),
    [
        (b"{not json", "dead_lettered", "undecodable"),
        (b'{"id": 1', "dead_lettered", "undecodable"),
        (b"\xff\xfe\x00", "dead_lettered", "undecodable"),
        (b"[1, 2]", "dead_lettered", "undecodable"),
        (b'"' + b"x" * 5_100_000 + b'"', "dead_lettered", "undecodable"),
        (None, "ignored", "tombstone"),
        ({**bought(0), "total_price": "12.00"}, "dead_lettered", "unbalanced"),
        ({**bought(0), "total_price": ["12.00"]}, "dead_lettered", "undecodable"),
        ({**bought(0), "test": True}, "ignored", "test_event"),
        ({**bought(0), "created_at": "0001-01-01T00:00:00Z"}, "dead_lettered", "undecodable"),
        ({**bought(0), "updated_at": "9999-12-31T23:59:59-12:00"}, "dead_lettered", "undecodable"),
        (transaction(amount="-42.90"), "dead_lettered", "undecodable"),
        (succeeded(charge(amount=-5, amount_captured=-5)), "dead_lettered", "undecodable"),
        (succeeded(charge(created=10**18)), "dead_lettered", "undecodable"),
    ],
    ids=[
        "not json",
        "truncated",
        "not text",
        "a list",
        "5 MB",
        "null",
        "unbalanced",
        "wrong types",
        "test order",
        "year 1",
        "year 9999",
        "negative sale",
        "negative charge",
        "time beyond time",
    ],
)
async def test_bad_input_ends_with_a_reason_and_the_next_order_is_posted(value: object, status: str, code: str) -> None:
    """A dead letter has the original bytes; nothing else stops."""
    async with opened() as acme:
        records = acme.records(value, bought(7), headers={"x-odd": b"caf\xe9", "x-null": None})
        first, second = await acme.process(records)
        assert (first.status, first.reason and first.reason.code) == (status, code)
        assert second.status == "posted"
        letters = [records[0].value] if status == "dead_lettered" else []
        assert [letter.value for letter in acme.dead_letters] == letters


async def test_an_event_of_an_unknown_shop_is_reported_once_by_the_first_company() -> None:
    """Readable, but nobody's: ignored with its reason."""
    async with opened() as acme:
        headers = {"X-Shopify-Topic": b"orders/paid", "X-Shopify-Shop-Domain": b"stranger.myshopify.com"}
        (result,) = await acme.tell(bought(0), headers=headers)
        assert (result.status, result.reason and result.reason.code) == ("ignored", "unknown_source")
