"""What happens to a shop in a week and leaves its books right: each is silent in the night after it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from contracts.keys import SourceKey
from contracts.records import Place
from tests.support.orders import (
    charge,
    customer,
    line,
    order,
    parcel,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.seeded import SeededOrder, sold_lines
from tests.support.shop_payouts import payout, row
from tests.support.week import ORPHAN, Happening, Week
from tests.support.yesterday import TOPIC

ORPHANED_AFTER = timedelta(hours=72)


def _is_open(sale: SeededOrder) -> bool:
    return not sale.paid and not sale.cancelled_at


def _is_booked(sale: SeededOrder) -> bool:
    """An order that was cancelled before anybody read of it never is."""
    return sale.has("Invoice", sale.key)


def _is_paid_whole(sale: SeededOrder) -> bool:
    return bool(sale.paid) and not sale.refunds and not sale.grown


async def placed(week: Week) -> None:
    sale = week.sale()
    week.sales.append(sale)
    await sale.tell(sale.body())


async def placed_and_paid(week: Week) -> None:
    sale = week.sale()
    week.sales.append(sale)
    await sale.tell(sale.body(), sale.money(sale.total), sale.body())


async def paid(week: Week) -> None:
    if sale := week.some(_is_open):
        await sale.tell(sale.money(sale.total))


async def paid_and_said(week: Week) -> None:
    if sale := week.some(_is_open):
        await sale.tell(sale.money(sale.total))
        await sale.tell(sale.body())


async def cancelled(week: Week) -> None:
    if sale := week.some(_is_open):
        sale.cancelled_at = sale.moment()
        await sale.tell(shopify_event("orders/cancelled", sale.body()))


async def edited(week: Week) -> None:
    """The buyer took something more."""
    if sale := week.some(lambda each: _is_open(each) and not each.grown):
        sale.grown = Decimal("7.10")
        await sale.tell(sale.body())


async def refunded(week: Week) -> None:
    if sale := week.some(_is_paid_whole):
        await sale.tell(sale.handed_back())


async def told_again(week: Week) -> None:
    if sale := week.some():
        body = sale.body()
        await sale.tell(body, body)


async def told_late(week: Week) -> None:
    """An older body comes after a newer one."""
    if sale := week.some():
        old, new = sale.body(), sale.body(note="gift")
        await sale.tell(new)
        await sale.tell(old)


async def shipped(week: Week) -> None:
    if sale := week.some():
        await sale.tell(parcel(order_id=sale.number, id=sale.number * 10, updated_at=week.now.isoformat()))


async def memo_edited(week: Week) -> None:
    if sale := week.some(_is_booked):
        await sale.person("edit", "Invoice", sale.key, PrivateNote="call her back")


async def address_edited(week: Week) -> None:
    if sale := week.some(_is_booked):
        where = {"BillAddr": {"Line1": "2 Elm Street"}, "BillEmail": {"Address": "new@example.com"}}
        await sale.person("edit", "Invoice", sale.key, **where)


async def due_date_moved(week: Week) -> None:
    if sale := week.some(_is_booked):
        await sale.person("edit", "Invoice", sale.key, DueDate=(week.now + timedelta(days=30)).date().isoformat())


async def saved_again(week: Week) -> None:
    """By a person, as it was."""
    if sale := week.some(_is_booked):
        held = sale.row("Invoice", sale.key)
        await sale.person("edit", "Invoice", sale.key, CustomerRef=held["CustomerRef"], TxnDate=held["TxnDate"])


async def customer_changed(week: Week) -> None:
    await week.topic.deliver(customer(updated_at=week.now.isoformat(), phone="+15550199"), at=week.now_ms)


async def test_order(week: Week) -> None:
    ident = week.new_number()
    times = {"created_at": week.now.isoformat(), "updated_at": week.now.isoformat()}
    await week.topic.deliver(order([line("3.00")], id=ident, name=f"#{ident}T", test=True, **times), at=week.now_ms)


async def before_the_start(week: Week) -> None:
    """Somebody looks at an order of last year."""
    ident, old = week.new_number(), "2025-02-02T10:00:00-05:00"
    times = {"created_at": old, "processed_at": old, "updated_at": week.now.isoformat()}
    body = order([line("30.00")], id=ident, name=f"#{ident}", financial_status="pending", **times)
    await week.topic.deliver({**body, "total_outstanding": "30.00"}, at=week.now_ms)


async def money_of_nothing(week: Week) -> None:
    """Its order was never told: it waits, and is a dead letter after three days."""
    ident, moment = week.new_number(), week.now.isoformat()
    lonely = transaction(id=ident * 100, order_id=ident + 500_000, created_at=moment, processed_at=moment)
    await week.topic.deliver(lonely, at=week.now_ms)
    key = SourceKey("shopify", "transaction", str(ident * 100))
    week.seed(ORPHAN, ("Payment", str(key), "dead_lettered"), since=week.now + ORPHANED_AFTER)


async def mended(week: Week) -> None:
    """A body that does not add up, and a better one of the same order."""
    sale = week.sale()
    await sale.tell(sale.body(total_price="9999.00"))
    await sale.tell(sale.body())


async def dismissed(week: Week) -> None:
    """A dead letter of which a person says that it needs nothing more."""
    sale, offset = week.sale(), len(week.topic.records)
    await sale.tell(sale.body(total_price="9999.00"))
    week.topic.dismissed.add(Place(TOPIC, 0, offset))


async def sold_by_hand(week: Week) -> None:
    """A person's own invoice of the same buyer and amount."""
    if sale := week.some(_is_booked):
        held = sale.row("Invoice", sale.key)
        # because a number of the shop's series would be taken for one of its orders
        number = f"HAND-{week.new_number()}"
        body = {"CustomerRef": held["CustomerRef"], "Line": sold_lines(held), "DocNumber": number}
        await week.topic.world.by_hand("Invoice", body)


async def charged_by_stripe(week: Week) -> None:
    ident, created = week.new_number(), int(week.now.timestamp())
    own = {"id": f"ch_{ident}", "payment_intent": f"pi_{ident}", "balance_transaction": f"txn_{ident}"}
    taken = stripe_event("charge.succeeded", charge(**own, created=created), created=created)
    await week.topic.deliver(taken, at=week.now_ms)


async def paid_out(week: Week) -> None:
    """What was paid until now arrives in the bank."""
    found = [each for each in week.sales if each.paid and each.number not in week.deposited and not each.refunds]
    week.deposited |= {each.number for each in found}
    rows = [
        row(
            "charge",
            str(each.paid),
            "1.50",
            order=each.number,
            transaction=each.number * 100,
            id=each.number + 70_000,
            processed_at=week.now.isoformat(),
        )
        for each in found
    ]
    if rows:
        body = payout(rows, id=week.new_number(), date=week.now.astimezone(week.zone).date().isoformat())
        await week.topic.deliver(shopify_event("shopify_payments/payouts", body), at=week.now_ms)


async def answers_lost(week: Week) -> None:
    """QuickBooks writes and its answer is lost."""
    week.topic.world.breaks("reset_after", count=1, operation="write")
    await placed_and_paid(week)


async def restarted(week: Week) -> None:
    """Another process takes the company over."""
    await week.topic.world.restart()


async def replayed(week: Week) -> None:
    """The group is set back, and everything that was booked comes once more."""
    world = week.topic.world
    records = tuple(each for each in week.topic.records if each.offset in world.results)
    for first in range(0, len(records), 20):
        await world.process(records[first : first + 20])
    # because what comes once more waits once more
    week.orphans_wait_until(week.now + ORPHANED_AFTER)
    # because an owner that has read the books anew puts such money back on its invoice
    week.is_undone("payment_of_another_customer")


async def looked_at(week: Week) -> None:
    """The owner learns what people did."""
    await week.topic.world.look()


async def changed_a_day_later(week: Week) -> None:
    """A person deletes an invoice, or makes it more, on another day than it was told."""
    found = [each for each in week.quiet_sales if each.at < week.ms(week.midnight(week.today))]
    if not found:
        return
    sale = week.draw.choice(found)
    week.quiet_sales.remove(sale)
    told_on = week.day_of(sale.at)
    if week.draw.random() < 0.5:
        await sale.person("delete", "Invoice", sale.key)
        week.seed("deleted a day later", sale.named("Invoice", "missing"), told_on=told_on)
    else:
        await sale.person("edit", "Invoice", sale.key, Line=sold_lines(sale.row("Invoice", sale.key), "0.50"))
        week.seed("changed a day later", sale.named("Invoice", "drifted"), told_on=told_on)


async def placed_for_later(week: Week) -> None:
    """An order of which the shop says nothing more."""
    sale = week.sale()
    week.quiet_sales.append(sale)
    await sale.tell(sale.body())


HAPPENINGS: tuple[Happening, ...] = (
    placed,
    placed,
    placed_and_paid,
    placed_and_paid,
    paid,
    paid_and_said,
    cancelled,
    edited,
    refunded,
    told_again,
    told_late,
    shipped,
    memo_edited,
    address_edited,
    due_date_moved,
    saved_again,
    customer_changed,
    test_order,
    before_the_start,
    money_of_nothing,
    mended,
    dismissed,
    sold_by_hand,
    charged_by_stripe,
    paid_out,
    answers_lost,
    restarted,
    replayed,
    looked_at,
)

UNCONSUMED: tuple[Happening, ...] = (
    placed,
    placed_and_paid,
    paid,
    paid_and_said,
    cancelled,
    edited,
    refunded,
    told_again,
    shipped,
)
"""What may lie on the topic in the night."""
