"""What people do wrong with documents of a month: each says which document has to be named, and how."""

from __future__ import annotations

import copy
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from bridge.sandbox.settings import DEFAULT_REALM
from contracts.keys import SourceKey
from tests.support.world import World

Row = dict[str, Any]
Named = tuple[str, str]
"""How a document differs, and its key, or what it is in the books."""
Mistake = Callable[["Desk"], Awaitable[Named | None]]
CENT = Decimal("0.01")
FORMS = ("Invoice", "RefundReceipt")
MONEY = ("Payment", "RefundReceipt", "Deposit")
EVERY = ("Invoice", "Payment", "RefundReceipt", "Deposit", "JournalEntry")


@dataclass(slots=True)
class Desk:
    """A person who takes some document of the month and does something wrong."""

    world: World
    draw: random.Random

    def some(self, entity: str, which: Callable[[Row], bool] = lambda _: True) -> tuple[SourceKey, Row] | None:
        """One of the bridge's documents of this type that fits, None where the month has none."""
        found = [(key, row) for key, row in self.world.ours(entity).items() if which(row)]
        return self.draw.choice(found) if found else None

    def account(self, name: str) -> str:
        """The Id of an account."""
        return str(next(each["Id"] for each in self.world.held("Account") if each["Name"] == name))

    async def edit(self, entity: str, row: Row, **changes: Any) -> None:
        """At the keyboard; what a form of QuickBooks' page sends along is sent along."""
        kept = {name: row[name] for name in ("CustomerRef", "DepositToAccountRef") if name in row}
        lines = {"Line": row["Line"]} if entity == "Deposit" else {}
        await self.world.by_a_person("edit", entity, row["Id"], changes={**kept, **lines, **changes})


@asynccontextmanager
async def undone(world: World) -> AsyncIterator[None]:
    """Whatever is done to the books meanwhile, they are afterwards as they were."""
    before = copy.deepcopy(world.sandbox.realms[DEFAULT_REALM])
    try:
        yield
    finally:
        world.sandbox.realms[DEFAULT_REALM] = before


def name_of(key: SourceKey) -> str:
    """The document as its source has it: the rows of a payout that never went out are that payout's."""
    return str(key).removesuffix(".failed")


def line_of(row: Row, kind: str, amount: Decimal) -> Row:
    """The first line of this kind, with another amount."""
    line = next(each for each in row["Line"] if each["DetailType"] == kind)
    if kind != "SalesItemLineDetail":
        return {**line, "Amount": str(amount)}
    return {**line, "Amount": str(amount), kind: {**line[kind], "Qty": "1", "UnitPrice": str(amount)}}


def sold_lines(row: Row, more: Decimal) -> list[Row]:
    """The sold lines of a form, the first greater by `more`."""
    first, *rest = [each for each in row["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    return [line_of({"Line": [first]}, "SalesItemLineDetail", Decimal(str(first["Amount"])) + more), *rest]


def is_taxed(row: Row) -> bool:
    return bool(Decimal(str(row.get("TxnTaxDetail", {}).get("TotalTax") or 0)))


def is_live(row: Row) -> bool:
    return bool(Decimal(str(row["TotalAmt"])))


async def taken_out(action: str, kind: str, entity: str, desk: Desk) -> Named | None:
    """Deleted, or voided where QuickBooks can."""
    found = desk.some(entity, is_live)
    if found is None:
        return None
    await desk.world.by_a_person(action, entity, found[1]["Id"])
    return kind, name_of(found[0])


async def moved_to_another_day(entity: str, desk: Desk) -> Named | None:
    found = desk.some(entity, is_live)
    if found is None:
        return None
    key, row = found
    # because a payout that came back stands on two days
    other = date.fromisoformat(row["TxnDate"]) + timedelta(days=desk.draw.choice((-40, -25, 19, 40)))
    more = {"Line": row["Line"]} if entity == "JournalEntry" else {}
    await desk.edit(entity, row, TxnDate=other.isoformat(), **more)
    return "day", name_of(key)


async def amount_of_a_form(entity: str, desk: Desk) -> Named | None:
    found = desk.some(entity, is_live)
    if found is None:
        return None
    key, row = found
    more = desk.draw.choice((CENT, Decimal(1), Decimal(250)))
    tax = {"TxnTaxDetail": {**row["TxnTaxDetail"], "TaxLine": []}} if is_taxed(row) else {}
    await desk.edit(entity, row, Line=sold_lines(row, more), **tax)
    return "amount", name_of(key)


async def amount_of_a_payment(desk: Desk) -> Named | None:
    found = desk.some("Payment", is_live)
    if found is None:
        return None
    key, row = found
    await desk.edit("Payment", row, TotalAmt=str(Decimal(str(row["TotalAmt"])) + CENT))
    return "amount", name_of(key)


async def amount_of_a_payout(desk: Desk) -> Named | None:
    """Its first line is a cent more, so more arrives in the bank."""
    found = desk.some("Deposit")
    if found is None:
        return None
    key, row = found
    first, *rest = row["Line"]
    changed = line_of({"Line": [first]}, "DepositLineDetail", Decimal(str(first["Amount"])) + CENT)
    await desk.edit("Deposit", row, Line=[changed, *rest])
    return "amount", name_of(key)


async def amount_of_an_entry(desk: Desk) -> Named | None:
    """A debit and a credit of two accounts are a cent more.

    Nobody tells what the entry of a payout comes to, only what its lines do.
    """
    found = desk.some("JournalEntry", is_live)
    if found is None:
        return None
    key, row = found
    lines = copy.deepcopy(row["Line"])
    sides = [(each, each["JournalEntryLineDetail"]) for each in lines]
    debits = [(line, detail["AccountRef"]["value"]) for line, detail in sides if detail["PostingType"] == "Debit"]
    credits_ = [(line, detail["AccountRef"]["value"]) for line, detail in sides if detail["PostingType"] == "Credit"]
    pairs = [(one, other) for one, mine in debits for other, theirs in credits_ if mine != theirs]
    for line in desk.draw.choice(pairs):
        line["Amount"] = str(Decimal(str(line["Amount"])) + CENT)
    await desk.edit("JournalEntry", row, Line=lines)
    return ("account" if key.kind == "payout" else "amount"), name_of(key)


async def tax_for_goods(entity: str, desk: Desk) -> Named | None:
    """The tax is a unit more and the goods are one less: the total is as it was."""
    found = desk.some(entity, is_taxed)
    if found is None:
        return None
    key, row = found
    tax = {
        "TxnTaxCodeRef": row["TxnTaxDetail"]["TxnTaxCodeRef"],
        "TotalTax": str(Decimal(str(row["TxnTaxDetail"]["TotalTax"])) + 1),
    }
    await desk.edit(entity, row, Line=sold_lines(row, Decimal(-1)), TxnTaxDetail=tax)
    return "tax", name_of(key)


async def other_account(entity: str, desk: Desk) -> Named | None:
    """Money that is said to lie in the drawer."""
    found = desk.some(entity, is_live)
    if found is None:
        return None
    key, row = found
    await desk.edit(entity, row, DepositToAccountRef={"value": desk.account("Undeposited Funds")})
    return "account", name_of(key)


async def other_account_of_a_line(entity: str, desk: Desk) -> Named | None:
    found = desk.some(entity, lambda row: is_live(row) and bool(_named_accounts(entity, row["Line"])))
    if found is None:
        return None
    key, row = found
    lines = copy.deepcopy(row["Line"])
    detail = desk.draw.choice(_named_accounts(entity, lines))
    detail["AccountRef"] = {"value": desk.account("Uncategorized Expense")}
    await desk.edit(entity, row, Line=lines)
    return "account", name_of(key)


def _named_accounts(entity: str, lines: list[Row]) -> list[Row]:
    """The parts of lines that name an account; those with which payments are deposited name none."""
    details = (line.get(f"{entity}LineDetail", {}) for line in lines)
    return [detail for detail in details if "AccountRef" in detail]


def body_of(entity: str, row: Row, note: str) -> Row:
    """A document as a person would enter that of `row` once more."""
    kept = ("CustomerRef", "DepositToAccountRef", "CurrencyRef", "TxnDate")
    body: Row = {name: row[name] for name in kept if name in row} | {"PrivateNote": note}
    if entity == "Payment":
        return {**body, "TotalAmt": row["TotalAmt"]}
    if entity in FORMS:
        tax = {"TxnTaxDetail": row["TxnTaxDetail"]} if is_taxed(row) else {}
        return {**body, **tax, "Line": sold_lines(row, Decimal(0))}
    return {**body, "Line": row["Line"]}


async def entered_again(entity: str, desk: Desk) -> Named | None:
    """By hand, with nothing of the bridge on it."""
    found = desk.some(entity, is_live)
    if found is None:
        return None
    made = await desk.world.by_hand(entity, body_of(entity, found[1], "entered by Kim"))
    return "by_hand", f"{entity.lower()}/{made['Id']}"


async def copied(entity: str, desk: Desk) -> Named | None:
    """QuickBooks' "make a copy": the memo goes along."""
    found = desk.some(entity, is_live)
    if found is None:
        return None
    await desk.world.by_hand(entity, body_of(entity, found[1], found[1]["PrivateNote"]))
    return "twice", name_of(found[0])


async def credited_by_hand(desk: Desk) -> Named | None:
    """A credit memo of a sale, beside the shop's own refund or without one."""
    found = desk.some("Invoice", is_live)
    if found is None:
        return None
    body = {**body_of("Invoice", found[1], f"credit for {found[1]['DocNumber']}"), "TxnTaxDetail": {}}
    made = await desk.world.by_hand("CreditMemo", body)
    return "by_hand", f"creditmemo/{made['Id']}"


MISTAKES: Mapping[str, Mistake] = (
    {f"{entity} deleted": partial(taken_out, "delete", "not_booked", entity) for entity in EVERY}
    | {f"{entity} voided": partial(taken_out, "void", "voided", entity) for entity in ("Invoice", "Payment")}
    | {f"{entity} on another day": partial(moved_to_another_day, entity) for entity in EVERY}
    | {f"{entity} of another amount": partial(amount_of_a_form, entity) for entity in FORMS}
    | {"Payment of another amount": amount_of_a_payment, "Deposit of another amount": amount_of_a_payout}
    | {
        "JournalEntry of another amount": amount_of_an_entry,
        "JournalEntry elsewhere": partial(other_account_of_a_line, "JournalEntry"),
    }
    | {"Deposit with a line elsewhere": partial(other_account_of_a_line, "Deposit")}
    | {f"{entity} with another tax": partial(tax_for_goods, entity) for entity in FORMS}
    | {f"{entity} elsewhere": partial(other_account, entity) for entity in MONEY}
    | {f"{entity} entered again": partial(entered_again, entity) for entity in (*FORMS, "Payment", "Deposit")}
    | {f"{entity} copied": partial(copied, entity) for entity in EVERY}
    | {"CreditMemo by hand": credited_by_hand}
)
