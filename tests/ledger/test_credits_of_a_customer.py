"""Orders of one buyer where QuickBooks applies credits by itself: no order is open beside money of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.index.posted import order_named
from tests.support.orders import ORDER_ID, Json, line, order, refund, refund_line, shopify_event, transaction
from tests.support.seals import SEAL
from tests.support.sizes import examples
from tests.support.world import World, opened

ORDERS = 3
EXAMPLES = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SURE = {"posted", "already_posted", "superseded", "ignored"}


@dataclass(frozen=True, slots=True)
class Bought:
    """Three pieces of 12.00 and two that were added; what came back without money; by which events it was paid."""

    number: int
    back: int
    payment: str
    grown: bool
    cancelled: bool

    def events(self) -> list[Json]:
        """All that is told of it."""
        told = [self._body(1, 3, owing=36)]
        if self.back:
            rows = [refund_line(line("12.00", 3), self.back, str(12 * self.back))]
            told.append(
                shopify_event(
                    "refunds/create",
                    refund(rows, order_id=self.number, id=800 + self.number % 100, admin_graphql_api_id=None),
                )
            )
        if self.payment == "body":
            told.append(self._body(2, 3, owing=0))
        elif self.payment == "transaction":
            ident = 7000 + self.number % 100
            money = transaction(id=ident, order_id=self.number, admin_graphql_api_id=None, amount="36.00")
            told.append(shopify_event("order_transactions/create", money))
        if self.grown:
            told.append(self._body(3, 5, owing=60 if self.payment == "none" else 24))
        if self.cancelled:
            told.append(self._body(4, 5 if self.grown else 3, owing=0, cancelled=True))
        return told

    def _body(self, at: int, pieces: int, *, owing: int, cancelled: bool = False) -> Json:
        now = f"2026-03-04T21:04:{10 + at}-08:00"
        paid = "voided" if cancelled else "pending" if owing == 12 * pieces else "partially_paid" if owing else "paid"
        body = order(
            [line("12.00", pieces)],
            id=self.number,
            admin_graphql_api_id=None,
            name=f"#{self.number}",
            order_number=self.number,
            processed_at=f"2026-03-0{1 + self.number - ORDER_ID}T10:00:00-08:00",
            updated_at=now,
            cancelled_at=now if cancelled else None,
            financial_status=paid,
            total_outstanding=str(owing),
        )
        return shopify_event("orders/cancelled" if cancelled else "orders/updated", body)


@st.composite
def bought(draw: st.DrawFn, number: int) -> Bought:
    """An order that is paid, or cancelled before that, or neither."""
    payment = draw(st.sampled_from(["none", "body", "transaction"]))
    cancelled = payment == "none" and draw(st.booleans())
    return Bought(number, draw(st.integers(0, 2)), payment, draw(st.booleans()), cancelled)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Json]]:
    """The events of all orders in any order, cut into micro-batches anywhere."""
    events = [event for number in range(ORDERS) for event in draw(bought(ORDER_ID + number)).events()]
    told = draw(st.permutations(events))
    cuts = draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    batches: list[list[Json]] = [[]]
    for event, cut in zip(told, cuts, strict=True):
        if cut and batches[-1]:
            batches.append([])
        batches[-1].append(event)
    return batches


def open_beside_money(world: World) -> list[str]:
    """The orders whose invoice is open although money or a credit of the order lies beside it."""
    found = []
    for key, invoice in world.ours("Invoice").items():
        beside = sum(
            (
                amount
                for entity, name in (("Payment", "UnappliedAmt"), ("CreditMemo", "Balance"))
                for amount in _left(world, entity, name, key)
            ),
            Decimal(0),
        )
        if invoice["Balance"] and beside:
            found.append(f"{key}: {invoice['Balance']} open, {beside} beside it")
    return found


def _left(world: World, entity: str, name: str, order_key: object) -> Iterator[Decimal]:
    for row in world.held(entity):
        marker = SEAL.find(entity, row.get("PrivateNote"))
        if marker is not None and order_named(marker.key, marker.fields) == order_key:
            yield row[name]


@EXAMPLES
@given(batches=deliveries(), restarts=st.booleans())
async def test_no_order_is_open_beside_money_of_its_own(batches: list[list[Json]], restarts: bool) -> None:  # noqa: FBT001 - drawn
    """Guard: what our moves free on an invoice is taken again by what lies beside it."""
    async with opened() as world:
        for batch in batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        await world.idle()
        assert open_beside_money(world) == []
        assert set(world.statuses()) <= SURE, [each[-1].reason for each in world.results.values()]
