"""One order of a span, told as its source has it at each moment, and what people do to its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from bridge.sandbox.faults import Kind
from contracts.keys import SourceKey
from contracts.records import InboundRecord
from tests.support.orders import Json, line, order, refund, refund_line, taxed, transaction
from tests.support.sandbox_books import marker_of
from tests.support.yesterday import SPAN

Named = tuple[str, str, str]
"""Type, document and verdict of what has to be named."""
BEGINS = datetime(2026, 3, 3, 6, tzinfo=UTC)


class EditedBooks(Protocol):
    """The books that people work in, and what breaks them."""

    def held(self, entity: str) -> list[dict[str, Any]]:
        """Everything of one type, whoever wrote it."""

    async def by_a_person(self, action: str, entity: str, ident: str, **more: Any) -> dict[str, Any]:
        """What a person does at the keyboard."""

    async def by_hand(self, entity: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Write an entity past the bridge."""

    def breaks(self, kind: Kind, **rule: Any) -> None:
        """From now on QBO misbehaves."""


class SpanOfEvents(Protocol):
    """Where events are told, and the books of the company that takes them in."""

    @property
    def world(self) -> EditedBooks:
        """Its books."""

    async def deliver(self, *bodies: object, at: int = SPAN) -> None:
        """Events of this moment, taken in."""

    def told(self, *bodies: object, at: int = SPAN) -> tuple[InboundRecord, ...]:
        """Events that are said to be consumed, and that nobody takes in."""


@dataclass(slots=True)
class SeededOrder:
    """One order of the span; money is in USD, `number` makes all its ids."""

    day: SpanOfEvents
    number: int
    amount: Decimal
    grown: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    refunds: list[Json] = field(default_factory=list)
    cancelled_at: str | None = None
    at: int = SPAN
    began: datetime = BEGINS
    placed: datetime | None = None
    """When it was placed, where that matters."""
    _moments: int = 0
    _ids: dict[tuple[str, SourceKey], str] = field(default_factory=dict)

    @property
    def key(self) -> SourceKey:
        """The order's own key."""
        return SourceKey("shopify", "order", str(self.number))

    @property
    def payment(self) -> SourceKey:
        """The key of its first transaction."""
        return SourceKey("shopify", "transaction", str(self.number * 100))

    @property
    def refund(self) -> SourceKey:
        """The key of what is handed back."""
        return SourceKey("shopify", "refund", str(self.number * 100 + 60))

    @property
    def total(self) -> Decimal:
        """What the order comes to now."""
        return self.amount + self.grown + self.tax

    def moment(self) -> str:
        """A later moment each time."""
        self._moments += 1
        return (self.began + timedelta(minutes=self._moments)).isoformat()

    def _sold(self) -> Json:
        own = {"id": self.number * 1000 + 1}
        return taxed(str(self.amount), 1, str(self.tax), **own) if self.tax else line(str(self.amount), **own)

    def body(self, **changes: object) -> Json:
        """The order as the source has it now."""
        lines = [self._sold()]
        lines += [line(str(self.grown), id=self.number * 1000 + 2)] if self.grown else []
        total = self.total
        owing = Decimal(0) if self.cancelled_at or self.refunds else total - self.paid
        kept = Decimal(0) if self.refunds else total
        placed = {} if self.placed is None else dict.fromkeys(("created_at", "processed_at"), self.placed.isoformat())
        return order(
            lines,
            id=self.number,
            name=f"#{self.number}",
            updated_at=self.moment(),
            financial_status=self._financial_status(owing),
            total_outstanding=str(owing),
            current_total_price=str(kept),
            refunds=self.refunds,
            cancelled_at=self.cancelled_at,
            **{**placed, **changes},
        )

    def _financial_status(self, owing: Decimal) -> str:
        if self.cancelled_at:
            return "voided"
        return "refunded" if self.refunds else "pending" if owing else "paid"

    def money(self, amount: Decimal) -> Json:
        """One transaction more."""
        at, ident = self.moment(), self.number * 100 + (1 if self.paid else 0)
        self.paid += amount
        return transaction(id=ident, order_id=self.number, amount=str(amount), created_at=at, processed_at=at)

    def handed_back(self) -> Json:
        """Everything given back, as the order's next body tells it."""
        times = dict.fromkeys(("created_at", "processed_at"), self.moment())
        money = transaction(
            id=self.number * 100 + 50,
            order_id=self.number,
            kind="refund",
            parent_id=self.number * 100,
            amount=str(self.total),
            **times,
        )
        back = refund(
            [refund_line(self._sold(), 1, str(self.amount), str(self.tax))],
            money,
            id=self.number * 100 + 60,
            order_id=self.number,
            **times,
        )
        self.refunds.append(back)
        return self.body()

    async def tell(self, *bodies: object) -> None:
        """The company takes these in."""
        await self.day.deliver(*bodies, at=self.at)

    async def person(self, action: str, entity: str, key: SourceKey, **changes: object) -> None:
        """What a person does to the document of `key`."""
        row = self.row(entity, key)
        await self.day.world.by_a_person(action, entity, row["Id"], **({"changes": changes} if changes else {}))

    def has(self, entity: str, key: SourceKey) -> bool:
        """Whether the books ever had the document of `key`, as far as its marker tells."""
        known = (entity, key) in self._ids
        return known or any(marker_of(entity, each) == str(key) for each in self.day.world.held(entity))

    def row(self, entity: str, key: SourceKey) -> dict[str, Any]:
        """The document as the books have it: the first that carried its marker, whatever became of that."""
        rows = {each["Id"]: each for each in self.day.world.held(entity)}
        if (entity, key) not in self._ids:
            self._ids[entity, key] = min(
                (ident for ident, each in rows.items() if marker_of(entity, each) == str(key)), key=int
            )
        return rows[self._ids[entity, key]]

    def named(self, entity: str, verdict: str, key: SourceKey | None = None) -> Named:
        """The order's own document where no key is given."""
        return entity, str(key or self.key), verdict


def sold_lines(row: dict[str, Any], more: str = "0") -> list[Json]:
    """The sold lines of a document, the first of them greater by `more`."""
    sold = [each for each in row["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    first, *rest = (
        {
            "Amount": str(Decimal(str(each["Amount"]))),
            "DetailType": each["DetailType"],
            "SalesItemLineDetail": {"ItemRef": each["SalesItemLineDetail"]["ItemRef"]},
        }
        for each in sold
    )
    return [{**first, "Amount": str(Decimal(first["Amount"]) + Decimal(more))}, *rest]
