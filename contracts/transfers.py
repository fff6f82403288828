"""Drafts of money: payments, journal entries and deposits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal, Self

from contracts.documents import TransactionDraft
from contracts.entities import EntityName
from contracts.errors import UnbalancedDocument
from contracts.keys import SourceKey
from contracts.lists import AccountSelector
from contracts.money import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRate:
    """The currency in which a processor settles a payment, and how much of it one unit of the payment became."""

    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft(TransactionDraft):
    """Money received for one invoice; what the invoice cannot take stays unapplied.

    `customer` is None when the event does not name one: it is the invoice's then. `intent` is the id of the payment
    intent that a Stripe charge ended; it goes into the marker, because links may name the charge by it. `settled` is
    what the processor made of it in another currency: its own rate counts where that is the company's home currency.
    `change` was given back out of it, by the ids of its transactions; `amount` is without it. `share_of` is the charge
    of which this is the share of one invoice, where it pays several, and `charged` what came in by it in all.
    """

    invoice: SourceKey
    amount: Decimal
    deposit_to: AccountSelector
    customer: SourceKey | None = None
    method: str | None = None
    reference: str | None = None
    intent: str | None = None
    settled: SettlementRate | None = None
    change: tuple[tuple[str, Decimal], ...] = ()
    share_of: SourceKey | None = None
    charged: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDraft:
    """Cash that was given back out of the payment `payment` (None where nobody names it): less of it was received."""

    invoice: SourceKey
    amount: Decimal
    currency: str
    payment: SourceKey | None = None


RECEIVABLE = AccountSelector(rule="accounts.receivable", sub_type="AccountsReceivable")
"""What customers owe: the account of the currency in which their sale is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of a journal entry. With `customer_of` it is what the customer of that sale owes (A/R).

    `tracking_class` and `location` are names of what exists in the company.
    """

    side: Literal["Debit", "Credit"]
    account: AccountSelector
    amount: Decimal
    description: str | None = None
    customer_of: SourceKey | None = None
    tracking_class: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntryDraft(TransactionDraft):
    """Debits and credits that add up to the same; used for fees, disputes and what payouts move.

    `sale` is what it is about, `place_of` the sale whose class and location its lines have. `source_event` is "payout"
    where a payout's row told it and not its own event. In closed books it stands on the day `otherwise`, where that is
    given.
    """

    lines: tuple[JournalLine, ...]
    doc_number: str | None = None
    sale: SourceKey | None = None
    place_of: SourceKey | None = None
    source_event: str | None = None
    otherwise: date | None = None

    @property
    def number(self) -> str | None:
        """Its DocNumber, None where QBO gives one."""
        return self.doc_number

    def with_number(self, number: str) -> Self:
        """The same under another number."""
        return replace(self, doc_number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierMoneyDraft:
    """Money that was received for a sale before the start of the books: never written, remembered for what comes."""

    invoice: SourceKey
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositedPayment:
    """What a payout brings to the bank of a payment of ours: all of it, or a part (one of several captures).

    A whole payment that lies in Undeposited Funds is linked; anything else is a line from the account that it lies in.
    `sale` is what it paid for, where the sale's own form or body may hold this money. `rate` is how many smallest units
    of the payout's currency the processor made of one of the payment's, where the two differ and it says so. `own` is
    what it brings in the payment's own currency, where that is known: of a charge over several invoices each share.
    """

    payment: SourceKey
    amount: Decimal
    sale: SourceKey | None = None
    rate: Decimal | None = None
    own: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositLine:
    """What else makes up a deposit: fees and refunds are negative.

    `tracking_class` and `location` are names of what exists in the company; a deposit has one location as a whole.
    """

    account: AccountSelector
    amount: Decimal
    description: str | None = None
    tracking_class: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedMoney:
    """A row whose money another document has moved already: a receipt, the shop's payment, an entry of dispute or fee.

    `line` takes it out of the clearing account, where it lies by the rules; `document` says where it does lie.
    A refund receipt that the row does not name is found in `sale` by `reference`, the id of the row's transaction, and
    money of a sale that the shop books by its amount.
    """

    entity: EntityName
    line: DepositLine
    document: SourceKey | None = None
    sale: SourceKey | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNearStart:
    """A row of a payout so near the start of the books that its money, by the shop's own clock, may be on another side.

    `fee` was kept of it. `opening` (None without a rule) is where it comes from when earlier books hold it; by its own
    time `is_before`.
    """

    payment: SourceKey
    sale: SourceKey
    amount: Decimal
    fee: DepositLine | None
    opening: AccountSelector | None
    is_before: bool

    @property
    def net(self) -> Decimal:
        """What it brings to the bank."""
        return self.amount + (self.fee.amount if self.fee else Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDraft(TransactionDraft):
    """A payout to the bank account `deposit_to`; payments and lines add up to `total`, to the cent.

    `clearing` is where the processor's money lies: payments that are not ours to link come out of it by a line.
    `orders` are the shop's own sales that it pays out; it waits for them. Below zero it took money from the bank. With
    `part` (which of how many) its rows are told in several records. One that came back has the day on which it did in
    `returned`, and may come without its rows. `refunds` are those of its refunds that the processor took in another
    currency than the sale's, below zero, and above zero those that did not last; a charge among them is a debit that
    failed (below zero), and where the payout brings it too, what it brought. `exchange`
    is where the difference to what the books say they are worth goes.
    `rows` are the figures of its rows as they were told: what is told once more and otherwise is known by them. Of the
    rows in `near_start` the planner says which books hold them. `moved` are those rows in `lines` whose money another
    document has moved: their lines are drawn from where it did.
    """

    deposit_to: AccountSelector
    payments: tuple[DepositedPayment, ...]
    lines: tuple[DepositLine, ...]
    total: Decimal
    clearing: AccountSelector | None = None
    orders: tuple[SourceKey, ...] = ()
    part: tuple[int, int] | None = None
    returned: date | None = None
    refunds: tuple[DepositedPayment, ...] = ()
    exchange: AccountSelector | None = None
    rows: tuple[str, ...] = ()
    near_start: tuple[RowNearStart, ...] = ()
    moved: tuple[MovedMoney, ...] = ()

    @property
    def figures(self) -> str:
        """Ten hex digits over what was told of it: its amount and its rows, in whatever order."""
        said = (self.currency, plain(self.total, self.currency), *sorted(self.rows))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:10]

    @property
    def sum_of_rows(self) -> Decimal:
        """What its payments and lines add up to."""
        brought = sum((each.amount for each in self.payments), Decimal(0))
        near = sum((each.net for each in self.near_start), Decimal(0))
        return brought + near + sum((line.amount for line in self.lines), Decimal(0))

    def must_add_up(self) -> None:
        """UnbalancedDocument with both numbers when what it is made of is not its total."""
        if self.sum_of_rows != self.total:
            code = self.currency
            sum_of_rows, stated = (plain(each, code) for each in (self.sum_of_rows, self.total))
            raise UnbalancedDocument(
                f"the rows of the payout add up to {sum_of_rows} {code}, its amount is {stated} {code}"
            )
