"""What may happen to an order of a span and is harmless: the source's own figures stay true, and so do the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from tests.support.orders import line, order, shopify_event, transaction
from tests.support.seeded import SeededOrder, sold_lines
from tests.support.yesterday import SPAN


async def _told_twice(sale: SeededOrder) -> None:
    body = sale.body()
    await sale.tell(body, body)


async def _told_late(sale: SeededOrder) -> None:
    old, new = sale.body(), sale.body(note="gift")
    await sale.tell(new)
    await sale.tell(old)


async def _paid(sale: SeededOrder) -> None:
    if not sale.paid and not sale.cancelled_at:
        await sale.tell(sale.money(sale.amount + sale.grown))


async def _paid_and_said(sale: SeededOrder) -> None:
    await _paid(sale)
    await sale.tell(sale.body())


async def _memo_edited(sale: SeededOrder) -> None:
    await sale.person("edit", "Invoice", sale.key, PrivateNote="call her back")


async def _due_date_moved(sale: SeededOrder) -> None:
    await sale.person("edit", "Invoice", sale.key, DueDate="2026-04-30")


async def _test_order(sale: SeededOrder) -> None:
    await sale.tell(order([line("3.00")], id=sale.number + 500, name=f"#{sale.number}T", test=True))


async def _orphan_money(sale: SeededOrder) -> None:
    await sale.tell(transaction(id=sale.number * 100 + 90, order_id=sale.number + 700))


async def _mended(sale: SeededOrder) -> None:
    """A dead letter that a better body of the same order makes good."""
    ident = sale.number + 900
    await sale.tell(order([line("1.00")], id=ident, name=f"#{ident}", total_price="99.00"))
    await sale.tell(order([line("99.00")], id=ident, name=f"#{ident}", updated_at=sale.moment()))


async def _by_hand(sale: SeededOrder) -> None:
    """A person's own invoice beside, of the same buyer and amount."""
    row = sale.row("Invoice", sale.key)
    await sale.day.world.by_hand("Invoice", {"CustomerRef": row["CustomerRef"], "Line": sold_lines(row)})


async def _cancelled(sale: SeededOrder) -> None:
    if not sale.paid:
        sale.cancelled_at = sale.moment()
        await sale.tell(shopify_event("orders/cancelled", sale.body()))


async def _grown(sale: SeededOrder) -> None:
    if not sale.paid and not sale.cancelled_at:
        sale.grown = Decimal("7.10")
        await sale.tell(sale.body())


async def _refunded(sale: SeededOrder) -> None:
    if not sale.paid and not sale.grown and not sale.cancelled_at:
        await sale.tell(sale.money(sale.amount))
        await sale.tell(sale.handed_back())


async def _not_reached(sale: SeededOrder) -> None:
    """What lies on the topic after all that was consumed: the last thing that happens to any order."""
    sale.day.told(order([line("7.00")], id=sale.number + 300, name=f"#{sale.number + 300}"), at=SPAN)


Harmless = Callable[[SeededOrder], Awaitable[None]]
IN_SPAN: tuple[Harmless, ...] = (
    _told_twice,
    _told_late,
    _paid,
    _paid_and_said,
    _memo_edited,
    _due_date_moved,
    _test_order,
    _orphan_money,
    _mended,
    _by_hand,
)
AFTERWARDS: tuple[Harmless, ...] = (_cancelled, _grown, _paid, _paid_and_said, _refunded, _told_twice)
BACKLOG: Harmless = _not_reached
