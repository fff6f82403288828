"""Money of an order that is a dead letter does not wait for days: it ends with its order, which it names."""

from __future__ import annotations

import pytest

from mappings.rules import MappingRules
from tests.support.orders import ORDER_ID, Json, charge, line, order, stripe_event, transaction
from tests.support.stripe_objects import CHARGE_ID, listed, payout, row
from tests.support.stripe_objects import refund as stripe_refund
from tests.support.world import World, opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
ORDER = f"shopify:order:{ORDER_ID}"
MONEY = transaction(amount="80.00")
SOUND = order([line("80.00", sku="CUP")])
BROKEN: Json = {**SOUND, "total_price": "81.00"}
"""Its lines miss its total."""


def ended(world: World) -> list[str]:
    """The last status and reason of each record, in the order of delivery."""
    last = [world.results[offset][-1] for offset in sorted(world.results)]
    return [f"{each.status.value} {each.reason.code}" if each.reason else each.status.value for each in last]


async def test_what_waits_for_an_order_ends_with_it() -> None:
    """The money came first. Guard: `call_for_changes(in_vain)`."""
    async with opened(RULES) as world:
        await world.deliver(MONEY)
        await world.deliver(BROKEN)
        await world.idle()
        assert ended(world) == ["dead_lettered orphan", "dead_lettered unbalanced"]
        reason = world.results[0][-1].reason
        assert reason is not None
        assert reason.message.startswith(f"{ORDER}, which it belongs to, is a dead letter (record shopify.events:0:1)")


async def test_what_comes_after_such_an_order_does_not_begin_to_wait() -> None:
    """Told together or later. Guard: `RefusedDocuments.note`."""
    async with opened(RULES) as world:
        await world.deliver(BROKEN, MONEY)
        await world.deliver({**MONEY, "id": 9455001122339, "admin_graphql_api_id": None})
        assert ended(world) == ["dead_lettered unbalanced", "dead_lettered orphan", "dead_lettered orphan"]
        letters = [dict(letter.headers).get("qbb-ended-with") for letter in world.dead_letters]
        assert letters == [None, b"shopify.events:0:0", b"shopify.events:0:0"]


async def test_a_sound_body_of_the_order_lets_money_wait_and_be_booked_again() -> None:
    """What was refused was one version of it."""
    async with opened(RULES) as world:
        await world.deliver(BROKEN)
        await world.deliver({**SOUND, "updated_at": "2026-03-02T21:09:00-08:00"})
        await world.deliver(MONEY)
        assert ended(world)[1:] == ["posted", "posted"]


async def test_a_refused_version_of_an_order_that_is_in_the_books_ends_no_money() -> None:
    """The money goes on the invoice that is there."""
    async with opened(RULES) as world:
        await world.deliver({**SOUND, "financial_status": "pending", "total_outstanding": "80.00"})
        await world.deliver({**BROKEN, "updated_at": "2026-03-02T21:09:00-08:00"})
        await world.deliver(MONEY)
        assert ended(world) == ["posted", "dead_lettered unbalanced", "posted"]


async def test_a_refund_of_a_charge_that_is_a_dead_letter_ends_with_it() -> None:
    """Any document that others wait for: here the company cannot hold the charge's currency."""
    async with opened(RULES) as world:
        taken = charge(currency="eur", balance_transaction=None)
        await world.deliver(stripe_event("charge.succeeded", taken))
        back = stripe_refund(charge=taken["id"], currency="eur")
        await world.deliver(stripe_event("refund.created", back))
        assert ended(world) == ["dead_lettered unmappable", "dead_lettered orphan"]


@pytest.mark.parametrize("is_payout_first", [True, False])
@pytest.mark.parametrize("told", ["charge", "order", "order by its charge"])
async def test_a_payout_ends_with_what_it_pays_out(told: str, *, is_payout_first: bool) -> None:
    """One charge of two that cannot be booked, or an order of the shop: the payout names it and does not wait for days.

    The order may be known by the event of its charge alone, which the row names by its id.
    """
    is_order = told != "charge"
    taken = charge(currency="eur", balance_transaction=None)
    mine = charge(metadata={"shopify_order_id": str(ORDER_ID)}, description="acme.myshopify.com")
    source = mine if told == "order" else CHARGE_ID
    rows = [row("charge", 2500, source), row("charge", 900, "ch_other"), row("payout", -3400, "po_1")]
    paid_out = stripe_event("payout.paid", payout(3400, id="po_1", balance_transactions=listed(rows)))
    other = charge(id="ch_other", payment_intent="pi_other", amount=900, amount_captured=900, balance_transaction=None)
    first = BROKEN if is_order else stripe_event("charge.succeeded", taken)
    events = [paid_out, first] if is_payout_first else [first, paid_out]
    async with opened(RULES) as world:
        await world.deliver(stripe_event("charge.succeeded", other))
        await world.deliver(stripe_event("charge.succeeded", mine if told == "order by its charge" else other))
        for event in events:
            await world.deliver(event)
            await world.idle()
        assert sorted(ended(world)[2:]) == [
            "dead_lettered orphan",
            "dead_lettered unbalanced" if is_order else "dead_lettered unmappable",
        ]
        (letter,) = [dict(each.headers) for each in world.dead_letters if dict(each.headers).get("qbb-ended-with")]
        assert letter["qbb-ended-with"] == f"shopify.events:0:{events.index(first) + 2}".encode()
        named = ORDER if is_order else f"stripe:charge:{CHARGE_ID}"
        assert (letter["qbb-reason"] or b"").decode().startswith(f"{named}, which it pays out, is a dead letter")


@pytest.mark.parametrize("money_first", [True, False])
async def test_what_waits_for_such_an_order_ends_with_it_after_a_change_of_owner(*, money_first: bool) -> None:
    """Guard: the journal's entry; without it the money would wait for three days."""
    async with opened(RULES) as world:
        await world.deliver(BROKEN)
        await world.restart()
        other = {**MONEY, "id": 9455001122339, "admin_graphql_api_id": None}
        await (world.deliver(MONEY, other) if money_first else world.deliver(other, MONEY))
        assert ended(world) == ["dead_lettered unbalanced", "dead_lettered orphan", "dead_lettered orphan"]
        letters = [dict(letter.headers).get("qbb-ended-with") for letter in world.dead_letters]
        assert letters[1:] == [b"shopify.events:0:0"] * 2


async def test_a_document_that_is_booked_after_all_is_not_kept() -> None:
    """Its entry ends in the transaction that tells of it, so the next owner lets money wait again."""
    async with opened(RULES) as world:
        await world.deliver(BROKEN)
        assert kept(world) == [f"refused:{ORDER}"]
        await world.deliver({**SOUND, "updated_at": "2026-03-02T21:09:00-08:00"})
        assert kept(world) == []


async def test_a_refused_document_is_kept_as_long_as_anything_waits() -> None:
    """Guard: entries that never end would fill the journal; what comes later waits as for any unknown order."""
    async with opened(RULES) as world:
        await world.deliver(BROKEN)
        await world.restart()
        await world.clock.advance(72 * 3600)
        await world.deliver(transaction(id=1, order_id=77, admin_graphql_api_id=None))
        assert kept(world) == []
        await world.deliver(MONEY)
        assert ended(world)[-1] == "waiting waiting"


def kept(world: World) -> list[str]:
    """The documents that the journal says are refused."""
    return [key for key in world.journal.entries if key.startswith("refused:")]
