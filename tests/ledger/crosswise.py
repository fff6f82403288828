"""Two charges of Stripe over the same two invoices, drawn, with a payout that brings both.

Each charge has its own share of each invoice, from one cent; the invoices are paid whole by both together. The events
have short names, so that an order of arrival is one line.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.ledger.field_shared_charges import SharedCharge
from tests.support.orders import Json, stripe_event
from tests.support.stripe_objects import listed, payout, row

CHARGES, BODIES, PAYOUT = ("c1", "c2"), ("A", "B"), "P"
SHARES = ("11", "12", "21", "22")
"""Which charge pays which invoice: `12` is what the first charge pays of the second invoice."""


@dataclass(frozen=True, slots=True)
class CrosswiseCharges:
    """What each charge pays of each of two invoices, in cents; linked by their intents or by the charges themselves."""

    first: tuple[int, int]
    second: tuple[int, int]
    by_intent: bool = True

    @property
    def worth(self) -> int:
        """What both charged, and both invoices ask for."""
        return sum(self.first) + sum(self.second)

    def events(self) -> dict[str, Json]:
        """Every event by its short name."""
        totals = [sum(shares) for shares in zip(self.first, self.second, strict=True)]
        one = SharedCharge(1, 1, tuple(zip(totals, self.first, strict=True)), self.by_intent)
        two = SharedCharge(2, 1, tuple(zip(totals, self.second, strict=True)), self.by_intent)
        paid_whole = SharedCharge(1, 1, tuple(zip(totals, totals, strict=True)))
        found = {"c1": one.charged(), "c2": two.charged(), PAYOUT: self._paid_out(one, two)}
        for place, body in enumerate(BODIES):
            invoice = one.invoice_id(place)
            found[body] = paid_whole.body(place)
            for number, each in enumerate((one, two), 1):
                paid = each.payment(place, invoice=invoice)
                found[f"{number}{place + 1}"] = stripe_event("invoice_payment.paid", paid)
        return found

    def _paid_out(self, *charges: SharedCharge) -> Json:
        rows = [
            row("payout", -self.worth, "po_crosswise"),
            *(row("charge", each.worth, each.ident) for each in charges),
        ]
        return stripe_event("payout.paid", payout(self.worth, id="po_crosswise", balance_transactions=listed(rows)))


@st.composite
def crosswise_charges(draw: st.DrawFn) -> CrosswiseCharges:
    """Shares of one cent, of some cents, of any size: each of its own kind."""
    share = st.one_of(st.just(1), st.integers(1, 99), st.integers(1, 50_00))
    return CrosswiseCharges(draw(st.tuples(share, share)), draw(st.tuples(share, share)), draw(st.booleans()))
