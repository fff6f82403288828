"""Short constructors: plans, steps, drafts and the rows of QBO, each with sensible contents that a test may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bridge.index.company_profile import Account, CompanyProfile
from bridge.index.index import Index, Posted
from bridge.planning.schedule import schedule
from bridge.planning.steps import PlannedStep, Schedule, StepId
from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.marker import Marker
from contracts.posting import Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    CustomerDraft,
    InvoiceDraft,
    ItemDraft,
    LineDraft,
    PaymentDraft,
)
from tests.support.seals import SEAL

BORN = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 2)
SALES = AccountSelector(rule="accounts.sales", sub_type="SalesOfProductIncome")
DEPOSIT = AccountSelector(rule="accounts.deposit", sub_type="UndepositedFunds")
DANA = SourceKey("shopify", "customer", "1")
TOTE = SourceKey("shopify", "sku", "TOTE")
ORDER = SourceKey("shopify", "order", "100")
BODY_MONEY = SourceKey("shopify", "payment", "100")


def transaction_key(number: int) -> SourceKey:
    return SourceKey("shopify", "transaction", str(number))


# -- a company --------------------------------------------------------------------------------------------------------


def company(**changes: Any) -> CompanyProfile:
    """A US company with sales tax on and multicurrency off."""
    accounts = [
        Account(
            id="4",
            name="Undeposited",
            full_name="Undeposited",
            account_type="",
            sub_type="UndepositedFunds",
            currency=None,
        ),
        Account(
            id="79", name="Sales", full_name="Sales", account_type="", sub_type="SalesOfProductIncome", currency=None
        ),
    ]
    fields = CompanyProfile(
        home_currency="USD",
        multicurrency=False,
        country="US",
        charges_tax=True,
        tax_code="2",
        close_date=None,
        allows_discount=True,
        preferences={},
        accounts={account.id: account for account in accounts},
        payment_methods={"visa": "3"},
    )
    return replace(fields, **changes)


def books(*rows: tuple[str, Mapping[str, Any]]) -> Index:
    """An index that holds these rows: `books(("Invoice", invoice_row()))`."""
    index = Index(SEAL, complete_since=BORN)
    for entity, row in rows:
        index.remember(entity, row)
    return index


def planned(plans: list[PostingPlan], index: Index | None = None, fields: CompanyProfile | None = None) -> Schedule:
    """The schedule of these plans, into empty books unless told otherwise."""
    return schedule(plans, index if index is not None else books(), fields or company())


def steps(found: Schedule) -> dict[str, PlannedStep]:
    """All writes by their names, in the order of their waves."""
    return {str(step.id): step for wave in found.waves for step in wave}


def wave_of(found: Schedule, entity: EntityName, key: SourceKey) -> int:
    """The number of the wave in which something of `key` is written."""
    (number,) = [n for n, wave in enumerate(found.waves) for step in wave if step.id[:2] == (entity, key)]
    return number


def step_id(entity: EntityName, key: SourceKey, part: str = "") -> StepId:
    return StepId(entity, key, part)


# -- plans ------------------------------------------------------------------------------------------------------------


def buyer(key: SourceKey = DANA, name: str = "Dana Reyes", **changes: Any) -> PostingStep:
    draft = CustomerDraft(**{"display_name": name, "currency": "USD", "email": "dana@example.com", **changes})
    return PostingStep(key=key, entity="Customer", intent=Intent.ENSURE, draft=draft)


def thing(key: SourceKey = TOTE, name: str = "Canvas tote", **changes: Any) -> PostingStep:
    draft = ItemDraft(**{"name": name, "sku": "TOTE", "income": SALES, "distinct": "TOTE", **changes})
    return PostingStep(key=key, entity="Item", intent=Intent.ENSURE, draft=draft)


def account(name: str = "Gift cards") -> PostingStep:
    draft = AccountDraft(name=name, account_type="Other Current Liability", sub_type="OtherCurrentLiabilities")
    return PostingStep(key=SourceKey("qbb", "account", name), entity="Account", intent=Intent.ENSURE, draft=draft)


def invoice(total: str = "30.00", **changes: Any) -> InvoiceDraft:
    amount = Decimal(total)
    given = {
        "customer": DANA,
        "doc_number": "1001",
        "distinct_number": "1001-0100",
        "txn_date": DAY,
        "currency": "USD",
        "lines": (LineDraft(item=TOTE, amount=amount),),
        "total": amount,
    }
    return InvoiceDraft(**{**given, **changes})


def payment(amount: str = "30.00", **changes: Any) -> PaymentDraft:
    given = {
        "invoice": ORDER,
        "amount": Decimal(amount),
        "currency": "USD",
        "txn_date": DAY,
        "deposit_to": DEPOSIT,
        "customer": DANA,
    }
    return PaymentDraft(**{**given, **changes})


def order_plan(
    at: int = 1,
    *,
    received: str = "0.00",
    total: str = "30.00",
    rank: int = 1,
    key: SourceKey = ORDER,
    needs: tuple[PostingStep, ...] | None = None,
    **changes: Any,
) -> PostingPlan:
    """A whole order as of version `at`: buyer, item, invoice of `total`, money `received`."""
    version = Version(at, rank, "")
    draft = invoice(total, **changes)
    money = payment(received, invoice=key, customer=draft.customer, currency=draft.currency)
    both = (
        PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=draft, version=version),
        PostingStep(
            key=SourceKey("shopify", "payment", key.id),
            entity="Payment",
            intent=Intent.RECEIVED,
            draft=money,
            version=version,
        ),
    )
    return plan(key, *(needs if needs is not None else (thing(), buyer())), *both, version=version)


def cancelled_plan(at: int = 9) -> PostingPlan:
    """An order that was cancelled before anybody paid."""
    version = Version(at, 27, "void")
    void = PostingStep(key=ORDER, entity="Invoice", intent=Intent.VOID, version=version)
    nothing = PostingStep(
        key=BODY_MONEY, entity="Payment", intent=Intent.RECEIVED, draft=payment("0.00", customer=None), version=version
    )
    return plan(ORDER, void, nothing, version=version)


def transaction_plan(
    number: int = 7, amount: str = "30.00", *, order: SourceKey = ORDER, **changes: Any
) -> PostingPlan:
    """A successful transaction, which names no customer."""
    key = transaction_key(number)
    draft = payment(amount, invoice=order, customer=None, reference=key.id, **changes)
    step = PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=draft)
    return replace(plan(key, step), lane=order)


def plan(key: SourceKey, *found: PostingStep, version: Version | None = None) -> PostingPlan:
    return PostingPlan(document=key, lane=key, steps=found, document_created_at=BORN, version=version)


# -- rows of QBO ------------------------------------------------------------------------------------------------------


MARKED = {"order": "Invoice", "customer": "Customer", "refund": "RefundReceipt"}
"""The entity that usually carries the marker of a document of this kind; a payment does of every other."""


def note(key: SourceKey, on: str | None = None, **fields: str) -> str:
    """The marker of `key` as the bridge writes it on an entity of the type `on`."""
    return SEAL.line(on or MARKED.get(key.kind, "Payment"), Marker(key, fields))


def customer_row(
    ident: str = "60", name: str = "Dana Reyes", key: SourceKey | None = DANA, **changes: Any
) -> dict[str, Any]:
    row = {"Id": ident, "SyncToken": "0", "DisplayName": name, "CurrencyRef": {"value": "USD"}, "Active": True}
    return {**row, **({"Notes": note(key)} if key else {}), **changes}


def item_row(ident: str = "20", name: str = "Canvas tote", sku: str = "TOTE", **changes: Any) -> dict[str, Any]:
    return {"Id": ident, "SyncToken": "0", "Name": name, "Sku": sku, "Type": "NonInventory", "Active": True, **changes}


def invoice_row(
    total: str = "30.00", *, marker_fields: Mapping[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Our invoice as QBO shows it; untouched, at version 1, unless `marker_fields` say otherwise."""
    written = {"v": "1.1", "h": "0" * 10, "t": total} | dict(marker_fields or {})
    row = {
        "Id": "145",
        "SyncToken": "0",
        "DocNumber": "1001",
        "TotalAmt": Decimal(total),
        "Balance": Decimal(total),
        "CurrencyRef": {"value": "USD"},
        "CustomerRef": {"value": "60"},
        "PrivateNote": note(ORDER, **written),
    }
    return {**row, **changes}


def payment_row(
    key: SourceKey = BODY_MONEY, amount: str = "30.00", ident: str = "146", **changes: Any
) -> dict[str, Any]:
    """Our payment as QBO shows it, all of it on the invoice."""
    order = {"o": ORDER.id} if key.kind == "transaction" else {"v": "1.1", "r": amount}
    row = {
        "Id": ident,
        "SyncToken": "0",
        "TotalAmt": Decimal(amount),
        "CurrencyRef": {"value": "USD"},
        "CustomerRef": {"value": "60"},
        "Line": [link("145", amount)],
        "PrivateNote": note(key, **order, t=amount),
    }
    return {**row, **changes}


def link(invoice_id: str, amount: str) -> dict[str, Any]:
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}


def known(index: Index, entity: str, key: SourceKey) -> Posted:
    """What the index must have."""
    found = index.get(entity, key)
    assert found is not None
    return found


LISTS = (("Customer", customer_row()), ("Item", item_row()))
"""The rows that `order_plan` refers to, so that only documents are left to write."""
