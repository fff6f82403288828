"""Records that hurt: what attackers, odd programs and odd shops send, each with what must become of it.

A sound order with one odd thing in it must be booked to the cent; what cannot be read ends as it came. Nothing here
depends on what the bridge says: the totals are those of the lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from bridge.demo.events import ExpectedEnd, ExpectedSale, SampleEvent
from contracts.keys import SourceKey
from contracts.records import OutboundRecord
from tests.support.installation import Tenant
from tests.support.orders import Json, line, order

FIRST_ID = 9_100_000_000_000
"""Orders of the sample are below."""
MOMENT = "2026-11-10T09:00:00-05:00"
CONTROLS = "\x01" * 200_000
LARGE = 20_000_000
UNREADABLE: tuple[ExpectedEnd, str] = ("dead_lettered", "undecodable")
UNMAPPABLE: tuple[ExpectedEnd, str] = ("dead_lettered", "unmappable")


@dataclass(slots=True)
class Attacker:
    """Sends hostile records to one company; `sales` are the sound orders among them."""

    company: Tenant
    chance: Random
    now: datetime
    sales: list[ExpectedSale] = field(default_factory=list)
    _number: int = 0

    def rounds(self, count: int) -> Iterator[SampleEvent]:
        """Each kind so many times; of what weighs megabytes one each."""
        for nth in range(count):
            for kind in KINDS if nth == 0 else KINDS[: -len(HEAVY)]:
                yield from kind(self)

    def sound(self, *lines: Json, headers: Mapping[str, bytes | None] | None = None, **changes: object) -> SampleEvent:
        """An order that nothing is paid on, with something odd in `changes` or in `headers`."""
        body = self._order(*lines, **changes)
        self._expect(body)
        return self._event(body, headers=headers)

    def refused(self, value: object, end: tuple[ExpectedEnd, str], **headers: bytes | None) -> SampleEvent:
        """What must not be booked."""
        return self._event(value, end=end, headers={name.replace("_", "-"): told for name, told in headers.items()})

    def overtaken(self) -> Iterator[SampleEvent]:
        """An order that says it is of 2199, and what it became afterwards."""
        first = self._order(line("5.00", 4), updated_at="2199-01-01T00:00:00Z")
        # because a version from the future counts as of its record, which is not written yet
        then = self.now + timedelta(hours=20)
        last = {**order([line("5.00", 4), line("7.50", 2, sku="MORE")]), "updated_at": then.isoformat()}
        kept = ("id", "name", "admin_graphql_api_id", "created_at", "processed_at", "financial_status", "customer")
        last |= {name: first[name] for name in (*kept, "email")} | {"total_outstanding": last["total_price"]}
        self._expect(last)
        yield from (self._event(first), self._event(last))

    def fresh_order(self) -> Json:
        """A sound order that nobody expects: to be made unsound."""
        return self._order()

    def _order(self, *lines: Json, **changes: object) -> Json:
        self._number += 1
        ident = FIRST_ID + self._number
        buyer = {"id": ident + 10**6, "first_name": "Ines", "last_name": f"Moreau {ident}"}
        named: Json = {
            "id": ident,
            "admin_graphql_api_id": None,
            "name": f"#H{self._number}",
            "created_at": MOMENT,
            "processed_at": MOMENT,
            "updated_at": MOMENT,
            "financial_status": "pending",
            "customer": {**buyer, "email": f"ines{ident}@example.com"},
            "email": f"ines{ident}@example.com",
            "payment_gateway_names": [],
        }
        body = order([*lines] or [line(f"{self.chance.randint(100, 9000) / 100:.2f}", 2)], **{**named, **changes})
        return {**body, "total_outstanding": body["total_price"]}

    def _expect(self, body: Json) -> None:
        document, total = SourceKey("shopify", "order", str(body["id"])), Decimal(str(body["total_price"]))
        self.sales.append(ExpectedSale(document=document, total=total, received=Decimal(0), currency="USD"))

    def _event(
        self,
        value: object,
        *,
        end: tuple[ExpectedEnd, str | None] = ("books", None),
        headers: Mapping[str, bytes | None] | None = None,
    ) -> SampleEvent:
        given: dict[str, bytes | None] = {
            "X-Shopify-Topic": b"orders/updated",
            "X-Shopify-Shop-Domain": self.company.shops[0].encode(),
            **(headers or {}),
        }
        raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        record = OutboundRecord(topic="shopify.events", key=None, value=raw, headers=tuple(given.items()))
        return SampleEvent(
            record=record, at=datetime.fromisoformat(MOMENT).astimezone(UTC), ends_as=end[0], code=end[1]
        )


Kind = Callable[[Attacker], Iterator[SampleEvent]]


def _headers(attacker: Attacker) -> Iterator[SampleEvent]:
    """Ids and names of 200,000 control characters."""
    yield attacker.sound(headers={"X-Shopify-Webhook-Id": CONTROLS.encode()})
    yield attacker.sound(headers={"X-Shopify-API-Version": CONTROLS.encode(), "x-other": None})


def _texts(attacker: Attacker) -> Iterator[SampleEvent]:
    """Control characters, and a marker, where people write."""
    quoted = "[qbb:shopify:order:1 t=1e100 v=\u00b2]"
    yield attacker.sound(line("6.00", 3, title="To\x01te\x0b\ufffe", name="\x00", sku="CTRL"), note="\x02\x85" * 900)
    yield attacker.sound(name=quoted[:20], note=quoted, line_items_note=CONTROLS)
    yield attacker.sound(line("6.00", 1, title="x" * 90_000, name="\u20ac" * 90_000, sku="LONG"))


def _codes(attacker: Attacker) -> Iterator[SampleEvent]:
    """SKUs that nearly collide, and one of the bridge's own."""
    near = ("A B", "A_B", "A]B", "A%20B")
    yield attacker.sound(*(line(f"{price}.00", 1, sku=sku) for price, sku in enumerate(near, 3)))
    yield attacker.sound(line("8.00", 1, sku="qbo-bridge-tip"), total_tip_received="1.25")


def _idents(attacker: Attacker) -> Iterator[SampleEvent]:
    """A global id that no double can hold, beside the order's own; a buyer of 2014."""
    yield attacker.sound(admin_graphql_api_id="gid://shopify/Order/9007199254740993")
    old = {"id": 77, "first_name": "Old", "last_name": "Buyer", "created_at": "2014-01-01T00:00:00Z"}
    yield attacker.sound(customer=old, email=None)


def _versions(attacker: Attacker) -> Iterator[SampleEvent]:
    yield from attacker.overtaken()


def _bytes(attacker: Attacker) -> Iterator[SampleEvent]:
    """What is no event."""
    whole = json.dumps(attacker.fresh_order()).encode()
    for value in (whole[: len(whole) // 3], b"\xff\xfe\x00", b"", b"[" * 100_000, b"\x00" * 500, b'"' + whole):
        yield attacker.refused(value, UNREADABLE)
    yield attacker.refused(None, ("ignored", "tombstone"))


def _routing(attacker: Attacker) -> Iterator[SampleEvent]:
    """A shop and an account that cannot be read."""
    yield attacker.refused(attacker.fresh_order(), UNREADABLE, X_Shopify_Shop_Domain=b"\xff\xfe")
    told = {"object": "event", "id": "evt_1", "type": "charge.succeeded", "account": {"id": attacker.company.account}}
    charge = {"object": "charge", "id": "ch_1", "amount": 100, "currency": "usd"}
    value = json.dumps({**told, "created": 1772514001, "livemode": False, "data": {"object": charge}}).encode()
    record = OutboundRecord(topic="stripe.events", key=None, value=value)
    yield SampleEvent(record=record, at=attacker.now, ends_as="dead_lettered", code="undecodable")


def _currencies(attacker: Attacker) -> Iterator[SampleEvent]:
    """A currency that is none."""
    yield attacker.refused({**attacker.fresh_order(), "currency": "U" * 100_000}, UNMAPPABLE)
    yield attacker.refused({**attacker.fresh_order(), "currency": "\x01" * 5_000}, UNMAPPABLE)


def _types(attacker: Attacker) -> Iterator[SampleEvent]:
    """An event type of 900 KB."""
    yield attacker.refused(attacker.fresh_order(), ("ignored", "unknown_type"), X_Shopify_Topic=b"x" * 900_000)


def _catalogues(attacker: Attacker) -> Iterator[SampleEvent]:
    """An order of 5,000 products."""
    yield attacker.sound(*(line("1.00", 1, id=number, sku=f"S-{number}") for number in range(5_000)))


def _bombs(attacker: Attacker) -> Iterator[SampleEvent]:
    """Megabytes behind a codec: the topic's limit sees what is left of them."""
    yield attacker.refused(json.dumps({**attacker.fresh_order(), "note": "x" * LARGE}).encode(), UNREADABLE)
    yield attacker.refused(b" " * LARGE, UNREADABLE)


HEAVY: tuple[Kind, ...] = (_types, _catalogues, _bombs)
KINDS: tuple[Kind, ...] = (_headers, _texts, _codes, _idents, _versions, _bytes, _routing, _currencies, *HEAVY)
