"""Orders that the rules leave out: nothing of them is booked, and nothing of them waits."""

from __future__ import annotations

from itertools import permutations

from tests.support.orders import line, order, shopify_event, transaction
from tests.support.rules import rules
from tests.support.world import opened

SKIP = '[[skip]]\ntag = "sample"\n[[skip]]\nchannel = "pos"\ngateway = "manual"'
SAMPLE = shopify_event("orders/create", order([line("42.90", 1)], tags="vip, Sample"))
PAID = shopify_event("order_transactions/create", transaction())


async def test_an_order_that_is_left_out_is_not_booked_and_its_money_does_not_wait() -> None:
    """Whichever comes first, also after a restart."""
    for events in permutations((SAMPLE, PAID)):
        async with opened(rules(SKIP)) as world:
            for event in events:
                await world.deliver(event)
                await world.restart()
            await world.idle()
            assert world.statuses() == ["ignored", "ignored"]
            assert {results[-1].reason and results[-1].reason.code for results in world.results.values()} == {
                "skipped_by_rule"
            }
            assert world.held("Invoice") == world.held("Payment") == world.held("Customer") == []


async def test_all_that_a_pattern_says_must_fit() -> None:
    """An order at the till by card is not one at the till by hand."""
    async with opened(rules(SKIP)) as world:
        by_card = order([line("42.90", 1)], source_name="pos", tags="", payment_gateway_names=["shopify_payments"])
        (result,) = await world.deliver(by_card)
        assert result.status == "posted", result.reason


async def test_an_order_whose_tag_was_taken_off_is_booked() -> None:
    """Its newer body is no longer left out; the older one does not come back."""
    untagged = order([line("42.90", 1)], tags="vip", updated_at="2026-03-02T22:00:00-08:00")
    async with opened(rules(SKIP)) as world:
        await world.deliver(SAMPLE)
        await world.deliver(untagged)
        await world.deliver(SAMPLE)
        assert world.statuses() == ["ignored", "posted", "superseded"]


async def test_what_is_in_the_books_already_stays() -> None:
    """A tag that comes later says nothing about what was sold."""
    tagged = order([line("42.90", 1)], tags="sample", updated_at="2026-03-02T22:00:00-08:00")
    async with opened(rules(SKIP)) as world:
        await world.deliver(order([line("42.90", 1)], source_name="web", tags=""))
        (result,) = await world.deliver(tagged)
        assert result.status == "ignored"
        assert len(world.invoices()) == 1
