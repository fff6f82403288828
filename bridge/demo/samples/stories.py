"""How an order lives: placed and paid at once, paid later, authorised first, paid in part, never paid, or cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from bridge.demo.samples.orders import OrderTransaction, SampleOrder
from contracts.money import decimals_of, round_half_up

Step = SampleOrder | OrderTransaction
StoryEvent = tuple[str, Step]

_CARD = "shopify_payments"
_GIFT_CARD = "gift_card"
_GIFT_CARD_VALUE = Decimal(5)
_LATER = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMix:
    """The share of each story; what is left of the whole is paid at the checkout."""

    invoiced_first: float = 0.2
    authorized_first: float = 0.1
    paid_in_part: float = 0.05
    unpaid: float = 0.05
    cancelled: float = 0.04
    gift_card_paid: float = 0.05


@dataclass(frozen=True, slots=True)
class StorySource:
    """What a story needs beside its order: chance, and the ids of the transactions."""

    chance: Random
    ids: Iterator[int]
    gift_card_paid: float

    def transaction(
        self, order: SampleOrder, kind: str, amount: Decimal, gateway: str, at: datetime
    ) -> OrderTransaction:
        """Money on `order`, under the next id."""
        return OrderTransaction(
            id=next(self.ids), order=order, kind=kind, amount=amount, gateway=gateway, at=at  # type: ignore[arg-type]
        )  # fmt: skip

    def sales(self, order: SampleOrder, at: datetime) -> list[OrderTransaction]:
        """The sale, or the two, that settle `order`; none where there is nothing to pay."""
        owed = order.basket.total
        if owed > _GIFT_CARD_VALUE and self.chance.random() < self.gift_card_paid:
            first = self.transaction(order, "sale", _GIFT_CARD_VALUE, _GIFT_CARD, at)
            return [first, self.transaction(order, "sale", owed - _GIFT_CARD_VALUE, _CARD, at)]
        return [self.transaction(order, "sale", owed, _CARD, at)] if owed else []


def draw_story(chance: Random, order: SampleOrder, mix: StoryMix, ids: Iterator[int]) -> list[Step]:
    """The moments of `order` and its transactions as they happened; the last Order is how it stands."""
    shares = {
        _invoiced: mix.invoiced_first,
        _authorized: mix.authorized_first,
        _in_part: mix.paid_in_part,
        _unpaid: mix.unpaid,
        _cancelled: mix.cancelled,
    }
    stories: list[Callable[[SampleOrder, StorySource], list[Step]]] = [*shares, _checkout]
    weights = [*shares.values(), max(0.0, 1 - sum(shares.values()))]
    story = chance.choices(stories, weights=weights)[0]
    return story(order, StorySource(chance, ids, mix.gift_card_paid))


def topics_of(story: list[Step]) -> list[StoryEvent]:
    """Which events tell each step: a change of an order is told as `orders/updated` and by its own name."""
    events: list[StoryEvent] = []
    for step in story:
        if isinstance(step, OrderTransaction):
            events.append(("order_transactions/create", step))
            continue
        first = all(isinstance(earlier, OrderTransaction) for _, earlier in events)
        events.append(("orders/create" if first else "orders/updated", step))
        if step.status == "paid":
            events.append(("orders/paid", step))
        if step.cancelled_at is not None:
            events.append(("orders/cancelled", step))
    return events


def _paid(order: SampleOrder, sales: list[OrderTransaction], at: datetime) -> SampleOrder:
    gateways = tuple(sale.gateway for sale in sales)
    return order.later(at, status="paid", received=order.basket.total, gateways=gateways)


def _checkout(order: SampleOrder, source: StorySource) -> list[Step]:
    sales = source.sales(order, order.placed_at)
    return [_paid(order, sales, order.placed_at), *sales]


def _invoiced(order: SampleOrder, source: StorySource) -> list[Step]:
    at = order.placed_at + _LATER
    sales = source.sales(order, at)
    return [order, *sales, _paid(order, sales, at)]


def _authorized(order: SampleOrder, source: StorySource) -> list[Step]:
    at, owed = order.placed_at + _LATER, order.basket.total
    if not owed:
        return _checkout(order, source)
    held = order.later(order.placed_at, status="authorized", gateways=(_CARD,))
    promise = source.transaction(order, "authorization", owed, _CARD, order.placed_at)
    capture = source.transaction(order, "capture", owed, _CARD, at)
    return [held, promise, capture, _paid(order, [capture], at)]


def _in_part(order: SampleOrder, source: StorySource) -> list[Step]:
    at = order.placed_at + _LATER
    part = round_half_up(order.basket.total / 3, decimals_of(order.basket.currency))
    if not part:
        return _checkout(order, source)
    sale = source.transaction(order, "sale", part, _CARD, at)
    return [order, sale, order.later(at, status="partially_paid", received=part, gateways=(_CARD,))]


def _unpaid(order: SampleOrder, _source: StorySource) -> list[Step]:
    return [order]


def _cancelled(order: SampleOrder, _source: StorySource) -> list[Step]:
    at = order.placed_at + _LATER
    return [order, order.later(at, status="voided", cancelled_at=at)]
