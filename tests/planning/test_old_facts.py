"""What only the body of an old order tells, or nobody: refused, waited for or said, never taken for something else."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mappings.rules import load_rules
from tests.support.old_orders import ACCOUNTS, CARD, CENT, RULES, START, OldOrder
from tests.support.orders import shopify_event
from tests.support.shop_payouts import row, told
from tests.support.sizes import seeds
from tests.support.world import opened

TRACKING = '[[tracking]]\ntag = "vip"\nclass = "Europe"\n'


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Events of an old order of which something is not known, and what their last result has to be.

    `says` is a part of its reason, or its warning where it is posted. `moves` is whether anything is in the books.
    """

    events: Callable[[OldOrder], list[Any]]
    status: str
    says: str = ""
    moves: bool = False
    rules: str = ""


def without(event: Any, *names: str) -> Any:
    """The event as a producer trimmed it."""
    kept = copy.deepcopy(event)
    for name in names:
        kept["body"].pop(name)
    return kept


def of_refund(old: OldOrder, *names: str, money: tuple[str, ...] = ()) -> Any:
    """Its refund, trimmed, or the money in it."""
    given = old.refund()
    given["transactions"] = [
        {name: value for name, value in each.items() if name not in money}
        for each in given["transactions"]  # type: ignore[attr-defined]
    ]
    return delivered(old, without(shopify_event("refunds/create", given), *names))


def delivered(old: OldOrder, event: Any) -> Any:
    """Triggered when it happened, after the start."""
    event["headers"]["X-Shopify-Triggered-At"] = old.moved.isoformat()
    return event


def known(old: OldOrder) -> Any:
    return old.body("orders/updated", old.total, old.moved, gateway=CARD)


def late(old: OldOrder) -> Any:
    return delivered(old, old.paid(old.total, old.moved, CARD))


def paid(old: OldOrder, **changes: Any) -> Any:
    return old.body("orders/paid", old.total, old.moved, gateway="manual", **changes)


def paid_out(old: OldOrder, **changes: Any) -> Any:
    said = {"order": old.ident, "transaction": old.ident + 10_000, "processed_at": old.moved.isoformat(), **changes}
    return told([row("charge", str(old.total), "1.00", **said)], date="2026-04-10")


def disputed(old: OldOrder, **changes: Any) -> Any:
    body = {
        "id": 55,
        "order_id": old.ident,
        "type": "chargeback",
        "amount": str(old.total),
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "initiated_at": old.moved.isoformat(),
        **changes,
    }
    return delivered(old, shopify_event("disputes/create", body))


DAYS = ("processed_at", "created_at")
FACTS = {
    "late money without its order": Fact(events=lambda old: [late(old)], status="waiting"),
    "late money without its gateway": Fact(
        events=lambda old: [known(old), without(late(old), "gateway")], status="dead_lettered", says="no gateway"
    ),
    "late money without its currency": Fact(
        events=lambda old: [known(old), without(late(old), "currency")], status="dead_lettered", says="no currency"
    ),
    "late money without its day": Fact(
        events=lambda old: [known(old), without(late(old), *DAYS)], status="dead_lettered", says="on which day"
    ),
    "a gift card without its order": Fact(
        events=lambda old: [delivered(old, old.paid(old.total, old.moved, "gift_card"))], status="waiting"
    ),
    "a paid body without gateways": Fact(
        events=lambda old: [without(paid(old), "payment_gateway_names")],
        status="posted",
        says="gateway_unknown",
        moves=True,
    ),
    "a paid body of several gateways": Fact(
        events=lambda old: [paid(old, payment_gateway_names=["manual", "paypal"])],
        status="posted",
        says="gateway_unknown",
        moves=True,
    ),
    "a paid body of card and money": Fact(
        events=lambda old: [paid(old, payment_gateway_names=["manual", "gift_card"])],
        status="ignored",
        says="gift_card_part_unknown",
    ),
    "a paid body without its currency": Fact(
        events=lambda old: [without(paid(old), "currency")], status="dead_lettered", says="no currency"
    ),
    "a paid body without its day": Fact(
        events=lambda old: [without(paid(old), *DAYS)], status="dead_lettered", says="on which day"
    ),
    "a paid body without its buyer": Fact(
        events=lambda old: [without(paid(old), "customer", "email")], status="posted", moves=True
    ),
    "a refund without its order": Fact(events=lambda old: [of_refund(old)], status="waiting"),
    "a refund without its gateway": Fact(
        events=lambda old: [known(old), of_refund(old, money=("gateway",))], status="dead_lettered", says="its gateway"
    ),
    "a refund without its day": Fact(
        events=lambda old: [known(old), of_refund(old, *DAYS)], status="dead_lettered", says="on which day"
    ),
    "a refund without its money": Fact(
        events=lambda old: [known(old), of_refund(old, "transactions")], status="dead_lettered", says="no transactions"
    ),
    "a refund of a place that only its order tells": Fact(
        events=lambda old: [known(old), of_refund(old)],
        status="posted",
        says="tracking_unknown",
        moves=True,
        rules=TRACKING,
    ),
    "a payout's row without its order": Fact(events=lambda old: [paid_out(old)], status="waiting"),
    "a payout's row without its day": Fact(
        events=lambda old: [known(old), paid_out(old, processed_at=None)],
        status="dead_lettered",
        says="does not say when",
    ),
    "a dispute without its order": Fact(events=lambda old: [disputed(old)], status="posted", moves=True),
    "a dispute without its currency": Fact(
        events=lambda old: [without(disputed(old), "currency")], status="dead_lettered", says="no currency"
    ),
    "a dispute without its day": Fact(
        events=lambda old: [without(disputed(old), "initiated_at")], status="dead_lettered", says="on which day"
    ),
}


@pytest.mark.parametrize("seed", seeds(2))
@pytest.mark.parametrize("fact", FACTS)
async def test_what_is_not_known_of_an_old_order_is_never_taken_for_something_else(fact: str, seed: int) -> None:
    """Guards: `refuse_unknown_day`, `gateway_cautions` of earlier orders, `PLACE_UNKNOWN`."""
    draw, wanted = random.Random(f"{fact} {seed}"), FACTS[fact]  # noqa: S311 - no secret
    old = OldOrder(
        ident=3001 + seed,
        price=CENT * draw.randint(500, 9_000),
        tax=CENT * draw.randint(0, 400),
        placed=START - timedelta(days=draw.randint(1, 40), hours=draw.randint(1, 20)),
        moved=START + timedelta(days=draw.randint(2, 20), hours=draw.randint(1, 20)),
    )
    async with opened(load_rules(RULES.format(cards="") + wanted.rules)) as world:
        for name, account_type in ACCOUNTS.items():
            await world.by_hand("account", {"Name": name, "AccountType": account_type})
        await world.by_hand("class", {"Name": "Europe"})
        await world.restart()
        for event in wanted.events(old):
            (result,) = await world.deliver(event)
        assert result.status == wanted.status
        assert wanted.says in " ".join([str(result.reason), *(each.code for each in result.warnings)])
        moved = sum((abs(each) for each in world.trial_balance().values()), Decimal(0))
        assert bool(moved) == wanted.moves
