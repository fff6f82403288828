"""What only its marker shows to be ours, as the record of Ids is lost: its facts must agree before anything is written.

A right signature proves the key of a marker and no other pair of it. Each fact of each kind of document is changed by a
person here, and each pair of its marker typed away or typed otherwise; none of these documents may be written over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from contracts.marker import CATALOGUE, Marker, MarkerField
from mappings.rules import MappingRules, OrderRules, load_rules
from tests.support.four_orders import before, books_of, ended
from tests.support.orders import (
    ORDER_ID,
    bought,
    charge,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.samples import CANCELLED, OWED
from tests.support.seals import SEAL
from tests.support.shop_payouts import row, told
from tests.support.world import World, opened

RECEIPTS = MappingRules(shop_domains=("acme.myshopify.com",), orders=OrderRules(document="sales_receipt"))
LATER = {"updated_at": "2026-03-05T09:00:00-08:00", "po_number": "PO-7"}
GOODS = line("42.90")
PAID = transaction(id=11, order_id=ORDER_ID, amount="42.90", admin_graphql_api_id=None)
CREDITED = refund([refund_line(GOODS, 1, "42.90")], id=12, admin_graphql_api_id=None)
REFUNDED = {
    "id": "re_11",
    "object": "refund",
    "charge": charge()["id"],
    "payment_intent": charge()["payment_intent"],
    "amount": 1000,
    "currency": "usd",
    "created": 1772514900,
    "status": "succeeded",
    "balance_transaction": "txn_11",
}
IN_TRANSIT = [row("charge", "42.90", order=ORDER_ID, transaction=11, id=21)]
WITH_OLD_RECEIVABLES = load_rules(
    'books_start = 2026-03-05\n[accounts]\nopening_receivables = "Old receivables"\n'
    '[gateways.manual]\ndeposit = "Till"\n'
)
LATE = "2026-03-06T10:00:00-08:00"
PAID_LATE: Any = shopify_event("orders/paid", bought(0, updated_at=LATE))
PAID_LATE["headers"]["X-Shopify-Triggered-At"] = LATE
LATE_TRANSACTION = shopify_event(
    "order_transactions/create",
    transaction(id=11, order_id=ORDER_ID, amount="42.90", gateway="manual", processed_at=LATE, created_at=LATE),
)
OWED_MORE = {"financial_status": "partially_paid", "total_outstanding": "20.00"}


class Kind(NamedTuple):
    """A document of ours: what makes it, what would write on it later, and which of its facts that tells."""

    entity: str
    first: Sequence[Any]
    later: Sequence[Any]
    tells: tuple[str, ...] = ()
    facts: tuple[str, ...] = ("total", "customer")
    rules: MappingRules = MappingRules(shop_domains=("acme.myshopify.com",))


KINDS: dict[str, Kind] = {
    "an edited invoice": Kind(
        "Invoice", [bought(0, **OWED)], [bought(0, **OWED, **LATER)], ("total", "customer", "number")
    ),
    "a cancelled invoice": Kind("Invoice", [bought(0, **OWED)], [bought(0, **{**OWED, **CANCELLED})]),
    "a paid invoice": Kind("Invoice", [bought(0, **OWED)], [PAID]),
    "an edited sales receipt": Kind(
        "SalesReceipt", [bought(0)], [bought(0, **LATER)], ("total", "customer", "number"), rules=RECEIPTS
    ),
    "a payment that a transaction takes over": Kind("Payment", [bought(0)], [PAID], ("total",)),
    "a payment that is taken back": Kind("Payment", [bought(0)], [bought(0, **{**OWED, **CANCELLED})]),
    "a payment that is paid out": Kind("Payment", [bought(0, **OWED), PAID], [told(IN_TRANSIT)]),
    "a credit memo of a sale that is cancelled": Kind(
        "CreditMemo", [bought(0, **OWED), CREDITED], [bought(0, **{**OWED, **CANCELLED})]
    ),
    "a credit memo whose invoice comes to ask for more": Kind(
        "CreditMemo",
        [bought(0), CREDITED],
        [order([GOODS, line("20.00")], **OWED_MORE, **LATER, admin_graphql_api_id=None)],
    ),
    "a refund that failed": Kind(
        "RefundReceipt",
        [stripe_event("charge.succeeded", charge()), stripe_event("refund.created", REFUNDED)],
        [stripe_event("refund.failed", {**REFUNDED, "status": "failed"})],
    ),
    "a payout that came back": Kind(
        "Deposit", [bought(0, **OWED), PAID, told(IN_TRANSIT)], [told(IN_TRANSIT, status="failed")], facts=("total",)
    ),
    "an entry of late money that a transaction tells too": Kind(
        "JournalEntry", [PAID_LATE], [LATE_TRANSACTION], facts=("total",), rules=WITH_OLD_RECEIVABLES
    ),
}
OTHERS: dict[str, str] = {
    MarkerField.VERSION: "4102444800.9",
    MarkerField.CONTENT: "0123abcd",
    MarkerField.SALE: str(ORDER_ID + 2),
    MarkerField.RECEIVED: "1.00",
    MarkerField.INTENT: "pi_1",
    MarkerField.CHARGED: "100.00",
    MarkerField.APPLIED: "1.00",
    MarkerField.GIFT_CARDS: "transaction.1000000002:1.00",
    MarkerField.SHIPMENTS: "1:1.1:A::",
    MarkerField.SHOWN: "EUR:10.00:40.00:0.00",
    MarkerField.CHANGE: "1000000001:1.00",
    MarkerField.ADOPTED: "other",
    MarkerField.STANDS_FOR: "1.00",
    MarkerField.SOURCE_EVENT: "payout",
}
"""What a person types instead of a pair that the changed fact does not give."""


def typed() -> Iterator[Any]:
    """A kind, a fact that is changed, a pair of its marker, and whether that is typed otherwise or away."""
    for kind, (entity, _, _, tells, facts_of_it, _) in KINDS.items():
        for fact in (*facts_of_it, *(["number"] if "number" in tells else [])):
            for pair in (each for each, found in CATALOGUE.items() if entity in found.on):
                for how in ("away", "otherwise"):
                    says_it = (fact, pair) in {("total", MarkerField.TOTAL), ("customer", MarkerField.CUSTOMER)}
                    # because then nobody but the marker says what it was
                    is_unknowable = says_it and how == "otherwise" and fact not in tells
                    if pair is not MarkerField.SIGNATURE and not is_unknowable:
                        yield pytest.param(kind, fact, pair, how, id=f"{kind}: {fact} changed, {pair} {how}")


async def edit(acme: World, entity: str, held: dict[str, Any], changes: dict[str, Any]) -> None:
    """A person edits it; QuickBooks wants the account and the lines of a deposit each time."""
    kept = {name: held[name] for name in ("DepositToAccountRef", "Line")} if entity == "Deposit" else {}
    await acme.by_a_person("edit", entity, held["Id"], changes={**kept, **changes})


async def changed(acme: World, entity: str, fact: str) -> dict[str, Any]:
    """A person changes a fact of the only document of this type."""
    (held,) = acme.held(entity)
    changes: dict[str, Any] = {"DocNumber": "X-1"}
    if fact == "customer":
        other = await acme.by_hand("customer", {"DisplayName": "Ben Other"})
        # because QuickBooks refuses another customer for what is on an invoice
        changes = {"CustomerRef": {"value": other["Id"]}, **({"Line": []} if entity == "Payment" else {})}
    elif fact == "total" and entity == "Payment":
        changes = {"TotalAmt": 54}
    elif fact == "total" and entity in {"JournalEntry", "Deposit"}:
        changes = {"Line": [{**each, "Amount": 54} for each in held["Line"]]}
    elif fact == "total":
        sold = next(each for each in held["Line"] if each["DetailType"] == "SalesItemLineDetail")
        detail = {**sold["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 54}
        changes = {"Line": [{**sold, "Amount": 54, "SalesItemLineDetail": detail}]}
    await edit(acme, entity, held, changes)
    (now,) = acme.held(entity)
    return dict(now)


async def has_accounts(acme: World) -> None:
    """The accounts that a rule names are there."""
    for name in ("Old receivables", "Till"):
        await acme.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
    await acme.restart()


async def type_into(acme: World, entity: str, row_now: dict[str, Any], pair: MarkerField, how: str) -> None:
    """A person types a pair of its marker away, or to what suits the changed document."""
    own = SEAL.find(entity, row_now["PrivateNote"])
    assert own is not None
    others = {
        **OTHERS,
        MarkerField.TOTAL: f"{row_now['TotalAmt']:.2f}",
        MarkerField.CUSTOMER: row_now.get("CustomerRef", {}).get("value", "1"),
    }
    left = {name: value for name, value in own.fields.items() if name != pair}
    fields = left if how == "away" else {**left, str(pair): others[pair]}
    memo = SEAL.line(entity, Marker(own.key, fields))
    await edit(acme, entity, row_now, {"PrivateNote": memo})


def facts(acme: World, entity: str, ident: str) -> dict[str, Any]:
    """What a write of ours would have changed of a document."""
    (held,) = (each for each in acme.held(entity) if each["Id"] == ident)
    # because QuickBooks itself takes a payment or a credit off an invoice that becomes void
    is_off = entity == "Payment" or (
        entity == "CreditMemo" and not any(each["TotalAmt"] for each in acme.held("Invoice"))
    )
    put_on = () if is_off else ("Balance", "LinkedTxn")
    of_a_sale = ("DocNumber", "Line", *put_on) if entity != "Payment" else ()
    # because what came back of a deposit is an entry beside it
    beside = {"entries": acme.held("JournalEntry")} if entity == "Deposit" else {}
    return {name: held.get(name) for name in ("TotalAmt", "CustomerRef", "PrivateNote", *of_a_sale)} | beside


@pytest.mark.parametrize(("kind", "fact", "pair", "how"), list(typed()))
async def test_a_document_whose_facts_a_person_changed_is_never_written_on(
    kind: str, fact: str, pair: MarkerField, how: str
) -> None:
    """Whatever its marker says by then, and though nobody has recorded it. Guard: `only_on_proven`."""
    entity, first, later, *_, rules = KINDS[kind]
    async with opened(rules) as acme:
        await has_accounts(acme)
        await acme.tell(*first)
        row_now = await changed(acme, entity, fact)
        await type_into(acme, entity, row_now, pair, how)
        untouched = facts(acme, entity, row_now["Id"])
    acme.journal.ids.entries.clear()
    async with opened(rules, after=acme) as again:
        await again.tell(*later)
        now = facts(again, entity, row_now["Id"])
        assert now == {name: untouched[name] for name in now}


async def test_what_agrees_goes_on_without_its_record() -> None:
    """Edited, paid, cancelled and refunded: the books end as with the record. Guard: `_contradicted`."""
    ends = []
    for is_lost in (False, True):
        async with opened() as acme:
            await acme.tell(*before())
        if is_lost:
            acme.journal.ids.entries.clear()
        async with opened(after=acme) as again:
            ends.append(await ended(again))
            assert books_of(again)
    assert ends[0] == ends[1]


async def test_a_document_of_its_marker_alone_is_no_proof_for_the_next_owner_either() -> None:
    """It is recorded as such. Guard: `MARKER_ALONE`."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
    acme.journal.ids.entries.clear()
    async with opened(after=acme) as second:
        await second.idle()
    async with opened(after=second) as third:
        (smaller,) = await third.tell(order([line("20.00")], **OWED, **LATER, admin_graphql_api_id=None))
        assert (smaller.status.value, smaller.reason and smaller.reason.code) == ("dead_lettered", "conflict")


async def test_what_an_owner_has_sent_and_not_settled_is_proven() -> None:
    """It was killed after the write: its request is in the journal. Guard: `was_sent` in `Index._marker`."""
    async with opened() as acme:
        await acme.company.process(acme.records(bought(0, **OWED)))
    async with opened(after=acme) as again:
        (smaller,) = await again.tell(order([line("20.00")], **OWED, **LATER, admin_graphql_api_id=None))
        assert smaller.status.value == "posted"
