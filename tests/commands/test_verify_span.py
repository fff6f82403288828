"""A span that ended: what was told after it is no fault of its documents, and what people did is a difference."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.commands.spans import day_bounds
from bridge.commands.verify.command import print_report
from bridge.commands.verify.days import by_day
from tests.support.orders import Json, line, order, refund, refund_line, shopify_event, transaction
from tests.support.world import opened
from tests.support.yesterday import AFTER, Yesterday, differing


@pytest.fixture
async def day() -> AsyncIterator[Yesterday]:
    """A day on which order #1043 of 42.90 was placed, which nobody has paid yet."""
    async with opened() as world:
        told = Yesterday(world)
        await told.deliver(unpaid())
        yield told


def unpaid(**changes: object) -> Json:
    body = {"id": 5, "name": "#1043", "financial_status": "pending", "total_outstanding": "42.90"}
    return order([line("42.90", id=51)], **{**body, **changes})


def later(**changes: object) -> Json:
    return unpaid(updated_at="2026-03-05T10:00:00-08:00", **changes)


async def nothing(day: Yesterday) -> None:
    """An ordinary day."""


async def cancelled_after(day: Yesterday) -> None:
    body = later(cancelled_at="2026-03-05T10:00:00-08:00", financial_status="voided", total_outstanding="0.00")
    await day.deliver(shopify_event("orders/cancelled", body), at=AFTER)


async def grown_after(day: Yesterday) -> None:
    body = order([line("50.00", id=51)], id=5, name="#1043", financial_status="pending", total_outstanding="50.00")
    await day.deliver({**body, "updated_at": "2026-03-05T10:00:00-08:00"}, at=AFTER)


async def paid_after(day: Yesterday) -> None:
    moment = "2026-03-05T10:00:00-08:00"
    await day.deliver(transaction(id=70, order_id=5, created_at=moment, processed_at=moment), at=AFTER)


async def told_twice(day: Yesterday) -> None:
    await day.deliver(unpaid(), unpaid())


async def superseded(day: Yesterday) -> None:
    await day.deliver(later(note="gift"))
    await day.deliver(unpaid(updated_at="2026-03-01T10:00:00-08:00"))


async def money_waits(day: Yesterday) -> None:
    await day.deliver(transaction(id=71, order_id=6))


async def memo_edited(day: Yesterday) -> None:
    row = await day.invoice()
    await day.world.by_a_person("edit", "Invoice", row["Id"], changes={"PrivateNote": "call her back"})


async def refunded_after(day: Yesterday) -> None:
    await day.deliver(transaction(id=70, order_id=5))
    money = transaction(id=72, order_id=5, kind="refund", parent_id=70)
    back = refund([refund_line(line("42.90", id=51), 1, "42.90")], money, id=8, order_id=5)
    await day.deliver(later(refunds=[back], financial_status="refunded", total_outstanding="0.00"), at=AFTER)


async def redriven(day: Yesterday) -> None:
    await day.deliver(order([line("1.00")], id=9, name="#1050", total_price="99.00"))
    good = order([line("99.00")], id=9, name="#1050", updated_at="2026-03-06T10:00:00-08:00")
    await day.deliver(good, at=AFTER)


HARMLESS = (
    nothing,
    cancelled_after,
    grown_after,
    paid_after,
    told_twice,
    superseded,
    money_waits,
    memo_edited,
    refunded_after,
    redriven,
)


@pytest.mark.parametrize("happens", HARMLESS, ids=[each.__name__ for each in HARMLESS])
async def test_what_is_right_now_is_silent(day: Yesterday, happens: Callable[[Yesterday], Awaitable[None]]) -> None:
    """Nothing is called missing, twice or a person's."""
    await happens(day)
    report = await day.report()
    assert [(str(each.key), each.verdict.value, each.why) for each in differing(report)] == []
    assert report.verdict == "clean"


async def test_a_backlog_is_not_missing(day: Yesterday) -> None:
    """It is counted, and nothing is said of it. Guard: `_is_consumed`."""
    day.told(order([line("7.00")], id=6, name="#1044"))
    report = await day.report(consumed=1)
    assert (report.verdict, report.not_reached, len(report.documents)) == ("clean", 1, 1)
    assert (await day.report()).verdict == "differs"


async def test_nothing_read_proves_nothing(day: Yesterday) -> None:
    """Neither an empty span nor one that nobody has come to."""
    assert (await day.report(consumed=0)).verdict == "nothing_read"
    day.records.clear()
    assert (await day.report()).verdict == "nothing_read"


async def test_the_time_of_a_persons_change_is_in_the_readers_zone(
    day: Yesterday, capsys: pytest.CaptureFixture[str]
) -> None:
    """QuickBooks writes times in its own offset. Guard: `said_moment`."""
    await voided(day)
    report = await day.report()
    said = [replace(each, user_id="7", changed_at="2026-11-29T07:34:32-08:00") for each in report.documents]
    print_report(replace(report, documents=said))
    assert ", user 7 at 2026-11-29 15:34:32 UTC" in capsys.readouterr().out.replace("\n", " ")


async def lost(day: Yesterday) -> str:
    day.told(order([line("7.00")], id=6, name="#1044", financial_status="pending", total_outstanding="7.00"))
    return "missing"


async def deleted(day: Yesterday) -> str:
    await day.world.by_a_person("delete", "Invoice", (await day.invoice())["Id"])
    return "missing"


async def voided(day: Yesterday) -> str:
    await day.world.by_a_person("void", "Invoice", (await day.invoice())["Id"])
    return "voided"


async def changed(day: Yesterday) -> str:
    row = await day.invoice()
    detail = {"ItemRef": row["Line"][0]["SalesItemLineDetail"]["ItemRef"]}
    lines = [{"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
    await day.world.by_a_person("edit", "Invoice", row["Id"], changes={"Line": lines})
    return "drifted"


FAULTS = (lost, deleted, voided, changed)


@pytest.mark.parametrize("fault", FAULTS, ids=[each.__name__ for each in FAULTS])
async def test_what_differs_is_named(day: Yesterday, fault: Callable[[Yesterday], Awaitable[str]]) -> None:
    """Exit 1 for the bridge's faults and for people's changes alike. Guard: `DIFFERS`."""
    verdict = await fault(day)
    report = await day.report()
    assert [each.verdict.value for each in differing(report)] == [verdict]
    assert report.verdict == "differs"


async def test_missing_money_of_an_order_counts_once(day: Yesterday) -> None:
    """A body and a transaction tell the same. Guard: `unbooked`."""
    day.told(later(financial_status="paid", total_outstanding="0.00"), transaction(id=70, order_id=5))
    payments = [each for each in differing(await day.report()) if each.entity == "Payment"]
    assert [str(each.key) for each in payments] == ["shopify:transaction:70"]


def test_a_day_is_the_company_s_own() -> None:
    """Twenty-three hours where clocks change, and words that are none are refused."""
    zone = ZoneInfo("America/New_York")
    now = datetime(2026, 3, 9, 9, tzinfo=zone)
    assert day_bounds("yesterday", now) == ("2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00")
    assert day_bounds("today", now)[0] == "2026-03-09T00:00:00-04:00"
    with pytest.raises(ValueError, match="expected yesterday, today, or a date"):
        day_bounds("monday", now)


async def test_each_day_has_its_own_documents_and_totals(day: Yesterday) -> None:
    """By the first event of a document, in the company's zone; a fault is of its day. Guard: `by_day`."""
    next_day = 86_400_000
    day.told(
        order([line("7.00")], id=6, name="#1044", financial_status="pending", total_outstanding="7.00"), at=next_day
    )
    await day.deliver(later(), at=next_day)
    report = await day.report(until=2 * next_day)
    found = [(each.day, each.wrong, each.sums()) for each in report.days]
    assert found == [
        (date(1970, 1, 1), 0, [("Invoice", "USD", "42.90", "42.90")]),
        (date(1970, 1, 2), 1, [("Invoice", "USD", "7.00", "0.00")]),
    ]
    before_midnight = by_day(
        report.documents, {each.records[0]: 0 for each in report.documents}, ZoneInfo("America/New_York")
    )
    assert [each.day for each in before_midnight] == [date(1969, 12, 31)]
