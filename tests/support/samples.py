"""Valid events of every mapped kind, about documents of any number: what hostile records are made from.

The golden events tell of the same few documents as `tests.support.orders`; what the processors pay out stands beside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from contracts.schemas.settlement import SETTLEMENT
from tests.support import shop_payouts
from tests.support import stripe_objects as stripe
from tests.support.orders import (
    ORDER_ID,
    Json,
    bought,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    stripe_event,
    taxed,
    transaction,
)

GOLDEN = Path(__file__).parent.parent / "mappings" / "golden"
SOLD = line("5.00", 2)
OWED: Json = {"financial_status": "pending", "total_outstanding": "42.90"}
CANCELLED: Json = {
    "financial_status": "voided",
    "cancelled_at": "2026-03-04T09:00:00-08:00",
    "updated_at": "2026-03-04T09:00:00-08:00",
}
MONEY_ID = 9455001122334
_STRIPE_ID = re.compile(r"(?:[a-z]{2,6})_[0-9A-Za-z]{6,}")
_SHOPIFY_ID_MIN = 100_000_000

OWN: tuple[Callable[[], Json], ...] = (
    lambda: bought(0),
    lambda: bought(0, **OWED),
    lambda: bought(0, **OWED, updated_at="2026-03-03T09:00:00-08:00", po_number="PO-7"),
    lambda: bought(0, **{**OWED, **CANCELLED}),
    lambda: order([taxed("20.00", 2, "2.90")], admin_graphql_api_id=None),
    lambda: order([SOLD, line("7.00", 1)], admin_graphql_api_id=None),
    lambda: transaction(admin_graphql_api_id=None),
    lambda: transaction(admin_graphql_api_id=None, id=MONEY_ID + 1, gateway="gift_card", amount="12.90"),
    lambda: refund([refund_line(SOLD, 1, "5.00")], handed_back("5.00"), admin_graphql_api_id=None),
    lambda: shop_payouts.told(
        [shop_payouts.row("charge", "42.90", "1.54", order=ORDER_ID, transaction=MONEY_ID), _withheld()]
    ),
    lambda: {
        "specversion": "1.0",
        "id": "1",
        "source": "acme.myshopify.com",
        "type": "com.qbo-bridge.settlement",
        "data": SETTLEMENT["examples"][0],  # type: ignore[index]
    },
    lambda: stripe_event("payout.paid", stripe.payout(2427, [stripe.row("charge", 2500, stripe.CHARGE_ID, 73)])),
)


def sample(kind: int, number: int) -> Any:
    """An event of the kind `kind` (any number: they repeat), about the documents of `number`."""
    texts = _texts()
    return renumbered(json.loads(texts[kind % len(texts)]), number)


def renumbered(value: Any, number: int, name: str = "") -> Any:
    """`value` about documents of their own: every id in it is another one, the same for the same id and number."""
    match value:
        case dict():
            return {key: renumbered(each, number, key) for key, each in value.items()}
        case list():
            return [renumbered(each, number, name) for each in value]
        case int() if name.endswith("id") and value > _SHOPIFY_ID_MIN:
            return value + number
        case str() if number and _STRIPE_ID.fullmatch(value):
            return f"{value}{number}"
        case str() if number and value.startswith("gid://"):
            return None
        case _:
            return value


@cache
def _texts() -> tuple[str, ...]:
    golden = sorted(GOLDEN.glob("*/*/event.json"))
    return tuple([json.dumps(make()) for make in OWN] * 4 + [path.read_text() for path in golden])


def _withheld() -> Json:
    return shop_payouts.row("dispute", "-42.90", "15.00", order=ORDER_ID, id=9200000002)
