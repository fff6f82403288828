"""Six shops of one company: the same article, and each with a class, a location and accounts of its own number."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules
from tests.support.orders import (
    Json,
    handed_back,
    order,
    refund,
    refund_line,
    shipping,
    shopify_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import PAYOUT_ID, payout, row
from tests.support.world import World

SHOPS = tuple(f"acme-{number}.myshopify.com" for number in range(6))
FIRST_ORDER = 7100000000
SHOP_ACCOUNTS = {"Sales": "Income", "Clearing": "Other Current Asset", "Fees": "Expense", "Delivery": "Income"}
_SOLD = taxed("40.00", 2, "6.40", id=71, sku="LAMP")


def six_shop_table() -> dict[str, Any]:
    """The rules as a table, for a test that takes something out of it."""
    return {
        "shop_domains": SHOPS,
        "customers": {"policy": "channel"},
        "tracking": [
            {"shop": shop, "class": f"Class {number}", "location": f"Place {number}"}
            for number, shop in enumerate(SHOPS)
        ],
        "shops": {
            shop.upper(): {
                "accounts": {"sales": f"Sales {number}", "fees": f"Fees {number}", "shipping": f"Delivery {number}"},
                "gateways": {"Shopify Payments": {"deposit": f"Clearing {number}"}},
            }
            for number, shop in enumerate(SHOPS)
        },
    }


SIX_SHOPS = MappingRules.model_validate(six_shop_table())


def told_by_shop(number: int, topic: str, body: Json) -> Json:
    """An event of a shop."""
    event = shopify_event(topic, body)
    return {**event, "headers": {**event["headers"], "X-Shopify-Shop-Domain": SHOPS[number]}}  # type: ignore[dict-item]


def events_of_shop(number: int) -> list[Json]:
    """An order of the same article as everywhere, its money, half of it back, and the payout of both."""
    ident = FIRST_ORDER + number
    numbered: dict[str, Any] = {"id": ident, "admin_graphql_api_id": None, "name": f"#{1000 + number}"}
    sold = order([_SOLD], shipping_lines=[shipping("5.00")], customer={"id": ident + 1, "first_name": "B"}, **numbered)
    money = transaction(id=ident + 2, admin_graphql_api_id=None, order_id=ident, amount="91.40")
    moved = handed_back("43.20", id=ident + 3, order_id=ident)
    back = refund(
        [refund_line(_SOLD, 1, "40.00", "3.20")], moved, id=ident + 4, admin_graphql_api_id=None, order_id=ident
    )
    rows = [
        row("charge", "91.40", "3.00", order=ident, transaction=ident + 2, id=ident + 5),
        row("refund", "-43.20", order=ident, id=ident + 6),
    ]
    return [
        told_by_shop(number, "orders/create", sold),
        told_by_shop(number, "order_transactions/create", money),
        told_by_shop(number, "refunds/create", back),
        told_by_shop(number, "shopify_payments/payouts", payout(rows, id=PAYOUT_ID + number)),
    ]


def disputed_in_shop(number: int) -> Json:
    """The card holder's bank takes the money of a shop's order."""
    body: Json = {
        "id": 9100 + number,
        "order_id": FIRST_ORDER + number,
        "type": "chargeback",
        "amount": "91.40",
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "initiated_at": "2026-03-12T09:00:00-05:00",
        "finalized_on": None,
    }
    return told_by_shop(number, "disputes/create", body)


async def with_shop_lists(world: World, *, by_line: bool) -> None:
    """The classes, locations and accounts of the shops; classes on each line of a document, or on the whole."""
    for number in range(6):
        await world.by_hand("class", {"Name": f"Class {number}"})
        await world.by_hand("department", {"Name": f"Place {number}"})
        for name, kind in SHOP_ACCOUNTS.items():
            await world.by_hand("account", {"Name": f"{name} {number}", "AccountType": kind})
    accounting = {"ClassTrackingPerTxn": not by_line, "ClassTrackingPerTxnLine": by_line, "TrackDepartments": True}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": {"AccountingInfoPrefs": accounting}})
    await world.restart()
