"""What a bookkeeper enters by hand: an order in their own words, its payment, and a decision on what is in doubt."""

from __future__ import annotations

from typing import Any

from bridge.journal.doubts import decision_key, decision_value
from contracts.keys import SourceKey
from contracts.matching import Decision
from tests.support.world import World

TOTAL = "42.90"
"""The total of the orders that tests buy."""
BY_NUMBER = {"DocNumber": "SO-03000/A"}
"""How an order #3000 may be numbered by hand."""


async def keyed(
    acme: World, entity: str = "Invoice", *, customer: str = "Dana Reyes", **changes: Any
) -> dict[str, Any]:
    """The order as a bookkeeper enters it: one line, its own words."""
    found = next((row for row in acme.held("Customer") if row["DisplayName"] == customer), None)
    buyer = found or await acme.by_hand("customer", {"DisplayName": customer})
    amount = changes.pop("amount", TOTAL)
    item = next(iter(acme.held("Item")), None) or await acme.by_hand(
        "item", {"Name": "Sales by hand", "Type": "Service", "IncomeAccountRef": {"value": income(acme)}}
    )
    line = {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "Description": "as on the packing slip",
        "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": "NON"}},
    }
    body = {"CustomerRef": {"value": buyer["Id"]}, "TxnDate": "2026-03-04", "Line": [line], **changes}
    return await acme.by_hand(entity, body)


def income(acme: World) -> str:
    """An account for sales."""
    return str(next(row["Id"] for row in acme.held("Account") if row["AccountType"] == "Income"))


async def paid_by_hand(acme: World, invoice: dict[str, Any], amount: str = TOTAL, **changes: Any) -> dict[str, Any]:
    """A payment that a bookkeeper put on the invoice."""
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": amount, "TxnDate": "2026-03-05", "Line": [line]}
    return await acme.by_hand("payment", {**body, **changes})


async def decided(acme: World, order: SourceKey, decision: Decision) -> None:
    """What `qbo-bridge adopt` writes, and the seconds until the owner asks for it."""
    acme.journal.put(decision_key(order), decision_value(decision))
    await acme.clock.advance(3)
