"""Cash that is handed over and given back: what was received is what stayed, whatever is told first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.planning.sale.change import BELOW_TOTAL
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT, NOTHING, Nets, ToldOrder, prices
from tests.support.arrivals import arrivals
from tests.support.orders import Json
from tests.support.sizes import examples
from tests.support.world import opened


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.data())
def test_what_is_received_in_cash_is_tendered_less_change(drawn: st.DataObject) -> None:
    """The body says nothing of money, so the transactions alone do; a note may be given more than once."""
    told, price, tendered = ToldOrder(1, 1), drawn.draw(prices()), NOTHING
    told.body([told.article(1, price)], "partially_paid", price, None, payment_gateway_names=["cash"])
    for at in range(drawn.draw(st.integers(1, 2))):
        note = drawn.draw(prices(2_00, 200_00))
        paid = told.moved(note, 2 * at, gateway="cash")
        back = drawn.draw(st.integers(0, int(note / CENT) - 1)) * CENT
        if back:
            told.moved(back, 2 * at + 1, kind="change", gateway="cash", parent_id=paid["id"])
        tendered += note - back
    left = {"income": price, "money": tendered, "receivable": price - tendered}
    books, _ = asyncio.run(_told(drawn.draw(arrivals(told.events))))
    assert books == {name: amount for name, amount in left.items() if amount}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.data())
def test_a_cash_sale_whose_amount_is_without_its_change_is_never_wrong_in_silence(drawn: st.DataObject) -> None:
    """No page of Shopify says which of the two it is: what its body says is booked, or the result says so."""
    told, price, change = ToldOrder(1, 1), drawn.draw(prices()), drawn.draw(prices(1, 1_99))
    told.body([told.article(1, price)], "paid", price, NOTHING, payment_gateway_names=["cash"])
    inside = drawn.draw(st.booleans())
    paid = told.moved(price + (change if inside else NOTHING), gateway="cash")
    told.moved(change, 1, kind="change", gateway="cash", parent_id=paid["id"])
    books, said = asyncio.run(_told(drawn.draw(arrivals(told.events))))
    right = books == {"income": price, "money": price}
    assert right or (not inside and BELOW_TOTAL.code in said)
    assert not (inside and BELOW_TOTAL.code in said)


async def _told(batches: Sequence[Sequence[Json]]) -> tuple[Nets, set[str]]:
    """What the books hold in the end, and what the results warn of."""
    async with opened() as world:
        for batch in batches:
            await world.deliver(*batch)
        await world.idle()
        results = [result for each in world.results.values() for result in each]
        return nets(world), {warning.code for result in results for warning in result.warnings}
