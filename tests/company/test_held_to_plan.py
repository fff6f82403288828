"""A job that does a plan: what a person changed since the plan was made is left and said, all else is done."""

from __future__ import annotations

import pytest

from bridge.journal.job_lines import JobLine, read_left
from bridge.journal.jobs import Job, JobState
from contracts.errors import Unavailable
from contracts.keys import SourceKey
from contracts.records import InboundRecord
from contracts.results import Result
from tests.support.entered import BY_NUMBER, keyed
from tests.support.jobs import asked_for, job_now, one_slice, until_over
from tests.support.orders import ORDER_ID, Json, bought, later, order, ordered, taxed
from tests.support.orders import line as sold
from tests.support.world import World, opened

FIRST = SourceKey("shopify", "order", str(ORDER_ID + 1))


def line(would: str, *records: InboundRecord, order: int, group: str = "", **tokens: str) -> JobLine:
    """A line of the plan for this order, which these records tell of."""
    name = f"shopify:order:{bought(order)['id']}"
    named = {each.replace("_", "/"): token for each, token in tokens.items()}
    return JobLine(name, would, group or name, named, tuple(record.place for record in records))


def left_of(world: World, job: Job) -> dict[str, str]:
    """What the journal says of it, by the order's number."""
    numbers = {f"shopify:order:{bought(each)['id']}": str(each) for each in range(1, 100)}
    return {numbers[name]: why for name, why in read_left(world.journal.entries, job.id).items()}


def told_of(results: list[Result]) -> set[str]:
    """The documents that results name."""
    return {result.source.document or "" for result in results}


def grown(number: int) -> Json:
    """The order with one more line, half a minute later."""
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{3000 + number}"}
    return later(order([taxed("20.00", 2, "2.90"), sold("5.00", 1)], **named), 30)


async def test_what_is_as_planned_is_done() -> None:
    """Nothing is left, and each record has its result."""
    async with opened() as acme:
        records = acme.records(*(bought(each) for each in range(1, 21)))
        lines = [line("create", record, order=each) for each, record in enumerate(records, 1)]
        job = asked_for(acme, records, lines=lines)
        told = await until_over(acme, job)
        assert (len(told), len(acme.ours("Invoice")), left_of(acme, job)) == (20, 20, {})


async def test_an_order_that_a_person_keyed_since_is_left_and_said() -> None:
    """The plan would have created it; nothing is adopted in its stead. Guard: `foresee` in `_differing`."""
    async with opened() as acme:
        first, second = acme.record(ordered(0)), acme.record(bought(2))
        lines = [
            JobLine(f"shopify:order:{ordered(0)['id']}", "create", "a", {}, (first.place,)),
            line("create", second, order=2),
        ]
        job = asked_for(acme, (first, second), lines=lines)
        entered = await keyed(acme, "Invoice", **BY_NUMBER)
        told = await until_over(acme, job)
        assert told_of(told) == {lines[1].document}
        assert acme.held("Invoice")[0]["Id"] == entered["Id"]
        assert "PrivateNote" not in acme.held("Invoice")[0]
        (why,) = read_left(acme.journal.entries, job.id).values()
        assert why == "the plan would create it, and now it would be: adopt"


async def test_an_invoice_that_a_person_changed_since_is_left_though_a_newer_body_comes() -> None:
    """Its SyncToken has moved; the others are done. Guard: `_moved`."""
    async with opened() as acme:
        await acme.tell(bought(1), bought(2))
        keys = [SourceKey("shopify", "order", str(ORDER_ID + each)) for each in (1, 2)]
        first, second = (acme.ours("Invoice")[key] for key in keys)
        records = acme.records(grown(1), grown(2))
        lines = [
            line("update", record, order=each, **{f"invoice_{invoice['Id']}": invoice["SyncToken"]})
            for each, invoice, record in zip((1, 2), (first, second), records, strict=True)
        ]
        await acme.by_hand("invoice", {**first, "sparse": True, "CustomerMemo": {"value": "by hand"}})
        job = asked_for(acme, records, lines=lines)
        told = await until_over(acme, job)
        assert told_of(told) == {str(keys[1])}
        (why,) = left_of(acme, job).values()
        assert why == f"invoice/{first['Id']} changed in QuickBooks since"
        assert [str(acme.ours("Invoice")[key]["TotalAmt"]) for key in keys] == ["42.90", "47.90"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_payment_that_a_person_entered_since_beside_an_untouched_invoice_is_left(is_known: bool) -> None:  # noqa: FBT001
    """It would be adopted, and the plan does not name it. Guard: `others` in `_differing`."""
    async with opened() as acme:
        mine = await keyed(acme, "Invoice", **BY_NUMBER)
        loose = {"CustomerRef": mine["CustomerRef"], "TotalAmt": "42.90", "TxnDate": "2026-03-05"}
        before = [await acme.by_hand("payment", loose)] if is_known else []
        record = acme.record(bought(0))
        named = {f"payment_{each['Id']}": each["SyncToken"] for each in before}
        lines = [line("adopt", record, order=0, **{f"invoice_{mine['Id']}": mine["SyncToken"]}, **named)]
        job = asked_for(acme, (record,), lines=lines)
        entered = before or [await acme.by_hand("payment", loose)]
        told = await until_over(acme, job)
        left = read_left(acme.journal.entries, job.id)
        if is_known:
            assert (left, len(told)) == ({}, 1)
        else:
            assert list(left.values()) == [f"payment/{entered[0]['Id']} was entered since the plan was made"]
            assert not acme.ours("Invoice")


async def test_what_was_booked_live_since_is_left() -> None:
    """Nothing is told of it once more. Guard: `_made`."""
    async with opened() as acme:
        records = acme.records(*(bought(each) for each in (1, 2)))
        job = asked_for(acme, records, lines=[line("create", each, order=at) for at, each in enumerate(records, 1)])
        await acme.tell(bought(1))
        told = await until_over(acme, job)
        assert told_of(told) == {f"shopify:order:{bought(2)['id']}"}
        assert left_of(acme, job) == {"1": "it was booked since the plan was made"}


async def test_what_needs_a_document_that_is_left_is_left_with_it() -> None:
    """One group: nothing of it is booked. Guard: the group in `compare`."""
    async with opened() as acme:
        records = acme.records(*(bought(each) for each in range(1, 41)))
        lines = [
            line("create", record, order=each, group="together" if each in {1, 40} else "")
            for each, record in enumerate(records, 1)
        ]
        await acme.tell(bought(40))
        job = asked_for(acme, records, lines=lines)
        await until_over(acme, job)
        assert left_of(acme, job).keys() == {"1", "40"}
        assert len(acme.ours("Invoice")) == 39


async def test_a_plan_of_other_rules_is_left_whole() -> None:
    """The service has not heard of the new ones. Guard: `rules_version` in the job."""
    async with opened() as acme:
        (record,) = acme.records(bought(1))
        job = asked_for(acme, (record,), lines=[line("create", record, order=1)], rules_version="another")
        assert not await until_over(acme, job)
        assert not acme.ours("Invoice")
        assert "other rules" in left_of(acme, job)["1"]


@pytest.mark.parametrize("is_killed", [False, True])
async def test_own_writes_of_a_slice_that_was_not_settled_are_no_persons(is_killed: bool) -> None:  # noqa: FBT001
    """The slice is done again, by this owner or an heir, and nothing is left. Guard: `compared` in the journal."""
    async with opened() as acme:
        records = acme.records(*(bought(each) for each in range(1, 13)))
        job = asked_for(acme, records, lines=[line("create", each, order=at) for at, each in enumerate(records, 1)])
        acme.breaks("fail_after", operation="batch", count=None)
        with pytest.raises(Unavailable):
            await until_over(acme, job)
        acme.heals()
        if is_killed:
            async with opened(after=acme) as heir:
                told = await until_over(heir, job)
        else:
            told = await until_over(acme, job)
        assert len(told) == 12
        assert left_of(acme, job) == {}
        assert job_now(acme, job).state is JobState.DONE


async def test_what_was_left_stays_left_with_the_next_owner() -> None:
    """A later record of the same order comes in a later slice, of another process. Guard: `read_left`."""
    async with opened() as acme:
        records = acme.records(*(bought(each) for each in range(1, 41)), grown(1))
        lines = [
            line("create", record, *(records[40:] if each == 1 else ()), order=each)
            for each, record in enumerate(records[:40], 1)
        ]
        await acme.tell(bought(1))
        before = acme.ours("Invoice")[FIRST]["SyncToken"]
        job = asked_for(acme, records, lines=lines)
        await one_slice(acme, job)
        async with opened(after=acme) as heir:
            await until_over(heir, job)
            assert left_of(heir, job).keys() == {"1"}
            assert heir.ours("Invoice")[FIRST]["SyncToken"] == before
