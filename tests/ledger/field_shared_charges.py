"""A charge or a payment record that pays several invoices of Stripe, drawn, and what it must leave in the books.

Each invoice says its own total and what was paid on it; InvoicePayments say the shares, in events of their own or in
the invoice's list. The figures are those drawn: the shares, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.ledger.told_orders import CENT, FieldStory
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import billed, invoice, invoice_payment, listed, paid_invoice, payout, refund, row


@dataclass(frozen=True, slots=True)
class SharedCharge:
    """One charge and the invoices that it pays: of each its total and its share, in cents."""

    number: int
    buyer: int
    invoices: tuple[tuple[int, int], ...]
    by_intent: bool = True

    @property
    def ident(self) -> str:
        return f"ch_share{self.number:08}"

    @property
    def intent(self) -> str:
        return f"pi_share{self.number:08}"

    @property
    def worth(self) -> int:
        """What was charged."""
        return sum(share for _, share in self.invoices)

    def with_invoice(self, place: int, asked_and_paid: tuple[int, int]) -> SharedCharge:
        """The same with another total and share of one invoice."""
        found = list(self.invoices)
        found[place] = asked_and_paid
        return replace(self, invoices=tuple(found))

    def charged(self, **changes: Any) -> Json:
        """The charge's own event."""
        own = {"id": self.ident, "payment_intent": self.intent, "customer": f"cus_share{self.buyer:06}"}
        person = {"name": f"Share {self.buyer}", "email": f"s{self.buyer}@example.com"}
        taken = {"amount": self.worth, "amount_captured": self.worth, "billing_details": person}
        return stripe_event("charge.succeeded", charge(**own, **taken, **changes))

    def failed(self) -> Json:
        """The charge was a bank debit that came back after all."""
        return {
            **self.charged(status="failed", paid=False, failure_balance_transaction="txn_f"),
            "type": "charge.failed",
        }

    def paid_out(self, *, is_expanded: bool = False) -> Json:
        """The payout that brings it; `is_expanded` with the charge in its row, else with the id of it."""
        ident, charged = f"po_share{self.number:08}", self.charged()
        data: Any = charged["data"]
        source = data["object"] if is_expanded else self.ident
        rows = [row("payout", -self.worth, ident), row("charge", self.worth, source)]
        return stripe_event("payout.paid", payout(self.worth, id=ident, balance_transactions=listed(rows)))

    def payment(self, place: int, **changes: Any) -> Json:
        """The InvoicePayment of one invoice."""
        named = {"type": "payment_intent", "payment_intent": self.intent}
        by = named if self.by_intent else {"type": "charge", "charge": self.ident}
        own = {"id": f"inpay_{self.number}_{place}", "invoice": self.invoice_id(place), "payment": by}
        return invoice_payment(**{**own, "amount_paid": self.invoices[place][1], **changes})

    def invoice_id(self, place: int) -> str:
        return f"in_share{self.number:06}{place}"

    def body(self, place: int, **changes: Any) -> Json:
        """An invoice as it is once the charge has paid its share; one that is paid in part stays open."""
        total, share = self.invoices[place]
        own: Any = {"id": self.invoice_id(place), "number": f"SH-{self.number}-{place}", "lines": [billed(total)]}
        own |= {"customer": f"cus_share{self.buyer:06}", "customer_email": f"s{self.buyer}@example.com"}
        if share == total:
            return stripe_event("invoice.paid", paid_invoice(total=total, **own, **changes))
        partly: Any = {"amount_paid": share, "amount_remaining": total - share}
        return stripe_event("invoice.finalized", invoice(total=total, **own, **partly, **changes))


@st.composite
def shared_charges(draw: st.DrawFn, number: int, buyer: int) -> SharedCharge:
    """Over two or three invoices, each paid whole or in part."""
    totals = draw(st.lists(st.integers(2_00, 90_00), min_size=2, max_size=3))
    shares = [total if draw(st.booleans()) else draw(st.integers(1_00, total)) for total in totals]
    return SharedCharge(number, buyer, tuple(zip(totals, shares, strict=True)), draw(st.booleans()))


@st.composite
def _charge_over_invoices(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Its shares are told; a part of it may be refunded, and a payout may bring it."""
    told = draw(shared_charges(number, buyer))
    events = [told.charged()]
    for place in range(len(told.invoices)):
        if draw(st.booleans()):
            events += [told.body(place), stripe_event("invoice_payment.paid", told.payment(place))]
        else:
            events.append(told.body(place, payments=listed([told.payment(place)])))
    back = draw(st.integers(1, told.worth)) if draw(st.booleans()) else 0
    if back:
        handed = refund(back, f"re_share{number:08}", charge=told.ident, payment_intent=told.intent)
        events.append(stripe_event("refund.created", handed))
    if draw(st.booleans()):
        events.append(told.paid_out())
    sold = sum(total for total, _ in told.invoices)
    nets = {
        "income": (sold - back) * CENT,
        "money": (told.worth - back) * CENT,
        "receivable": (sold - told.worth) * CENT,
    }
    return FieldStory(
        "charge over several invoices", tuple(events), {name: each for name, each in nets.items() if each}
    )


@st.composite
def _debit_over_invoices(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """It succeeded and came back days later: all of it is owed again."""
    told = draw(shared_charges(number, buyer))
    events = [told.charged(), told.failed()]
    for place in range(len(told.invoices)):
        events += [told.body(place), stripe_event("invoice_payment.paid", told.payment(place))]
    sold = sum(total for total, _ in told.invoices) * CENT
    return FieldStory("debit over several invoices that failed", tuple(events), {"income": sold, "receivable": sold})


@st.composite
def _record_over_invoices(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Money that never went through Stripe: one payment record, an InvoicePayment for each invoice."""
    told = draw(shared_charges(number, buyer))
    by = {"type": "payment_record", "payment_record": f"pyr_share{number:08}"}
    events = []
    for place in range(len(told.invoices)):
        events += [told.body(place), stripe_event("invoice_payment.paid", told.payment(place, payment=by))]
    sold = sum(total for total, _ in told.invoices)
    nets = {"income": sold * CENT, "money": told.worth * CENT, "receivable": (sold - told.worth) * CENT}
    return FieldStory(
        "record over several invoices", tuple(events), {name: each for name, each in nets.items() if each}
    )


SHARED: tuple[Callable[[int, int], st.SearchStrategy[FieldStory]], ...] = (
    _charge_over_invoices,
    _debit_over_invoices,
    _record_over_invoices,
)
