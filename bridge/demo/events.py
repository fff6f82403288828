"""Sample events that could have come from a real shop and a real Stripe account, and the books that they must lead to.

The same settings give the same bytes. Orders live their lives, told by events that come late, twice and in the wrong
order, among test orders, unknown types and poison. Beside each event stands what must become of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count
from random import Random
from typing import Literal

import orjson

from bridge.demo.samples.baskets import BasketMix, draw_basket
from bridge.demo.samples.catalogue import Buyer, buyers
from bridge.demo.samples.charges import SampleCharge, charge_event, intent_event
from bridge.demo.samples.orders import SampleOrder, order_body, transaction_body
from bridge.demo.samples.stories import StoryMix, draw_story, topics_of
from contracts.keys import SourceKey
from contracts.records import Headers, OutboundRecord

ExpectedEnd = Literal["books", "ignored", "dead_lettered"]
Json = dict[str, object]

API_VERSION = "2026-10"
_SHOP_ZONE = timezone(timedelta(hours=-5))
_NOT_UTF8 = ("x-forwarded-agent", b"caf\xe9")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMix:
    """How often each thing happens, from 0 (never) to 1 (always); numbers of extra events are per order."""

    basket: BasketMix = field(default_factory=BasketMix)
    story: StoryMix = field(default_factory=StoryMix)
    guest: float = 0.08
    shuffled: float = 0.2
    delivered_twice: float = 0.05
    stripe_charges: float = 0.2
    shop_charges: float = 0.08
    test_orders: float = 0.02
    unknown_types: float = 0.02
    poison: float = 0.02
    bad_headers: float = 0.02


ORDERS_ONLY = EventMix(stripe_charges=0, shop_charges=0, test_orders=0, unknown_types=0, poison=0, bad_headers=0)
"""Orders and their money, some told twice or out of order, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """Which sample: `orders` orders from `start` on, `spacing` apart, and whatever `mix` puts among them."""

    seed: int = 1
    orders: int = 100
    start: datetime = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    spacing: timedelta = timedelta(minutes=7)
    mix: EventMix = field(default_factory=EventMix)
    currencies: tuple[str, ...] = ("USD",)
    shop_domain: str = "acme.myshopify.com"
    shopify_topic: str = "shopify.events"
    stripe_topic: str = "stripe.events"
    stripe_account: str | None = None
    livemode: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEvent:
    """One record to produce, when it happened, and what must become of it (with the reason code, if not booked)."""

    record: OutboundRecord
    at: datetime
    ends_as: ExpectedEnd = "books"
    code: str | None = None

    @property
    def timestamp_ms(self) -> int:
        """`at` as Kafka counts."""
        return int(self.at.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSale:
    """One sale as the books must show it: its invoice, the money received on it, and the fee where it is known."""

    document: SourceKey
    total: Decimal
    received: Decimal
    currency: str
    cancelled: bool = False
    fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in the order in which they are produced, and the sales that they tell of."""

    events: tuple[SampleEvent, ...]
    sales: tuple[ExpectedSale, ...]


def generate(settings: EventSettings) -> Sample:
    """The sample that `settings` describe."""
    shop = _Shop(settings)
    for index in range(settings.orders):
        at = settings.start + index * settings.spacing
        shop.sell(at)
        shop.charge(at)
        shop.make_noise(at)
    return Sample(tuple(sorted(shop.events, key=lambda event: event.at)), tuple(shop.sales))


class _Shop:
    """Draws what happens; every draw comes from one seeded source, in one order."""

    def __init__(self, settings: EventSettings) -> None:
        self.events: list[SampleEvent] = []
        self.sales: list[ExpectedSale] = []
        self._settings = settings
        self._chance = Random(settings.seed)  # noqa: S311 - a sample, not a secret
        self._people = buyers(self._chance, max(5, settings.orders // 3))
        self._order_id = 5_800_000_000_000 + self._chance.randrange(1_000_000) * 1000
        self._transaction_ids = count(7_200_000_000_000 + self._chance.randrange(1_000_000) * 1000)
        self._numbers = count(1001)

    def sell(self, at: datetime) -> None:
        """One order from its beginning to its end, told in events that may overtake each other."""
        mix = self._settings.mix
        story = draw_story(self._chance, self._new_order(at), mix.story, self._transaction_ids)
        self.sales.append(_expected_order([step for step in story if isinstance(step, SampleOrder)][-1]))
        steps = topics_of(story)
        times = [step.updated_at if isinstance(step, SampleOrder) else step.at for _, step in steps]
        if self._happens(mix.shuffled):
            self._chance.shuffle(steps)
        for nth, ((topic, step), moment) in enumerate(zip(steps, times, strict=True)):
            body = order_body(step) if isinstance(step, SampleOrder) else transaction_body(step)
            order_id = step.id if isinstance(step, SampleOrder) else step.order.id
            self._add_event(topic, body, moment + timedelta(seconds=nth), key=str(order_id).encode())

    def charge(self, at: datetime) -> None:
        """Charges of the own Stripe account: sales of their own, or the money of an order, which the shop books."""
        mix = self._settings.mix
        if self._happens(mix.stripe_charges):
            charge = self._new_charge(at, order_id=None)
            self.sales.append(_expected_charge(charge))
            self._add_charge(charge, "books", None)
        if self._happens(mix.shop_charges):
            self._add_charge(self._new_charge(at, order_id=self._order_id), "ignored", "booked_by_shop")

    def make_noise(self, at: datetime) -> None:
        """What a topic holds beside the books: tests, types that nobody maps, bytes that nobody can book."""
        mix = self._settings.mix
        if self._happens(mix.test_orders):
            body = order_body(self._new_order(at)) | {"test": True}
            self._add_event("orders/create", body, at, ends_as="ignored", code="test_event")
        if self._happens(mix.unknown_types):
            self._add_event("app/uninstalled", {"id": 1, "name": "Acme"}, at, ends_as="ignored", code="unknown_type")
        if self._happens(mix.poison):
            self._poison(at)

    def _add_event(
        self,
        topic: str,
        body: Json,
        at: datetime,
        *,
        key: bytes | None = None,
        ends_as: ExpectedEnd = "books",
        code: str | None = None,
    ) -> None:
        """One Shopify event; now and then it comes twice, or with a header that is not UTF-8."""
        settings = self._settings
        headers = self._headers(topic, at)
        if self._happens(settings.mix.bad_headers):
            headers = (*headers, _NOT_UTF8)
        chosen = self._chance.choice((key, settings.shop_domain.encode(), None))
        record = OutboundRecord(topic=settings.shopify_topic, key=chosen, value=orjson.dumps(body), headers=headers)
        event = SampleEvent(record=record, at=at, ends_as=ends_as, code=code)
        self.events += [event] * (2 if self._happens(settings.mix.delivered_twice) else 1)

    def _add_charge(self, charge: SampleCharge, ends_as: ExpectedEnd, code: str | None) -> None:
        """The charge, and often the payment intent, which tells the same money again."""
        bodies = [charge_event(charge, self._event_id())]
        if self._happens(0.5):
            bodies.append(intent_event(charge, self._event_id()))
        account = self._settings.stripe_account
        for body in bodies:
            value = orjson.dumps(body if account is None else body | {"account": account})
            record = OutboundRecord(topic=self._settings.stripe_topic, key=None, value=value)
            self.events.append(SampleEvent(record=record, at=charge.at, ends_as=ends_as, code=code))

    def _poison(self, at: datetime) -> None:
        """Torn off, not text, not an event, or with a total that its parts miss by ten."""
        order = self._new_order(at)
        body = order_body(order)
        whole = orjson.dumps(body)
        value, code = self._chance.choice(
            (
                (whole[: len(whole) // 2], "undecodable"),
                (b"\xff\xfe\x00\x01", "undecodable"),
                (b'{"hello": "world"}', "undecodable"),
                (orjson.dumps(body | {"total_price": f"{order.basket.total + 10:f}"}), "unbalanced"),
            )
        )
        headers = () if value.startswith(b'{"hello') else self._headers("orders/create", at)
        record = OutboundRecord(topic=self._settings.shopify_topic, key=None, value=value, headers=headers)
        self.events.append(SampleEvent(record=record, at=at, ends_as="dead_lettered", code=code))

    def _new_order(self, at: datetime) -> SampleOrder:
        settings = self._settings
        self._order_id += self._chance.randrange(7, 90_000)
        placed_at = at.astimezone(_SHOP_ZONE).replace(microsecond=0)
        return SampleOrder(
            id=self._order_id,
            number=next(self._numbers),
            basket=draw_basket(self._chance, self._chance.choice(settings.currencies), settings.mix.basket),
            buyer=None if self._happens(settings.mix.guest) else self._buyer(),
            placed_at=placed_at,
            updated_at=placed_at,
        )

    def _new_charge(self, at: datetime, order_id: int | None) -> SampleCharge:
        return SampleCharge(
            id=f"ch_3{self._hex()[:24]}",
            amount=Decimal(self._chance.randrange(500, 50_000)) / 100,
            currency=self._settings.currencies[0],
            buyer=self._buyer(),
            at=at,
            description="Workshop, one seat" if order_id is None else "Order from the shop",
            order_id=order_id,
            expanded=self._happens(0.5),
            livemode=self._settings.livemode,
        )

    def _headers(self, topic: str, at: datetime) -> Headers:
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self._settings.shop_domain,
            "X-Shopify-Webhook-Id": str(uuid.UUID(self._hex())),
            "X-Shopify-Event-Id": str(uuid.UUID(self._hex())),
            "X-Shopify-Triggered-At": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "X-Shopify-API-Version": API_VERSION,
        }
        return tuple((name, text.encode()) for name, text in headers.items())

    def _buyer(self) -> Buyer:
        """Some people buy often."""
        among = len(self._people)
        return self._people[min(self._chance.randrange(among), self._chance.randrange(among))]

    def _event_id(self) -> str:
        return f"evt_1{self._hex()[:23]}"

    def _hex(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share


def _expected_order(order: SampleOrder) -> ExpectedSale:
    return ExpectedSale(
        document=SourceKey("shopify", "order", str(order.id)),
        total=order.basket.total,
        received=order.received,
        currency=order.basket.currency,
        cancelled=order.cancelled_at is not None,
    )


def _expected_charge(charge: SampleCharge) -> ExpectedSale:
    return ExpectedSale(
        document=SourceKey("stripe", "charge", charge.id),
        total=charge.amount,
        received=charge.amount,
        currency=charge.currency,
        fee=charge.fee if charge.expanded else None,
    )
