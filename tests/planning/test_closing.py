"""Closed books: what would change them is rejected, dated anew, or held, as the company's rules say."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.posting import ClosedPeriod
from mappings.rules import MappingRules
from tests.support.orders import line, order, shopify_event, transaction
from tests.support.world import World, opened

PAID = shopify_event("orders/paid", order([line("21.45", 2)]))
PENDING = order([line("21.45", 2)], financial_status="pending", updated_at="2026-03-02T21:04:20-08:00")


def rules(policy: ClosedPeriod) -> MappingRules:
    return MappingRules(shop_domains=("acme.myshopify.com",), closed_period=policy)


def close(world: World, until: str | None) -> None:
    """A person closes the books, or opens them."""
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": until})


async def test_a_document_in_closed_books_is_a_dead_letter() -> None:
    """Guard: the closing date is known, so QBO is not even asked, and nobody is created for nothing."""
    async with opened(rules("reject")) as world:
        close(world, "2026-03-31")
        await world.restart()
        before = world.written()
        (result,) = await world.deliver(PAID)
        assert result.reason is not None
        assert (result.status, result.reason.code, result.reason.step) == ("dead_lettered", "period_closed", "invoice")
        assert (world.written(), world.held("Customer")) == (before, [])


async def test_books_that_were_closed_meanwhile_are_learnt_from_the_refusal() -> None:
    """Guard: fault 6210 makes the preferences be read again."""
    async with opened(rules("redate")) as world:
        close(world, "2026-03-31")
        (result,) = await world.deliver(PAID)
        assert result.status == "posted", result.reason
        assert {row["TxnDate"] for entity in ("Invoice", "Payment") for row in world.held(entity)} == {"2026-04-01"}


async def test_a_document_dated_anew_says_its_true_date() -> None:
    """Guard: the first open day, and the source's own date where a person reads it."""
    async with opened(rules("redate")) as world:
        close(world, "2026-03-31")
        await world.restart()
        (result,) = await world.deliver(PAID)
        (invoice,) = world.held("Invoice")
        assert (result.status, invoice["TxnDate"]) == ("posted", "2026-04-01")
        assert invoice["PrivateNote"].startswith(
            "Dated 2026-03-02 at its source; the books were closed until 2026-03-31."
        )
        assert (await world.deliver(PAID))[0].status == "already_posted"


async def test_a_later_body_leaves_the_new_date() -> None:
    """Guard: what stands in open books is not moved back into closed ones."""
    async with opened(rules("redate")) as world:
        close(world, "2026-03-31")
        await world.restart()
        await world.deliver(shopify_event("orders/create", PENDING))
        (result,) = await world.deliver(shopify_event("orders/updated", order([line("21.45", 3)])))
        (invoice,) = world.held("Invoice")
        assert (result.status, invoice["TxnDate"], invoice["TotalAmt"]) == ("posted", "2026-04-01", Decimal("64.35"))


async def test_what_stands_in_closed_books_is_changed_by_nobody() -> None:
    """Guard: an update and a void are rejected under every policy but hold, and QBO is not asked."""
    async with opened(rules("redate")) as world:
        await world.deliver(shopify_event("orders/create", PENDING))
        close(world, "2026-03-31")
        await world.restart()
        before = world.client.counts.writes
        (changed,) = await world.deliver(shopify_event("orders/updated", order([line("21.45", 3)])))
        ended = {"financial_status": "voided", "cancelled_at": "2026-04-02T10:00:00-08:00"}
        voided = {**PENDING, **ended, "updated_at": "2026-04-02T10:00:00-08:00"}
        (cancelled,) = await world.deliver(shopify_event("orders/cancelled", voided))
        assert world.client.counts.writes == before
        codes = [each.reason and each.reason.code for each in (changed, cancelled)]
        assert codes == ["period_closed", "period_closed"]
        assert world.held("Invoice")[0]["TotalAmt"] == Decimal("42.90")


async def test_money_of_today_goes_on_an_invoice_in_closed_books() -> None:
    """Only its own date counts: linking changes no closed amount."""
    async with opened(rules("reject")) as world:
        await world.deliver(shopify_event("orders/create", PENDING))
        close(world, "2026-03-31")
        await world.restart()
        today = transaction(created_at="2026-04-02T10:00:00-08:00", processed_at="2026-04-02T10:00:00-08:00")
        (result,) = await world.deliver(shopify_event("order_transactions/create", today))
        assert result.status == "posted", result.reason


async def test_what_is_held_is_booked_once_the_books_are_open() -> None:
    """Guard: it waits, says why, and is looked at again without a new event."""
    async with opened(rules("hold")) as world:
        close(world, "2026-03-31")
        await world.restart()
        (waiting,) = await world.deliver(PAID)
        assert waiting.status == "waiting"
        assert waiting.reason is not None
        assert "closed until 2026-03-31" in waiting.reason.message
        await world.idle()
        close(world, None)
        await world.clock.sleep(timedelta(minutes=11).total_seconds())
        await world.idle()
        assert world.statuses() == ["posted"]
        assert world.held("Invoice")[0]["TxnDate"] == "2026-03-02"
