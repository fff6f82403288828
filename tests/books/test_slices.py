"""The books before the window are read in pieces, beside the work, and nothing is planned before they are known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import structlog.testing

from contracts.results import Result
from mappings.rules import MappingRules
from tests.support.clocks import settle
from tests.support.orders import Json, bought, customer, product
from tests.support.world import World, opened

NINETY_DAYS = timedelta(days=90)
OLD = "2014-03-02T08:00:00-08:00"
NEW = "2026-11-20T08:00:00-08:00"


def statuses(told: list[Result]) -> list[str]:
    return [result.status.value for result in told]


def placed(number: int, at: str) -> Json:
    """A paid order that was placed at that time."""
    return bought(number, created_at=at, processed_at=at, updated_at=at)


async def quiet(acme: World, moments: int = 400) -> list[Result]:
    """Everything that quiet moments lead to, once whatever is read beside the work has been read."""
    told: list[Result] = []
    for _ in range(moments):
        told += await acme.idle()
        await settle()
    return told


async def test_a_product_and_a_customer_of_long_ago_need_no_older_books() -> None:
    """QBO's name lists are read whole. Guard: `PostingPlan.books_since`."""
    async with opened(window=NINETY_DAYS) as acme:
        reads = acme.client.counts.reads
        await acme.tell(product({"id": 1, "sku": "A", "title": "A", "price": "1.00"}, created_at=OLD))
        await acme.tell(customer(created_at=OLD))
        await quiet(acme)
        assert acme.client.counts.reads == reads
        assert "waiting" not in statuses(acme.told)


async def test_a_new_order_is_booked_at_once_beside_one_that_waits_for_older_books() -> None:
    """Nothing of the present waits for the past; the old one says what it waits for."""
    async with opened(window=NINETY_DAYS) as acme:
        old, new = await acme.tell(placed(0, OLD), placed(1, NEW))
        assert (old.status.value, new.status.value) == ("waiting", "posted")
        assert old.reason is not None
        assert "since 2014-03-02" in old.reason.message
        assert statuses(await quiet(acme)) == ["posted"]


async def test_years_without_a_document_are_read_in_few_pieces() -> None:
    """A span with little in it makes the next one longer: twelve years of nothing are seven pieces of eight reads."""
    async with opened(window=NINETY_DAYS) as acme:
        reads = acme.client.counts.reads
        await acme.tell(placed(0, OLD))
        assert statuses(await quiet(acme)) == ["posted"]
        assert acme.client.counts.reads - reads <= 8 * 8


async def test_what_was_read_stays_read_when_quickbooks_goes_away_in_between() -> None:
    """The piece that failed is asked for again after a minute, those before it are not."""
    async with opened(window=NINETY_DAYS) as acme:
        await acme.tell(placed(0, OLD))
        acme.breaks("outage", seconds=1_000_000, after_s=0, operation="query")
        assert await quiet(acme) == []
        acme.sandbox.faults.clear()
        await acme.clock.advance(3600)
        assert statuses(await quiet(acme)) == ["posted"]


async def test_an_order_never_ends_as_an_orphan_because_its_books_are_slow() -> None:
    """Three days without reads. Guard: `Company._unless_waiting_ends` asks whether its books are read."""
    async with opened(window=NINETY_DAYS) as acme:
        await acme.tell(placed(0, OLD))
        acme.breaks("fault", count=None, operation="query", status=500)
        for _ in range(4):
            await acme.clock.advance(24 * 3600)
            assert await quiet(acme, 20) == []
        acme.sandbox.faults.clear()
        await acme.clock.advance(3600)
        assert statuses(await quiet(acme)) == ["posted"]


async def test_a_new_owner_reads_on_for_what_waits() -> None:
    """The wish is not in the journal, the order that needs it is."""
    async with opened(window=NINETY_DAYS) as before:
        await before.tell(placed(0, OLD))
        async with opened(after=before, window=NINETY_DAYS) as acme:
            assert statuses(await quiet(acme)) == ["posted"]
            assert len(acme.held("Invoice")) == 1


async def test_an_order_that_the_older_books_hold_is_not_made_again() -> None:
    """Guard: without waiting for its books it would be there twice."""
    async with opened() as before:
        await before.tell(placed(0, "2026-05-01T08:00:00-07:00"))
        await before.clock.advance(95 * 24 * 3600)
        async with opened(after=before, window=NINETY_DAYS) as acme:
            assert statuses(await acme.tell(placed(0, "2026-05-01T08:00:00-07:00"))) == ["waiting"]
            assert statuses(await quiet(acme)) == ["already_posted"]
            assert len(acme.held("Invoice")) == 1


@pytest.mark.parametrize("is_told_first", [True, False])
async def test_nothing_is_read_of_before_the_start_of_the_books(is_told_first: bool) -> None:  # noqa: FBT001
    """An order of 2014 is left out, and its money of today booked, by the books since then. Guard: `needed_since`."""
    rules = MappingRules(shop_domains=("acme.myshopify.com",), books_start=date(2026, 7, 1))
    async with opened(rules, window=NINETY_DAYS) as acme:
        old, new = placed(0, OLD), placed(1, "2026-07-20T08:00:00-08:00")
        reads = acme.client.counts.reads
        with structlog.testing.capture_logs() as logged:
            await acme.tell(*((old, new) if is_told_first else (new, old)))
            await quiet(acme)
        assert sorted(end.status.value for end in (acme.results[0][-1], acme.results[1][-1])) == ["ignored", "posted"]
        widened = [each["since"] for each in logged if each["event"] == "books.widened"]
        assert widened
        # because clocks differ, and what other tools wrote around that day is compared with
        assert min(widened) >= "2026-06-20"
        assert acme.client.counts.reads - reads <= 4 * 7
