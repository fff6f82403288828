"""Four orders of which each kind of money is told, and how they go on: edited, paid, cancelled, refunded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.marker import TRANSACTIONS
from tests.support.orders import ORDER_ID, Json, bought, handed_back, refund, transaction
from tests.support.samples import CANCELLED, OWED
from tests.support.world import World


def before() -> list[Json]:
    """One paid, one owed, one paid by transactions, one refunded."""
    return [
        *(bought(0), bought(1, **OWED), bought(2, **OWED), bought(3)),
        transaction(id=1, order_id=ORDER_ID + 2, amount="30.00", admin_graphql_api_id=None),
        refund([], handed_back("2.90", order_id=ORDER_ID + 3), id=2, order_id=ORDER_ID + 3, admin_graphql_api_id=None),
    ]


def later() -> list[Json]:
    """They go on: told again, edited, paid, cancelled, refunded."""
    return [
        *(bought(number, updated_at="2026-03-03T09:00:00-08:00", po_number="PO-7", **OWED) for number in (1, 2)),
        transaction(id=3, order_id=ORDER_ID, amount="42.90", admin_graphql_api_id=None),
        transaction(id=4, order_id=ORDER_ID + 2, amount="12.90", gateway="gift_card", admin_graphql_api_id=None),
        bought(1, **{**OWED, **CANCELLED}),
        refund([], handed_back("1.10", order_id=ORDER_ID + 3), id=5, order_id=ORDER_ID + 3, admin_graphql_api_id=None),
        bought(3, **{**OWED, **CANCELLED}),
    ]


def books_of(acme: World) -> list[tuple[str, str, Decimal, Decimal | None]]:
    """Type, Id, total and balance of all that stands."""
    return [
        (entity, row["Id"], row["TotalAmt"], row.get("Balance")) for entity in TRANSACTIONS for row in acme.held(entity)
    ]


async def ended(acme: World) -> tuple[list[Any], list[str]]:
    """The books once they have gone on, and what each event has ended as."""
    results = [result for body in later() for result in await acme.tell(body)]
    return books_of(acme), [f"{each.source.document} {each.status}" for each in results]
