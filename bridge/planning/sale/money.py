"""What is known of the money of one sale while it is planned: what is booked, what is new, and what the body says.

Money comes in three ways that must never be counted twice: payments, gift cards (lines of the sale's own form), and
what the newest body says beyond both, which stands for transactions that nobody has told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.posted import Posted, is_given_away
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.refusals import DID_NOT_LAST, conflict, known, other_figures, rejected, stays_void
from bridge.planning.sale.amounts import age, age_of, amount_of, is_on_another_sale, money_of
from bridge.planning.sale.body_money import earliest_day, known_until, newest_with_money
from bridge.planning.sale.change import change_of, less_change
from bridge.planning.sale.combined import combined_payment_of, partly_entered
from bridge.planning.sale.redemptions import amount_redeemed, redeemed_on
from bridge.planning.sale.shown import in_shop_currency, is_shown, shown_of, with_cards
from bridge.planning.sale.state import SaleContent, SaleMoney
from bridge.planning.steps import AlreadyPosted, Claim, Redeemed, Refused, Skipped, StepResolution, Waiting
from contracts.errors import RecordError, UnmappableEvent
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField, amount_in
from contracts.money import total
from contracts.quickbooks import DocumentDraft, PaymentDraft, RedemptionDraft

LINKED_ELSEWHERE = "was linked to other documents in QuickBooks and cannot become smaller"
GIVEN_AWAY = "is with another customer in QuickBooks by a person's hand, and other payments are told for its money now"
GREW_ON_DEPOSIT = "lies on a deposit already, and more of its charge was captured: take it off there, then redrive"
ENTERED_OVER_LESS = "was entered by a person over less than this money: void it, then redrive, or leave this as it is"
SHOWN_UNKNOWN = "the gift card is told in the customer's currency, and what the order came to in it is not known yet"
IN_THE_CUSTOMERS_CURRENCY = "told in the customer's currency: the order's body tells the same money in the shop's"


def collect_money(context: PlanningContext, content: SaleContent) -> SaleMoney:
    """Phase *money*: what is known and what is new of the money of a sale; claims that are nothing new are resolved."""
    sale, claims = content.sale, content.claims
    payments = context.index.payments_of(sale.key)
    body = next((payment for payment in payments if payment.key.kind == BODY_MONEY), None)
    draft = sale.step.draft if sale.step else None
    money = SaleMoney(
        sale=sale,
        claims=claims,
        currency=sale.currency(context.profile.home_currency),
        customer=draft.customer if isinstance(draft, DocumentDraft) else None,
        body=body,
        shown=shown_of(sale, claims),
        booked=total(payment.stands_for for payment in payments if payment is not body) + _given_up(context, sale.key),
    )
    cards = _unbooked_claims(context, claims.redemptions, money)
    unbooked = _unbooked_claims(context, claims.payments, money)
    money = replace(
        money,
        unbooked=unbooked,
        booked=money.booked - _grown(context, unbooked, sale.key),
        cards=in_shop_currency(cards, money.shown, money.currency),
        shown=with_cards(money.shown, cards),
        known_until=known_until(context, sale.key, body),
        current=newest_with_money(context, sale.key, body, claims),
    )
    money = less_change(context, money)
    on_form = redeemed_on(sale.posted)
    # because a debit that failed had paid it, what its body told of money has not come in
    received = Decimal(0) if sale.key in context.lost else _received_by_body(money, on_form)
    day = earliest_day(body, claims, received)
    money = _shared_out(replace(money, received_by_body=received, earliest_day=day), on_form)
    error = _refusal(context, money)
    return money if error is None else _refused(context, money, error)


def new_money(context: PlanningContext, money: SaleMoney) -> list[tuple[Claim, ...]]:
    """The transactions of which the books have no payment, not even for another sale; the first takes over a body's."""
    return [group for group in money.unbooked if context.index.get("Payment", group[0].step.key) is None]


def left_of_body(context: PlanningContext, money: SaleMoney) -> Decimal:
    """What the payment known from the body is over in the end: what only the body tells, else what takes it over."""
    return money.body_only or next((amount_of(group[0]) for group in new_money(context, money)), Decimal(0))


def _refusal(context: PlanningContext, money: SaleMoney) -> RecordError | None:
    """Why nothing of this money can be booked: a person has changed the payment that would have to change."""
    changing = money.changing
    if changing is None:
        return None
    if not changing.total_unchanged:
        return conflict(changing)
    left = left_of_body(context, money)
    if changing.applied_elsewhere > left:
        # Because it would be smaller than what a person has put on other documents, and that must stay there.
        return rejected(changing, LINKED_ELSEWHERE)
    # because what takes its place would be the first customer's once more
    return rejected(changing, GIVEN_AWAY) if not left and is_given_away(changing, money.sale.posted) else None


def _refused(context: PlanningContext, money: SaleMoney, error: RecordError) -> SaleMoney:
    """Nothing about this money is certain any more, so the form keeps the gift cards that it has."""
    for group in [*money.unbooked, *money.cards, money.current]:
        context.resolve((claim.position for claim in group), Refused(error))
    shown = shown_of(money.sale, money.claims)
    claims = (claim for back in money.change for claim in back.claims)
    context.resolve((claim.position for claim in claims), Refused(error))
    return replace(money, cards=(), change=(), redeemed=redeemed_on(money.sale.posted), shown=shown, refused=error)


def _shared_out(money: SaleMoney, on_form: Sequence[Redeemed]) -> SaleMoney:
    """Money known only from the order becomes one payment, or a gift-card redemption where the body says so."""
    redeemed = [each for each in on_form if each.key.kind != BODY_MONEY]
    redeemed += [_redeemed(group[0], amount_of(group[0])) for group in money.cards]
    known_money = money.booked + amount_redeemed(redeemed) + total(amount_of(group[0]) for group in money.unbooked)
    # Because the same money may be told by its transaction and by the body, only what exceeds the known is new.
    rest = max(money.received_by_body - known_money, Decimal(0))
    by_card = _by_card(money, on_form, rest)
    return replace(
        money,
        redeemed=tuple(sorted([*redeemed, *by_card], key=lambda each: each.key)),
        body_only=Decimal(0) if by_card else rest,
    )


def _by_card(money: SaleMoney, on_form: Sequence[Redeemed], rest: Decimal) -> list[Redeemed]:
    """The part of a gift card that no transaction has told yet; without a newer body it stays what it was."""
    if not rest:
        return []
    claim = next((each for each in money.current if isinstance(each.step.draft, RedemptionDraft)), None)
    before = next((each for each in on_form if each.key.kind == BODY_MONEY), None)
    if before is not None and before.amount == rest and (claim is not None or not money.current):
        return [before]
    if claim is not None:
        return [_redeemed(claim, rest)]
    return [before._replace(amount=rest)] if before is not None and not money.current else []


def _redeemed(claim: Claim, amount: Decimal) -> Redeemed:
    if not isinstance(claim.step.draft, RedemptionDraft):
        raise TypeError(f"{claim.step.key}: a gift card needs a RedemptionDraft")
    return Redeemed(claim.step.key, amount, claim.step.draft)


def _given_up(context: PlanningContext, sale: SourceKey) -> Decimal:
    """Transactions whose payment a person voided: their money is not to come back by way of the body."""
    voided = context.index.voided_payments_of(sale)
    return total(payment.written for payment in voided if payment.key.kind != BODY_MONEY)


def _grown(context: PlanningContext, unbooked: Sequence[Sequence[Claim]], sale: SourceKey) -> Decimal:
    """What is booked of payments that captures made greater since: it is in what is told of them now."""
    before = (context.index.get("Payment", group[0].step.key) for group in unbooked)
    return total(each.total for each in before if each is not None and not is_on_another_sale(each, sale))


def _unbooked_claims(
    context: PlanningContext, transactions: Sequence[Claim], money: SaleMoney
) -> tuple[tuple[Claim, ...], ...]:
    """The transactions that are not in the books yet, by their keys, each with all its claims; others are settled."""
    found: list[tuple[Claim, ...]] = []
    for _, claims_of_key in by_key(transactions):
        group = sorted(
            claims_of_key, key=amount_of, reverse=True
        )  # because several captures of one charge make it grow
        resolution = _resolution(context, group[0], money)
        if resolution is None:
            found.append(tuple(group))
        else:
            context.resolve((claim.position for claim in group), resolution)
            _warn_of_another_amount(context, group)
    return tuple(found)


def _warn_of_another_amount(context: PlanningContext, group: Sequence[Claim]) -> None:
    """Say that a transaction is told over another amount than its payment was written over, change put back.

    Of a charge several captures tell their own parts.
    """
    posted = context.index.get("Payment", group[0].step.key)
    if posted is None or posted.voided or posted.key.kind != "transaction":
        return
    booked = posted.written + change_of(posted)
    for claim in group:
        if amount_of(claim) != booked:
            caution = other_figures("Payment", booked, amount_of(claim), money_of(claim).currency)
            context.warn([claim.position], caution)


def _resolution(context: PlanningContext, claim: Claim, money: SaleMoney) -> StepResolution | None:
    posted, sale = context.index.get("Payment", claim.step.key), money.sale.posted
    if posted is not None and not is_on_another_sale(posted, money.sale.key):
        if not _has_grown(claim, posted) and not _is_shared_now(claim, posted):
            return known(posted)
        # because QBO freezes what lies on a deposit, a person has to take it off there first
        return Refused(rejected(posted, GREW_ON_DEPOSIT), posted) if posted.deposited else None
    holder = combined_payment_of(context, claim, money.sale.key)
    if holder is not None:
        return known(holder)
    if any(context.is_taken_back(key) for key in _names(claim)):
        return DID_NOT_LAST
    room = sale.total - money.booked if sale is not None and sale.was_adopted else None
    part = partly_entered(context, claim, money.sale.key, room) if room is not None else None
    if part is not None:
        # because booked beside it the same money would be received twice; a body still tells what is missing
        return Refused(rejected(part, ENTERED_OVER_LESS))
    draft = claim.step.draft
    currency = draft.currency if isinstance(draft, PaymentDraft | RedemptionDraft) else money.currency
    if currency != money.currency and not (isinstance(draft, RedemptionDraft) and is_shown(draft, money.shown)):
        return _in_another_currency(claim, currency, money)
    if isinstance(claim.step.draft, RedemptionDraft) and sale is not None:
        if sale.voided:
            return stays_void(sale)
        if any(each.key == claim.step.key for each in redeemed_on(sale)):
            return AlreadyPosted(sale)
    return None


def _has_grown(claim: Claim, posted: Posted) -> bool:
    """True for a charge of which more was captured since; of anything else a transaction is told once."""
    charge = claim.step.key.kind == "charge" and not posted.voided and posted.total_unchanged
    return charge and amount_of(claim) > posted.total


def _is_shared_now(claim: Claim, posted: Posted) -> bool:
    """True for a charge that is booked whole on one invoice, and of which others have their shares."""
    draft = claim.step.draft
    shared = isinstance(draft, PaymentDraft) and draft.share_of == posted.key
    return shared and not posted.voided and posted.total_unchanged and amount_of(claim) < posted.total


def _names(claim: Claim) -> tuple[SourceKey, ...]:
    """What the source may call this money when it takes it back: of a share, its charge too."""
    draft = claim.step.draft
    charge = draft.share_of if isinstance(draft, PaymentDraft) else None
    return (claim.step.key, charge) if charge is not None else (claim.step.key,)


def _in_another_currency(claim: Claim, currency: str, money: SaleMoney) -> StepResolution:
    if claim.step.key.system != "shopify":
        return Refused(UnmappableEvent(f"the payment is in {currency} and its invoice in {money.currency}"))
    if isinstance(claim.step.draft, PaymentDraft):
        return Skipped("skipped_by_rule", IN_THE_CUSTOMERS_CURRENCY, money.sale.posted)
    # because an invoice of an earlier release does not remember what the customer saw, its next body has to say it
    return Waiting(SHOWN_UNKNOWN)


def _received_by_body(money: SaleMoney, on_form: Sequence[Redeemed]) -> Decimal:
    """How much the newest bodies say was received. Of two of one age the greater counts, whichever came first.

    The payment known from a body remembers it in its marker (`r`): its own amount is less once transactions were taken
    out of it, and one that was to be taken out may not have been written when everything stopped.
    """
    amounts = [amount_of(claim) for claim in money.current]
    by_card = any(each.key.kind == BODY_MONEY for each in on_form)
    known_money = money.booked + amount_redeemed(on_form) + (money.body.total if money.body else Decimal(0))
    if not amounts or (money.body and age(money.current[0]) == money.known_until):
        remembered = amount_in(money.body.marker_fields, MarkerField.RECEIVED) if money.body else None
        amounts.append(known_money if remembered is None else remembered)
    elif by_card and money.sale.posted and age(money.current[0]) == age_of(money.sale.posted):
        amounts.append(known_money)
    # Because money that one body of an age has told cannot be untold by another of the same age: any order ends alike.
    return max(amounts)
