"""What we mean to write in QuickBooks Online, before any Id is known.

A draft is an entity without Id: plain values, amounts as Decimal, and references that are resolved only when the step
goes out. `SourceKey` references name another document of ours (the customer of an invoice); `AccountSelector`s say
which account, in the words of the rules.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Literal

import orjson

from contracts.keys import SourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSelector:
    """Which account, as a rule says it; the first of id, name, preference, sub_type that is set decides.

    `rule` is the key in the rules file that a person would set (for the message when nothing is found). `name` is a
    fully qualified name. `preference` is a key of Preferences.SalesFormsPrefs that holds an account id
    (DefaultDiscountAccount); when the company leaves it empty, sub_type decides. By sub_type the lowest Id among the
    active accounts of exactly that AccountSubType is taken.
    """

    rule: str
    id: str | None = None
    name: str | None = None
    preference: str | None = None
    sub_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; parts are already cut to QBO's lengths."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """An account that the bridge creates once; found again by its name."""

    name: str
    account_type: str
    sub_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer. Found by source key, then by e-mail, then by exact name (never when that one is another person).

    `currency` is the customer's for good (QBO fixes it at creation).
    """

    display_name: str
    currency: str
    given_name: str | None = None
    family_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """A product or service. Found by `sku`, else by name.

    `income` is where its sales go: an account by rule, or the key of an account that the same plan creates.
    `distinct` is appended in brackets when another item already has the name.
    """

    name: str
    sku: str | None
    income: AccountSelector | SourceKey
    item_type: Literal["Service", "NonInventory"] = "NonInventory"
    description: str | None = None
    unit_price: Decimal | None = None
    taxable: bool = True
    distinct: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCodeSelector:
    """Which tax code stands for what was charged: `name` as the rules say it, None when the rule `rule` is missing."""

    rule: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One sold line. `amount` is exact; `quantity` and `unit_price` are given only when their product rounds to it.

    `tax` is the part of the document's tax that was charged on this line, `tax_code` what stands for it outside the US.
    """

    item: SourceKey
    amount: Decimal
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    taxable: bool = False
    tax: Decimal = Decimal(0)
    tax_code: TaxCodeSelector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """A sale. `total` is what QBO must answer as TotalAmt: lines - discount + tax.

    `tax_code` stands for all taxes of the document (US, manual sales tax). `tracking_class`, `location` and `terms` are
    names of what exists in the company.
    """

    customer: SourceKey
    doc_number: str
    txn_date: date
    currency: str
    lines: tuple[LineDraft, ...]
    total: Decimal
    tax: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    discount_account: AccountSelector | None = None
    exchange_rate: Decimal | None = None
    due_date: date | None = None
    email: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
    tax_code: TaxCodeSelector | None = None
    tracking_class: str | None = None
    location: str | None = None
    terms: str | None = None
    distinct_number: str | None = None
    """Used instead of doc_number once when a stranger's document holds that number (fault 6140)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """Money received for one invoice; what the invoice cannot take stays unapplied.

    `customer` is None when the event does not name one: it is the invoice's then. `intent` is the id of the payment
    intent that a Stripe charge ended; it goes into the marker, because links may name the charge by it.
    """

    invoice: SourceKey
    amount: Decimal
    currency: str
    txn_date: date
    deposit_to: AccountSelector
    customer: SourceKey | None = None
    method: str | None = None
    reference: str | None = None
    exchange_rate: Decimal | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of a journal entry."""

    side: Literal["Debit", "Credit"]
    account: AccountSelector
    amount: Decimal
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntryDraft:
    """Debits and credits that add up to the same; used for processor fees."""

    txn_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    doc_number: str | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesReceiptDraft:
    """A sale that was paid at once: the sale's own figures, and where its money went."""

    sale: InvoiceDraft
    deposit_to: AccountSelector
    method: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReceiptDraft:
    """Money handed back for the sale `refund_of`, out of the account `deposit_to`; it reverses revenue and tax itself.

    `total` is what QBO must answer as TotalAmt: lines + tax. A line may be negative (what the seller kept). `customer`
    is None when the event does not name one: it is the sale's then.
    """

    refund_of: SourceKey
    doc_number: str
    txn_date: date
    currency: str
    lines: tuple[LineDraft, ...]
    total: Decimal
    deposit_to: AccountSelector
    tax: Decimal = Decimal(0)
    tax_code: TaxCodeSelector | None = None
    customer: SourceKey | None = None
    method: str | None = None
    reference: str | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMemoDraft:
    """Taken off what is owed on the invoice `credit_of` without money moving, and applied to it by a payment of zero.

    Of `total` as much goes on the invoice as it still asks for; the rest stays the customer's credit.
    """

    credit_of: SourceKey
    doc_number: str
    txn_date: date
    currency: str
    lines: tuple[LineDraft, ...]
    total: Decimal
    tax: Decimal = Decimal(0)
    tax_code: TaxCodeSelector | None = None
    customer: SourceKey | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionDraft:
    """A gift card that paid for a part of an invoice: a negative line of `item` (the liability) on it.

    QBO takes no Payment into a liability (fault 6430). `amount` is positive.
    """

    invoice: SourceKey
    item: SourceKey
    amount: Decimal
    currency: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """How and when the goods of an invoice went out; reaches the invoice by a sparse update."""

    invoice: SourceKey
    tracking: str | None = None
    ship_date: date | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositedPayment:
    """A payment of ours that lies in Undeposited Funds and goes to the bank whole."""

    payment: SourceKey
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositLine:
    """What else makes up a deposit: fees and refunds are negative."""

    account: AccountSelector
    amount: Decimal
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDraft:
    """A payout that reached the bank account `deposit_to`; payments and lines add up to `total`, to the cent."""

    txn_date: date
    currency: str
    deposit_to: AccountSelector
    payments: tuple[DepositedPayment, ...]
    lines: tuple[DepositLine, ...]
    total: Decimal
    exchange_rate: Decimal | None = None


Draft = (
    AccountDraft
    | CustomerDraft
    | ItemDraft
    | InvoiceDraft
    | PaymentDraft
    | JournalEntryDraft
    | SalesReceiptDraft
    | RefundReceiptDraft
    | CreditMemoDraft
    | RedemptionDraft
    | ShipmentDraft
    | DepositDraft
)


def references_of(draft: Draft) -> tuple[SourceKey, ...]:
    """The documents of ours that must be in QBO before this draft can go out, in order, each once."""
    found: dict[SourceKey, None] = {}

    def visit(value: object) -> None:
        if isinstance(value, SourceKey):
            found[value] = None
        elif isinstance(value, tuple):
            for part in value:
                visit(part)
        elif isinstance(value, LineDraft | DepositedPayment | InvoiceDraft):
            for field in fields(value):
                visit(getattr(value, field.name))

    for field in fields(draft):
        visit(getattr(draft, field.name))
    return tuple(found)


def content_hash(draft: Draft) -> str:
    """Ten hex digits of SHA-256 over everything in the draft: two drafts that say the same have the same hash."""
    packed = orjson.dumps(asdict(draft), option=orjson.OPT_SORT_KEYS, default=_plain)
    return hashlib.sha256(packed).hexdigest()[:10]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    raise TypeError(type(value).__name__)
