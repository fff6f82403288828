"""Payouts of Shopify Payments as the Admin REST API has them, with the rows of the balance that they are made of."""

from __future__ import annotations

from contracts.bodies import Amount, Body, Count, Flag, Ident, Text, Time


class PayoutRow(Body):
    """One row of the balance: `source_order_transaction_id` is the id of the order's own transaction.

    `amount` is what it moved, `fee` what Shopify kept of it and `net` the rest. An adjustment says its own type in
    `adjustment_reason`.
    """

    id: Ident
    type: Text
    amount: Amount
    net: Amount
    fee: Amount | None = None
    currency: Text | None = None
    test: Flag = False
    source_id: Ident | None = None
    source_order_id: Ident | None = None
    source_order_transaction_id: Ident | None = None
    processed_at: Time | None = None
    adjustment_reason: Text | None = None

    @property
    def kind(self) -> str:
        """What the rules call a row of this type."""
        return (self.adjustment_reason or self.type).strip().lower()


class ShopPayout(Body):
    """Money that went to the bank, or was taken from it (below zero); `part` of `parts` when it is told in several."""

    id: Ident
    status: Text
    date: Time
    currency: Text
    amount: Amount
    balance_transactions: tuple[PayoutRow, ...] | None = None
    part: Count | None = None
    parts: Count | None = None
