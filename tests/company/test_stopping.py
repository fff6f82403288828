"""A company whose events are refused one after the other stops, keeps its offsets, and goes on when it is told to."""

from __future__ import annotations

import pytest

from bridge.journal.stop import STOPPED_KEY
from contracts.errors import BatchTooLarge, Stopped
from contracts.records import InboundRecord
from contracts.results import Result
from tests.support.orders import ORDER_ID, bought, transaction
from tests.support.world import World, opened

LIMIT = 50


def refused(number: int) -> dict[str, object]:
    """An order whose lines miss its total."""
    return {**bought(number), "total_price": "12.00"}


def phase_of(acme: World) -> str:
    return acme.company._board.phase.value


async def taken(acme: World, records: tuple[InboundRecord, ...]) -> list[Result]:
    """What is taken of a micro-batch at once, as the session does it."""
    try:
        return await acme.process(records)
    except BatchTooLarge as asked:
        return await acme.process(records[: asked.records])


async def test_fifty_dead_letters_of_one_reason_stop_the_company_at_the_fiftieth() -> None:
    """What lies behind it in the same poll is not begun. Guard: `allowed_prefix` in `Company.process`."""
    async with opened() as acme:
        await acme.tell(bought(900))
        results = await taken(acme, acme.records(*map(refused, range(60)), bought(901)))
        assert [result.reason and result.reason.code for result in results] == ["unbalanced"] * LIMIT
        with pytest.raises(Stopped, match="stopped after 50 dead letters in a row with the reason unbalanced"):
            await acme.process(acme.records(bought(902)))
        assert len(acme.ours("Invoice")) == 1
        assert STOPPED_KEY in acme.journal.entries


async def test_a_stopped_company_does_nothing_between_micro_batches_either() -> None:
    """What waits goes on waiting, and the board says why. Guard: `_refuse_while_stopped` in `Company.idle`."""
    async with opened() as acme:
        await taken(acme, acme.records(*map(refused, range(LIMIT))))
        with pytest.raises(Stopped):
            await acme.idle()
        board = acme.company._board
        assert phase_of(acme) == "stopped"
        assert "qbo-bridge resume --company acme" in str(board.snapshot()["reason"])
        assert board.snapshot()["dead_letters_in_a_row"] == LIMIT


async def test_it_goes_on_when_it_is_told_to() -> None:
    """From where it stood; the row begins anew."""
    async with opened() as acme:
        records = acme.records(*map(refused, range(LIMIT)), bought(900))
        await taken(acme, records)
        with pytest.raises(Stopped):
            await acme.idle()
        acme.company.go_on()
        (result,) = await acme.process(records[LIMIT:])
        assert (result.status, phase_of(acme)) == ("posted", "running")


async def test_owned_again_by_the_same_process_it_stays_stopped() -> None:
    """A rebalance or a broker that was away is nobody's decision to go on. Guard: `_stay_stopped_or_go_on`."""
    async with opened() as acme:
        await taken(acme, acme.records(*map(refused, range(LIMIT))))
        await acme.company.released()
        with pytest.raises(Stopped):
            await acme.company.take_over(2)
        assert phase_of(acme) == "stopped"
        acme.journal.put(STOPPED_KEY, None)
        await acme.company.take_over(2)
        assert phase_of(acme) == "running"


async def test_a_restart_goes_on_and_takes_the_note_out() -> None:
    """Nobody finds a stop that is over."""
    async with opened() as before:
        await taken(before, before.records(*map(refused, range(LIMIT))))
        async with opened(after=before) as acme:
            assert STOPPED_KEY not in acme.journal.entries
            (result,) = await acme.tell(bought(900))
            assert result.status == "posted"


async def test_what_only_quickbooks_refuses_stops_it_too() -> None:
    """The answers come with the whole micro-batch, which is settled whole; the company stops behind it."""
    async with opened() as acme:
        await acme.tell(bought(900))
        acme.breaks("batch_item", count=None, entity="Invoice", code="6000", detail="A business validation error.")
        results = await taken(acme, acme.records(*map(bought, range(LIMIT + 10))))
        assert {result.reason and result.reason.code for result in results} == {"rejected"}
        assert len(results) == len({result.result_id for result in results}) == LIMIT + 10
        with pytest.raises(Stopped):
            await acme.idle()


async def test_orphans_do_not_stop_a_company() -> None:
    """Their order never came, which says nothing of what comes next; they are told all the same. Guard: `UNCOUNTED`."""
    async with opened() as acme:
        await acme.tell(bought(900))
        await acme.tell(*(transaction(id=number, order_id=number) for number in range(1, LIMIT + 1)))
        await acme.clock.advance(73 * 3600)
        told = await acme.idle()
        assert {result.reason and result.reason.code for result in told} == {"orphan"}
        assert acme.company._board.snapshot()["dead_letters_in_a_row"] == 0
        (result,) = await acme.tell(bought(901))
        assert result.status == "posted"


async def test_closed_books_do_not_stop_a_company() -> None:
    """A person has closed them, and opens them again. Guard: `UNCOUNTED`."""
    async with opened() as acme:
        await acme.tell(bought(900))
        acme.breaks("batch_item", count=None, entity="Invoice", code="6210", detail="The account period has closed.")
        results = await taken(acme, acme.records(*map(bought, range(LIMIT + 10))))
        assert {result.reason and result.reason.code for result in results} == {"period_closed"}
        assert await acme.idle() == []


async def test_a_company_whose_every_payment_fails_is_not_saved_by_the_invoices_between() -> None:
    """One order, one charge that QBO refuses, and so on. Guard: `Shares`."""
    async with opened() as acme:
        acme.breaks("fault", count=None, entity="Payment", code="6000", detail="A business validation error.")
        for number in range(LIMIT):
            await acme.tell({**bought(number), "financial_status": "pending"})
            await acme.tell(transaction(id=9_000 + number, order_id=ORDER_ID + number))
        with pytest.raises(Stopped, match=f"{LIMIT} dead letters among the last {LIMIT} records of the kind shopify:"):
            await acme.idle()
        assert [each.status.value for each in acme.told] == ["posted", "dead_lettered"] * LIMIT
