"""A backfill beside the live work: in slices, each settled with its progress, whoever owns the company."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bridge.journal.entries import JOB_CANCEL, JOB_PIECE
from bridge.journal.jobs import JobState
from bridge.journal.pause import Pauses
from bridge.quickbooks.limiter import Priority
from contracts.errors import Paused, Unavailable
from contracts.records import InboundRecord
from tests.support.entered import keyed
from tests.support.jobs import asked_for, cancel, job_now, one_slice, until_over
from tests.support.orders import bought, ordered, transaction
from tests.support.world import World, opened

ALONE = {"DocNumber": "AB"}
"""A number that names no order."""


def orders(world: World, count: int, *, first: int = 1) -> tuple[InboundRecord, ...]:
    """Different orders as the next records of the topic."""
    return world.records(*(bought(number) for number in range(first, first + count)))


async def test_each_record_has_its_result_and_the_journal_says_done() -> None:
    """In the books once, and nothing is left to do."""
    async with opened() as acme:
        records = orders(acme, 30)
        job = asked_for(acme, records)
        told = await until_over(acme, job)
        assert sorted(result.source.offset for result in told) == [record.offset for record in records]
        assert {result.status.value for result in told} == {"posted"}
        assert len(acme.ours("Invoice")) == 30
        found = job_now(acme, job)
        assert (found.state, found.records, found.passed) == (JobState.DONE, 30, found.offsets)
        assert not acme.company.has_more


async def test_status_shows_how_far_it_is_until_it_is_over() -> None:
    """From the moment in which it is asked for. Guard: `backfills` in `jobs_are` and `committed`."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 60))
        (asked,) = acme.shown["jobs"]
        assert (asked["job"], asked["state"], asked["records"]) == (job.id, "asked", 0)
        await one_slice(acme, job)
        (running,) = acme.shown["jobs"]
        assert (running["state"], running["offsets"]) == ("running", 60)
        assert running["passed"] == running["records"] == job_now(acme, job).records
        await until_over(acme, job)
        assert acme.shown["jobs"] == []


async def test_a_live_order_waits_for_one_slice_only() -> None:
    """It is booked between two of them."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 60))
        await one_slice(acme, job)
        (result,) = await acme.tell(bought(99))
        assert result.status == "posted"
        assert 0 < job_now(acme, job).records < 60
        await until_over(acme, job)
        assert len(acme.ours("Invoice")) == 61


async def test_a_slice_begins_only_when_the_limits_let_it_through_at_once() -> None:
    """Live orders would wait for the limits with it; they find batches of their own. Guard: `_has_room`."""
    async with opened(is_limited=True) as acme:
        job = asked_for(acme, orders(acme, 200))
        await until_over(acme, job)
        assert [slept for slept in acme.clock.slept if slept > 1.5] == []
        assert acme.client.counts.throttled == 0
        assert len(acme.ours("Invoice")) == 200


async def test_a_job_does_not_wait_for_ever_beside_work_that_leaves_it_no_room() -> None:
    """After a minute it does a slice in any case. Guard: `_in_any_case_at_s`."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 30))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(acme.client), "has_room", lambda *_: False)
            await until_over(acme, job)
        assert acme.clock.monotonic() >= 60
        assert len(acme.ours("Invoice")) == 30


async def test_the_next_owner_leaves_the_limits_the_minute_that_its_predecessor_has_used() -> None:
    """QuickBooks counts them together. Guard: `_again_at_s` in `load`."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 60))
        await one_slice(acme, job)
        stopped_s = acme.clock.monotonic()
        async with opened(after=acme) as heir:
            assert not heir.company.has_more
            (result,) = await heir.tell(bought(99))
            assert result.status == "posted"
            await one_slice(heir, job)
            assert heir.clock.monotonic() - stopped_s >= 60


async def test_another_process_goes_on_where_the_journal_says() -> None:
    """No record is told twice, none is left out. Guard: the progress in the transaction of its records."""
    async with opened() as acme:
        records = orders(acme, 40)
        job = asked_for(acme, records)
        told = await one_slice(acme, job)
        assert 0 < job_now(acme, job).records < 40
        async with opened(after=acme) as heir:
            told += await until_over(heir, job)
            assert Counter(result.source.offset for result in told) == Counter(record.offset for record in records)
            assert len(heir.ours("Invoice")) == 40


async def test_a_slice_that_was_not_settled_is_done_again() -> None:
    """QuickBooks was away in the middle: nothing is told, nothing is booked twice."""
    async with opened() as acme:
        records = orders(acme, 12)
        job = asked_for(acme, records)
        acme.breaks("fail_after", operation="batch", count=None)
        with pytest.raises(Unavailable):
            await until_over(acme, job)
        assert (job_now(acme, job).records, acme.told) == (0, [])
        acme.heals()
        told = await until_over(acme, job)
        assert len(told) == len(acme.ours("Invoice")) == 12


async def test_a_pause_of_the_company_holds_its_job() -> None:
    """And it goes on with it. Guard: `_refuse_while_paused` in `_job_turn`."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 30))
        await one_slice(acme, job)
        before = job_now(acme, job).records
        acme.company.paused_as(Pauses().begun(acme.clock.now()).to_bytes())
        assert acme.company.has_more
        for _ in range(3):
            with pytest.raises(Paused):
                await acme.idle()
        assert job_now(acme, job).records == before
        acme.company.paused_as(None)
        await until_over(acme, job)
        assert len(acme.ours("Invoice")) == 30


@pytest.mark.parametrize("settled", [0, 1])
async def test_a_cancelled_job_writes_nothing_more(settled: int) -> None:
    """What it has booked stays booked, its pieces go, and what it had not begun is not in the books."""
    async with opened() as acme:
        records = orders(acme, 40)
        job = asked_for(acme, records, left_out=[records[0].place])
        for _ in range(settled):
            await one_slice(acme, job)
        booked = len(acme.ours("Invoice"))
        cancel(acme, job)
        await until_over(acme, job)
        assert job_now(acme, job).state is JobState.CANCELLED
        assert len(acme.ours("Invoice")) == booked < 40
        assert not [key for key in acme.journal.entries if JOB_PIECE.holds(key) or JOB_CANCEL.holds(key)]
        assert not acme.company.has_more
        async with opened(after=acme) as heir:
            assert not heir.company.has_more


async def test_a_wish_to_end_it_is_kept_for_the_next_owner() -> None:
    """Nobody was there to hear it. Guard: the entry of its own, beside the progress that is written meanwhile."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 40))
        cancel(acme, job)
        async with opened(after=acme) as heir:
            await until_over(heir, job)
            assert job_now(heir, job).state is JobState.CANCELLED
            assert not heir.ours("Invoice")


async def test_what_a_job_leaves_out_has_no_result() -> None:
    """Nothing is booked of it and nothing is said."""
    async with opened() as acme:
        records = orders(acme, 10)
        skipped = [record.place for record in records[3:6]]
        job = asked_for(acme, records, left_out=skipped)
        told = await until_over(acme, job)
        assert {result.source.place for result in told} == {record.place for record in records} - set(skipped)
        assert len(acme.ours("Invoice")) == 7


async def test_without_its_pieces_a_job_is_ended_and_the_company_goes_on() -> None:
    """It would book what a person wanted to be left. Guard: the digest of its pieces."""
    async with opened() as acme:
        records = orders(acme, 10)
        job = asked_for(acme, records, left_out=[records[0].place])
        for key in [key for key in acme.journal.entries if JOB_PIECE.holds(key)]:
            acme.journal.put(key, None)
        await until_over(acme, job)
        assert job_now(acme, job).state is JobState.CANCELLED
        assert not acme.ours("Invoice")
        (result,) = await acme.tell(bought(99))
        assert result.status == "posted"


async def test_dead_letters_in_a_row_stop_no_job() -> None:
    """Each record of the range has its outcome, and live work is not stopped by it."""
    async with opened() as acme:
        unbalanced = ({**bought(number), "total_price": "12.00"} for number in range(100, 160))
        records = acme.records(*unbalanced, bought(1))
        job = asked_for(acme, records)
        told = await until_over(acme, job)
        assert Counter(result.status.value for result in told) == {"dead_lettered": 60, "posted": 1}
        (result,) = await acme.tell(bought(2))
        assert result.status == "posted"


async def test_older_books_are_read_before_an_old_order_is_booked() -> None:
    """It does not fill the journal with waiting events. Guard: `JobStage.REACHING_BACK`."""
    async with opened(window=timedelta(days=30)) as acme:
        old = (acme.clock.now() - timedelta(days=400)).isoformat()
        job = asked_for(acme, acme.records(*(bought(number, created_at=old) for number in range(1, 6))))
        told = await until_over(acme, job)
        assert {result.status.value for result in told} == {"posted"}


@pytest.mark.parametrize("is_job", [True, False])
async def test_the_whole_range_counts_before_any_of_it_is_booked(is_job: bool) -> None:  # noqa: FBT001 - a table
    """One entry, two orders of that buyer and total: nobody can say which. Guard: `JobStage.READING_AHEAD`."""
    async with opened() as acme:
        await keyed(acme, "Invoice", **ALONE)
        await acme.restart()
        records = (
            acme.record(ordered(0)),
            *acme.records(*({"id": number} for number in range(5))),
            acme.record(ordered(1)),
        )
        told = await until_over(acme, asked_for(acme, records)) if is_job else await acme.process(records[:1])
        (first,) = [result for result in told if result.source.offset == records[0].offset]
        assert first.status == ("dead_lettered" if is_job else "already_posted")


async def test_two_jobs_are_done_one_after_the_other() -> None:
    """In the order in which they were asked for."""
    async with opened() as acme:
        first = asked_for(acme, orders(acme, 20), ident="9")
        await acme.clock.advance(1.0)
        second = asked_for(acme, orders(acme, 20, first=50), ident="1")
        await until_over(acme, first)
        assert job_now(acme, second).records == 0
        await until_over(acme, second)
        assert len(acme.ours("Invoice")) == 40


async def test_a_job_that_has_been_over_for_a_day_is_forgotten_at_a_take_over() -> None:
    """Until then it can be asked for."""
    async with opened() as acme:
        job = asked_for(acme, orders(acme, 2))
        await until_over(acme, job)
        await acme.restart()
        assert job_now(acme, job).state is JobState.DONE
        await acme.clock.advance(timedelta(days=1, hours=1).total_seconds())
        await acme.restart()
        assert not [key for key in acme.journal.entries if key.startswith("job")]


async def test_money_whose_order_comes_later_in_the_range_is_booked_with_it() -> None:
    """As live: what waits is woken by what it waits for."""
    async with opened() as acme:
        order = ordered(3)
        money = transaction(order_id=order["id"], id=77, kind="sale", amount="42.90")
        job = asked_for(acme, acme.records(money, *(bought(number) for number in range(30, 60)), order))
        await until_over(acme, job)
        assert [result.status.value for result in acme.results[acme.topic[0].offset]] == ["waiting", "posted"]


async def test_a_job_asks_quickbooks_in_the_lower_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live orders in the higher one. Guard: `at_most`."""
    async with opened() as acme:
        asked: list[Priority] = []
        limiter = acme.client._sender.limiter
        granted = limiter._granted

        async def watched(ticket: object) -> None:
            asked.append(ticket.priority)  # type: ignore[attr-defined]
            await granted(ticket)  # type: ignore[arg-type]

        monkeypatch.setattr(limiter, "_granted", watched)
        job = asked_for(acme, orders(acme, 3))
        await until_over(acme, job)
        assert Priority.LIVE not in asked
        asked.clear()
        await acme.tell(bought(99))
        assert set(asked) == {Priority.LIVE}
