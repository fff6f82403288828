"""What a gateway without events of its own has paid out, as a producer reads it from the gateway's report."""

from __future__ import annotations

from contracts.bodies import Amount, Body, Ident, Text, Time


class SettlementRow(Body):
    """One row: `gross` less `fee` is `net`. `type` is charge, refund, or what `payouts.rows` names.

    `order` and `transaction` are the shop's own ids of a sale and its money, where the producer knows them; `reference`
    is what the gateway calls the row, `date` when it happened: it says whether earlier books hold it.
    """

    type: Text
    gross: Amount
    net: Amount
    fee: Amount | None = None
    reference: Text | None = None
    order: Ident | None = None
    transaction: Ident | None = None
    date: Time | None = None


class Settlement(Body):
    """Money of `gateway` that reached the bank on `date` (below zero: was taken from it), unless `status` says no."""

    id: Text
    gateway: Text
    date: Time
    currency: Text
    amount: Amount
    status: Text = "paid"
    rows: tuple[SettlementRow, ...] = ()
