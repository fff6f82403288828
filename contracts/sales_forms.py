"""Drafts of sales forms: what is sold, how it is shipped, and what is handed back or credited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Self

from contracts.documents import SalesForm
from contracts.entities import Entity
from contracts.keys import SourceKey
from contracts.lists import AccountSelector, Address
from contracts.matching import OrderName
from contracts.money import round_half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a customer of another currency saw: the order came to `total` of `currency`, `worth` in the shop's."""

    currency: str
    total: Decimal
    worth: Decimal

    def share(self, amount: Decimal, places: int) -> Decimal:
        """What `amount` of `currency` is in the shop's currency, rounded to `places`: its share of the order."""
        return round_half_up(amount * self.worth / self.total, places)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft(SalesForm):
    """A sale. `total` is what QBO must answer as TotalAmt: lines - discount + tax.

    `tax_code` stands for all taxes of the document (US, manual sales tax). `tracking_class`, `location` and `terms` are
    names of what exists in the company. `po_number` is the buyer's own number of the purchase.
    """

    customer: SourceKey
    discount: Decimal = Decimal(0)
    discount_account: AccountSelector | None = None
    due_date: date | None = None
    email: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
    tracking_class: str | None = None
    location: str | None = None
    terms: str | None = None
    po_number: str | None = None
    distinct_number: str | None = None
    """Used instead of doc_number once when a stranger's document holds that number (fault 6140)."""
    named: OrderName | None = None
    """Only for matching, never written: how people name the order; None for a sale that is never looked for."""
    buyers: tuple[str, ...] = ()
    """Never written: the keys under which other rules may have booked the same buyer; its sale stays with that one."""
    shown: Shown | None = None
    """Only for reckoning, never written: what gift cards of the customer's currency are a share of."""

    def second_number(self, key: SourceKey) -> str | None:
        """What the source says, else as for every form."""
        return self.distinct_number or SalesForm.second_number(self, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesReceiptDraft:
    """A sale that was paid at once: the sale's own figures, and where its money went."""

    sale: InvoiceDraft
    deposit_to: AccountSelector
    method: str | None = None
    reference: str | None = None

    @property
    def currency(self) -> str:
        """The sale's."""
        return self.sale.currency

    @property
    def txn_date(self) -> date:
        """The sale's."""
        return self.sale.txn_date

    @property
    def exchange_rate(self) -> Decimal | None:
        """The sale's."""
        return self.sale.exchange_rate

    @property
    def customer(self) -> SourceKey | None:
        """The sale's."""
        return self.sale.customer

    @property
    def number(self) -> str | None:
        """The sale's."""
        return self.sale.number

    @property
    def items(self) -> tuple[SourceKey, ...]:
        """The sale's."""
        return self.sale.items

    def with_date(self, day: date) -> Self:
        """The same on another day."""
        return replace(self, sale=self.sale.with_date(day))

    def with_number(self, number: str) -> Self:
        """The same under another number."""
        return replace(self, sale=self.sale.with_number(number))

    def second_number(self, key: SourceKey) -> str | None:
        """The sale's."""
        return self.sale.second_number(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReceiptDraft(SalesForm):
    """Money handed back for the sale `refund_of`, out of the account `deposit_to`; it reverses revenue and tax itself.

    `total` is what QBO must answer as TotalAmt: lines + tax. A line may be negative (what the seller kept). `customer`
    is None when the event does not name one: it is the sale's then. `transactions` are those of the source by which the
    money moved.
    """

    refund_of: SourceKey
    deposit_to: AccountSelector
    method: str | None = None
    reference: str | None = None
    behind_sale: str | None = None
    """What stands behind the number of its sale in its own: `-R2233`; None for a number of its own."""
    transactions: tuple[SourceKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMemoDraft(SalesForm):
    """Taken off what is owed on the invoice `credit_of` without money moving, and applied to it by a payment of zero.

    Of `total` as much goes on the invoice as it still asks for; the rest stays the customer's credit.
    """

    credit_of: SourceKey
    behind_sale: str | None = None
    """What stands behind the number of its sale in its own, as of a refund receipt."""
    copied: tuple[Entity, ...] = ()
    """Lines as the books show them, of what a late change took off an invoice, in place of `lines`."""
    copied_tax: Entity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionDraft:
    """A gift card that paid for a part of an invoice: a negative line of `item` (the liability) on it.

    QBO takes no Payment into a liability (fault 6430). `amount` is positive, `txn_date` the day on which it was paid.
    """

    invoice: SourceKey
    item: SourceKey
    amount: Decimal
    currency: str
    txn_date: date
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """How and when the goods of an invoice went out; reaches the invoice by a sparse update."""

    invoice: SourceKey
    tracking: str | None = None
    ship_date: date | None = None
    method: str | None = None
