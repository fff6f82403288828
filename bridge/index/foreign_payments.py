"""Payments that are not ours, as far as they are linked to documents of ours: mostly QBO's own, of nothing. Pure.

With AutoApplyCredit on QBO puts open credit memos on open invoices of the same customer, the oldest first, by payments
of 0 that carry a note of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.index.posted import Posted

BY_QUICKBOOKS = "Created by QB Online to link credits to charges."
"""The note of such a payment (API reference). In another language of the company it may read otherwise."""


class OtherPayments:
    """By their Ids those that were asked for, and those of nothing that were met."""

    def __init__(self) -> None:
        self._known: dict[str, Posted] = {}

    def remember(self, payment: Posted, *, asked: bool) -> None:
        """Take in one; of those that nobody asked for only the ones that can be no more than a credit's link."""
        if asked or not payment.total or payment.id in self._known:
            self._known[payment.id] = payment

    def get(self, ident: str) -> Posted | None:
        """What was last seen of it, None when it must be read."""
        return self._known.get(ident)

    def forget(self, idents: Iterable[str]) -> None:
        """QBO may have changed these unseen."""
        for ident in idents:
            self._known.pop(ident, None)


def links_one_credit(payment: Posted, credit_id: str) -> bool:
    """True for a payment of QBO's own that uses up this credit memo and no other."""
    used = {link["TxnId"] for line in payment.lines for link in line["LinkedTxn"] if link["TxnType"] == "CreditMemo"}
    return payment.human_note == BY_QUICKBOOKS and not payment.total and used == {credit_id}
