"""The start of the books: what is dated before it is not booked, whatever is told of it and whenever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from contracts.errors import UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.opening import BEFORE_BOOKS_START, OF_EARLIER_BOOKS, OpeningAccounts
from contracts.posting import Caution, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    AccountSelector,
    CustomerDraft,
    DocumentDraft,
    EarlierMoneyDraft,
    InvoiceDraft,
    ItemDraft,
    PaymentDraft,
    RedemptionDraft,
    SalesReceiptDraft,
)
from mappings.accounts import liability_line
from mappings.customers import Person, customer_step
from mappings.items import refund_item
from mappings.rules import MappingRules

EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of shops are ahead of UTC and behind it."""
DAY_UNKNOWN = "day_unknown"
"""The warning of what has the day of its delivery, as it says none of its own."""
SAID = "dated before the start of the books"


def is_before_start(day: date, rules: MappingRules) -> bool:
    """True for what other books hold."""
    return rules.books_start is not None and day < rules.books_start


def day_of_row(moment: datetime, rules: MappingRules) -> date:
    """The day of a row of a payout: as written in an offset of its own, in `time_zone` where it is told in UTC.

    Producers that read GraphQL tell UTC, and evenings of a month's or the old books' last day would be the next one's.
    """
    # because a day without a time is read as its midnight in UTC, which has no other day anywhere
    is_utc = moment.utcoffset() == timedelta(0) and moment.time() != time()
    return (moment.astimezone(rules.zone) if is_utc else moment).date()


def is_row_before_start(day: date | None, row: str, rules: MappingRules) -> bool:
    """True for a row of a payout that other books hold. UndecodableRecord where only a day that is not told could say.

    Without `books_start` no row is of other books, whenever it was.
    """
    if rules.books_start is None:
        return False
    if day is None:
        raise UndecodableRecord(f"row {row} does not say when it was processed, so not whether earlier books hold it")
    return is_before_start(day, rules)


def is_near_start(moment: datetime, rules: MappingRules) -> bool:
    """True for a time in UTC whose day somewhere on earth is on the other side of the start.

    What is written in an offset of its own is taken at its word: only GraphQL's UTC may miss the day that the shop had.
    """
    if rules.books_start is None or moment.utcoffset() != timedelta(0):
        return False
    start = datetime.combine(rules.books_start, time(), UTC)
    return start - EAST <= moment < start + WEST


def ignored_before_start(document: SourceKey | None) -> Ignored:
    """The decision about an event whose document is dated before the start."""
    return Ignored(code=BEFORE_BOOKS_START, message=SAID, document=document)


def sale_before_start(key: SourceKey) -> PostingStep:
    """The sale `key` is of earlier books: neither it is booked nor waited for."""
    return PostingStep(key=key, entity="Invoice", intent=Intent.BEFORE_START, version=OF_EARLIER_BOOKS, name="invoice")


def refuse_unknown_day(warnings: Iterable[Caution], day: date, rules: MappingRules) -> None:
    """UndecodableRecord for what has no day of its own: `day` is that of its delivery, and it may be of earlier books.

    What was delivered before the start is older than it, whatever day it had.
    """
    if rules.books_start is None or day < rules.books_start - timedelta(days=1):
        return
    if any(each.code == DAY_UNKNOWN for each in warnings):
        raise UndecodableRecord("it does not say on which day it was, so not whether earlier books hold it")


def after_start(plan: PostingPlan, rules: MappingRules) -> PostingPlan | Ignored:
    """The plan without what is dated before the start; its sale then counts as one of earlier books."""
    for step in plan.steps:
        if isinstance(step.draft, DocumentDraft | RedemptionDraft):
            refuse_unknown_day(plan.warnings, step.draft.txn_date, rules)
    if rules.books_start is None or not any(_is_old(step, rules) for step in plan.steps):
        return plan
    kept = tuple(_kept(step, rules) for step in plan.steps)
    steps = tuple(step for step in kept if step is not None)
    if all(step.intent in {Intent.ENSURE, Intent.UNDONE} for step in steps):
        return ignored_before_start(plan.document)
    return replace(plan, steps=steps)


def _is_old(step: PostingStep, rules: MappingRules) -> bool:
    return isinstance(step.draft, DocumentDraft | RedemptionDraft) and is_before_start(step.draft.txn_date, rules)


def _kept(step: PostingStep, rules: MappingRules) -> PostingStep | None:
    """What is left of a step; money of a sale is not booked, and must not be taken for late money when a body tells it.

    A charge is its own sale, of which no body tells more.
    """
    if not _is_old(step, rules):
        return step
    match step.draft:
        case InvoiceDraft() | SalesReceiptDraft() if step.intent is Intent.STATE:
            return sale_before_start(step.key)
        case PaymentDraft() | RedemptionDraft() as draft if draft.invoice != step.key:
            return _money_before_start(step, draft)
    return None


def _money_before_start(step: PostingStep, draft: PaymentDraft | RedemptionDraft) -> PostingStep:
    money = EarlierMoneyDraft(invoice=draft.invoice, amount=draft.amount, currency=draft.currency)
    return replace(step, intent=Intent.BEFORE_START, draft=money)


def opening_of(rules: MappingRules) -> OpeningAccounts | None:
    """Where money of earlier sales goes, None for books that have no start."""
    if rules.books_start is None:
        return None
    item, customer = refund_item(rules), customer_step("qbb", Person(), "", rules)
    if not isinstance(item.draft, ItemDraft) or not isinstance(customer.draft, CustomerDraft):
        raise TypeError("the item of refunds is an item and the walk-in customer is a customer")
    chosen = rules.accounts.opening_receivables
    rule = "accounts.opening_receivables"
    return OpeningAccounts(
        receivables=chosen.selector(rule) if chosen else AccountSelector(rule=rule),
        gift_cards=_opening_gift_cards(rules),
        item=(item.key, item.draft),
        customer=(customer.key, customer.draft),
        tracks=bool(rules.tracking),
    )


def _opening_gift_cards(rules: MappingRules) -> AccountSelector:
    """What gift cards and store credit are redeemed from that pay a sale of earlier books."""
    chosen = rules.accounts.opening_gift_cards
    return chosen.selector("accounts.opening_gift_cards") if chosen else liability_line(rules, "gift_cards")


def opening_clearing(rules: MappingRules) -> AccountSelector:
    """What payouts bring of rows from before the start. UnmappableEvent naming the rule when there is none."""
    chosen, rule = rules.accounts.opening_clearing, "accounts.opening_clearing"
    if chosen is None:
        raise UnmappableEvent(
            f"no account for rows of a payout from before the start of the books: set the rule {rule}"
        )
    return chosen.selector(rule)
