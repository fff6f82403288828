"""The bytes of every marker that a small year of sales leaves in the books: they stay there for ever, so they stay."""

from __future__ import annotations

from pathlib import Path

from bridge.journal.identities import BYTES_MAX, read_identities
from contracts.keys import SourceKey
from contracts.marker import TRANSACTIONS, MarkerField
from contracts.matching import Decision
from tests.ledger.field_shared_charges import SharedCharge
from tests.support.entered import BY_NUMBER, decided, keyed, paid_by_hand
from tests.support.orders import (
    ORDER_ID,
    Json,
    bought,
    charge,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.seals import SEAL
from tests.support.shop_payouts import row
from tests.support.shop_payouts import told as paid_out
from tests.support.world import World, opened

GOLDEN = Path(__file__).parent / "golden" / "markers.txt"
OF_ENTERED = GOLDEN.with_name("markers_of_entered_documents.txt")
OF_SHARED = GOLDEN.with_name("markers_of_shared_charges.txt")
ENTITIES = ("Customer", "Invoice", "SalesReceipt", "Payment", "CreditMemo", "RefundReceipt", "Deposit", "JournalEntry")


def parcel(**changes: object) -> Json:
    """A fulfillment of the first order, with a comma and a space in its carrier's name."""
    body: Json = {
        "id": 255858046,
        "order_id": ORDER_ID,
        "status": "success",
        "created_at": "2026-03-03T10:00:00-08:00",
        "updated_at": "2026-03-03T10:00:00-08:00",
        "tracking_company": "Parcel, fast",
        "tracking_number": "1Z 9:99",
        "tracking_numbers": ["1Z 9:99"],
        "line_items": [],
    }
    return {**body, **changes}


async def told(acme: World) -> None:
    """Paid, paid by card and gift card, overpaid, shipped, handed back, cancelled, and a charge of Stripe's."""
    unpaid = {"financial_status": "pending", "total_outstanding": "42.90"}
    await acme.tell(bought(0))
    await acme.tell(shopify_event("fulfillments/create", parcel()))
    await acme.tell(bought(1, **unpaid))
    money = {"order_id": ORDER_ID + 1, "admin_graphql_api_id": None}
    await acme.tell(
        transaction(id=11, amount="12.90", gateway="gift_card", **money), transaction(id=12, amount="31.00", **money)
    )
    await acme.tell(bought(2, **unpaid))
    await acme.tell({**bought(2, **unpaid), "cancelled_at": "2026-03-04T09:00:00-08:00", "financial_status": "voided"})
    await acme.tell(stripe_event("charge.succeeded", charge()))
    tote = line("20.00", 1)
    sold = {"id": ORDER_ID + 3, "admin_graphql_api_id": None, "name": "#3003"}
    await acme.tell(order([tote], **sold))
    back = handed_back("20.00", order_id=ORDER_ID + 3)
    await acme.tell(refund([refund_line(tote, 1, "20.00")], back, order_id=ORDER_ID + 3, admin_graphql_api_id=None))


async def told_later(acme: World) -> None:
    """Cash with change, an order whose customer saw another currency, and a dispute that only a payout's row tells."""
    unpaid = {"financial_status": "pending", "total_outstanding": "42.90"}
    money = {"order_id": ORDER_ID + 4, "admin_graphql_api_id": None, "gateway": "cash"}
    seen = {"total_price_set": {"presentment_money": {"amount": "39.00", "currency_code": "EUR"}}}
    await acme.tell(bought(4, **unpaid, **seen))
    await acme.tell(transaction(id=21, amount="50.00", **money))
    await acme.tell(transaction(id=22, amount="7.10", kind="change", parent_id=21, **money))
    await acme.tell(paid_out([row("dispute", "-42.90", "15.00", order=ORDER_ID, source_id=66)]))


def lines_in(acme: World) -> list[str]:
    """The marker of each entity in the books, after its type and in the order of their Ids."""
    rows = ((entity, row) for entity in ENTITIES for row in sorted(acme.held(entity), key=lambda each: int(each["Id"])))
    notes = ((entity, str(row.get("Notes" if entity == "Customer" else "PrivateNote") or "")) for entity, row in rows)
    return [f"{entity} {line}" for entity, note in notes for line in note.splitlines() if line.startswith("[qbb:")]


async def test_the_markers_in_the_books_are_those_of_the_first_release() -> None:
    """Byte for byte; a new key may come to a line of the golden file, what stood there is never spelled otherwise."""
    async with opened() as acme:
        await told(acme)
        await told_later(acme)
        assert lines_in(acme) == GOLDEN.read_text().splitlines()


async def test_so_are_those_on_what_a_person_entered() -> None:
    """An order with a payment that a fee was taken out of, and one with another total that a person decided for."""
    async with opened() as acme:
        await paid_by_hand(acme, await keyed(acme, **BY_NUMBER), "41.36")
        other = await keyed(acme, DocNumber="3001", amount="40.00")
        await acme.restart()
        await acme.tell(bought(0))
        await acme.tell(bought(1))
        await decided(acme, SourceKey("shopify", "order", str(ORDER_ID + 1)), Decision("Invoice", other["Id"]))
        await acme.idle()
        assert lines_in(acme) == OF_ENTERED.read_text().splitlines()


async def test_so_are_those_of_a_charge_over_two_invoices() -> None:
    """Each of its payments says what came in by it in all."""
    shared = SharedCharge(1, 1, ((60_00, 60_00), (40_00, 40_00)))
    paid = [stripe_event("invoice_payment.paid", shared.payment(place)) for place in (0, 1)]
    async with opened() as acme:
        await acme.tell(shared.body(0), shared.body(1))
        await acme.tell(shared.charged(), *paid)
        assert lines_in(acme) == OF_SHARED.read_text().splitlines()


def test_the_golden_markers_use_every_key_that_is_written() -> None:
    """A key that no sale of the story leaves in the books would be pinned by nothing."""
    lines = (line.partition(" ") for path in (GOLDEN, OF_ENTERED, OF_SHARED) for line in path.read_text().splitlines())
    markers = [SEAL.find(entity, marker) for entity, _, marker in lines]
    used = {name for marker in markers if marker is not None for name in marker.fields}
    assert all(markers)
    assert used == set(MarkerField) - {MarkerField.SIGNATURE}


async def test_an_entry_has_at_most_three_hundred_bytes() -> None:
    """Key and value; whatever the year of sales wrote can be read again."""
    async with opened() as acme:
        await told(acme)
        await told_later(acme)
        entries = acme.journal.ids.entries
        assert entries
        assert max(len(key.encode()) + len(value) for key, value in entries.items()) <= BYTES_MAX
        recorded = {
            (entity, identity.id): key
            for key, each in read_identities(entries)
            for entity, identity in each.entities.items()
        }
        held = {(entity, row["Id"]): key for entity in TRANSACTIONS for key, row in acme.ours(entity).items()}
        assert recorded == held
