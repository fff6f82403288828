"""Money of a body that comes again after charges took it over: another payment, never the answer of the first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.field_shared_charges import SharedCharge
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT
from tests.support.arrivals import arrivals
from tests.support.orders import Json, stripe_event
from tests.support.sizes import examples
from tests.support.world import opened

TOLD_BEFORE = ("F", "c1", "11", "A", "c2", "21", "B", "12")


@dataclass(frozen=True, slots=True)
class PartlyToldInvoice:
    """Invoice A, paid by two charges and by one that nobody tells; the first charge pays invoice B too. In cents."""

    first: int
    second: int
    untold: int
    other: int
    by_intent: bool

    @property
    def worth(self) -> int:
        """What both invoices ask for, and what came in."""
        return self.first + self.second + self.untold + self.other

    def events(self) -> dict[str, Json]:
        """A as it is open (F) and paid, B paid, the charges, and which of them pays which invoice (`12`: c1 pays B)."""
        asked = self.worth - self.other
        whole = SharedCharge(1, 1, ((asked, asked), (self.other, self.other)), self.by_intent)
        one = SharedCharge(1, 1, ((asked, self.first), (self.other, self.other)), self.by_intent)
        two = SharedCharge(2, 1, ((asked, self.second),), self.by_intent)
        found = {"F": SharedCharge(1, 1, ((asked, 0),)).body(0), "A": whole.body(0), "B": whole.body(1)}
        links = {"11": one.payment(0), "12": one.payment(1), "21": two.payment(0, invoice=whole.invoice_id(0))}
        found |= {name: stripe_event("invoice_payment.paid", each) for name, each in links.items()}
        return found | {"c1": one.charged(), "c2": two.charged()}


@st.composite
def partly_told_invoices(draw: st.DrawFn) -> PartlyToldInvoice:
    """Half of them leave the body the same amount before and after: what the second charge brings went to B."""
    amounts = st.integers(1, 90_00)
    second = draw(amounts)
    other = second if draw(st.booleans()) else draw(amounts)
    return PartlyToldInvoice(draw(amounts), second, draw(amounts), other, draw(st.booleans()))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(invoice=partly_told_invoices(), told=arrivals(TOLD_BEFORE), restarts=st.booleans())
def test_what_only_the_body_tells_stays_on_its_invoice_whatever_charges_took_over(
    invoice: PartlyToldInvoice, told: list[list[str]], *, restarts: bool
) -> None:
    """The body that is told once more at the end says what is missing."""
    asyncio.run(_check(invoice, [*told, ["A"]], restarts=restarts))


@pytest.mark.parametrize("restarts", [False, True])
async def test_money_of_a_body_that_a_charge_took_over_comes_again_as_a_payment_of_its_own(*, restarts: bool) -> None:
    """Of the same version, received and amount: QuickBooks would answer the payment that is the charge's now."""
    invoice = PartlyToldInvoice(20_00, 20_00, 20_00, 20_00, by_intent=False)
    await _check(invoice, [[name] for name in ("F", "c1", "11", "A", "21", "c2", "B", "12", "A")], restarts=restarts)


async def _check(invoice: PartlyToldInvoice, in_batches: Sequence[Sequence[str]], *, restarts: bool) -> None:
    async with opened() as world:
        events = invoice.events()
        for batch in in_batches:
            await world.deliver(*(events[name] for name in batch))
            if restarts:
                await world.restart()
        await world.idle()
        assert [balance for _, _, balance, _ in world.invoices() if balance] == []
        assert nets(world) == {"income": invoice.worth * CENT, "money": invoice.worth * CENT}
