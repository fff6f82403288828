"""What is known of the money of one sale while it is planned: what is booked, what is new, and what the body says.

Money comes in three ways that must never be counted twice: payments, gift cards (lines of the sale's own form), and
what the newest body says beyond both, which stands for transactions that nobody has told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bridge.index.index import Posted, order_of
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.refusals import DID_NOT_LAST, known, stays_void
from bridge.planning.sale.redemptions import amount_redeemed, redeemed_on
from bridge.planning.steps import (
    AlreadyPosted,
    Claim,
    Redeemed,
    Refused,
    Sale,
    SaleClaims,
    Skipped,
    StepId,
    StepResolution,
)
from contracts.entities import number
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import total
from contracts.quickbooks import PaymentDraft, RedemptionDraft

BODY_MONEY = "payment"
"""The kind of key of money that is known from an order's body only."""
IN_THE_CUSTOMERS_CURRENCY = "told in the customer's currency: the order's body tells the same money in the shop's"


@dataclass(slots=True)
class SaleMoney:
    """The money of one sale.

    `body` is the payment that is known from the order's body, `booked` what all other payments add up to. `fresh` are
    the transactions that are not in the books yet. `told` is what the newest body says was received, `wanted` what of
    it only the body tells. `redeemed` are the gift cards that the form must show in the end. `open` is what the invoice
    can still take and `owner` its customer. `relink` is true when payments may lie beside the invoice that belong on
    it; `shrinking` is the write that makes the invoice smaller than what is on it: QBO would take from the payments as
    it likes, so they give way before it.
    """

    sale: Sale
    currency: str
    body: Posted | None
    booked: Decimal
    customer: SourceKey | None = None
    unbooked: list[list[Claim]] = field(default_factory=list)
    cards: list[list[Claim]] = field(default_factory=list)
    current: list[Claim] = field(default_factory=list)
    received_by_body: Decimal = Decimal(0)
    body_only: Decimal = Decimal(0)
    redeemed: tuple[Redeemed, ...] = ()
    open: Decimal = Decimal(0)
    owner: str | None = None
    relink: bool = False
    shrinking: StepId | None = None

    @property
    def changing(self) -> Posted | None:
        """The payment known from the body when it cannot stay as it is."""
        return self.body if self.body is not None and self.body_only != self.body.total else None

    def take(self, amount: Decimal) -> Decimal:
        """The part of `amount` that goes on the invoice; the rest stays the customer's credit."""
        applied = min(max(amount, Decimal(0)), max(self.open, Decimal(0)))
        self.open -= applied
        return applied


def collect_money(context: PlanningContext, sale: Sale, claims: SaleClaims) -> SaleMoney:
    """What is known and what is new of the money of `sale`; claims that are nothing new are resolved."""
    payments = context.index.payments_of(sale.key)
    body = next((payment for payment in payments if payment.key.kind == BODY_MONEY), None)
    money = SaleMoney(
        sale=sale,
        currency=sale.currency(context.profile.home_currency),
        customer=getattr(sale.step.draft, "customer", None) if sale.step else None,
        body=body,
        booked=total(payment.total for payment in payments if payment is not body) + _given_up(context, sale.key),
    )
    money.unbooked = _unbooked_claims(context, claims.payments, money)
    money.cards = _unbooked_claims(context, claims.redemptions, money)
    money.current = _current(context, claims.received, money)
    on_form = redeemed_on(sale.posted)
    money.received_by_body = _received_by_body(money, on_form)
    _share_out(money, on_form)
    return money


def _share_out(money: SaleMoney, on_form: Sequence[Redeemed]) -> None:
    """What only the body tells stands for a payment, or for a gift card where the body says so."""
    redeemed = [each for each in on_form if each.key.kind != BODY_MONEY]
    redeemed += [_redeemed(claims[0], amount_of(claims[0])) for claims in money.cards]
    known_money = money.booked + amount_redeemed(redeemed) + total(amount_of(claims[0]) for claims in money.unbooked)
    rest = max(money.received_by_body - known_money, Decimal(0))
    by_card = _by_card(money, on_form, rest)
    money.redeemed = tuple(sorted([*redeemed, *by_card], key=lambda each: each.key))
    money.body_only = Decimal(0) if by_card else rest


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


def _unbooked_claims(context: PlanningContext, marker_fields: Sequence[Claim], money: SaleMoney) -> list[list[Claim]]:
    """The transactions that are not in the books yet, by their keys, each with all its claims; others are settled."""
    found: list[list[Claim]] = []
    for _, claims in by_key(marker_fields):
        resolution = _resolution(context, claims[0], money)
        if resolution is None:
            found.append(claims)
        else:
            context.resolve((claim.position for claim in claims), resolution)
    return found


def _resolution(context: PlanningContext, claim: Claim, money: SaleMoney) -> StepResolution | None:
    posted, sale = context.index.get("Payment", claim.step.key), money.sale.posted
    if posted is not None and not lies_elsewhere(posted, money.sale.key):
        return known(posted)
    if context.is_gone(claim.step.key):
        return DID_NOT_LAST
    currency = getattr(claim.step.draft, "currency", money.currency)
    if currency != money.currency:
        if claim.step.key.system == "shopify" and isinstance(claim.step.draft, PaymentDraft):
            return Skipped("skipped_by_rule", IN_THE_CUSTOMERS_CURRENCY, sale)
        return Refused(UnmappableEvent(f"the payment is in {currency} and its invoice in {money.currency}"))
    if isinstance(claim.step.draft, RedemptionDraft) and sale is not None:
        if sale.voided:
            return stays_void(sale)
        if any(each.key == claim.step.key for each in redeemed_on(sale)):
            return AlreadyPosted(sale)
    return None


def _current(context: PlanningContext, received: Sequence[Claim], money: SaleMoney) -> list[Claim]:
    """The newest bodies, when they are as new as the books; an older body says nothing about money."""
    seen = [version for version in (context.index.newest(money.sale.key), money.body and money.body.version) if version]
    ages = [(version.updated_at, version.rank) for version in seen] + [age(claim) for claim in received]
    newest = max(ages, default=(0, 0))
    return [claim for claim in received if age(claim) == newest]


def _received_by_body(money: SaleMoney, on_form: Sequence[Redeemed]) -> Decimal:
    """How much the newest bodies say was received. Of two of one age the greater counts, whichever came first.

    The payment known from a body remembers it in its marker (`r`): its own amount is less once transactions were taken
    out of it, and one that was to be taken out may not have been written when everything stopped.
    """
    amounts = [amount_of(claim) for claim in money.current]
    by_card = any(each.key.kind == BODY_MONEY for each in on_form)
    known_money = money.booked + amount_redeemed(on_form) + (money.body.total if money.body else Decimal(0))
    if not amounts or (money.body and age(money.current[0]) == _age_of(money.body)):
        remembered = number(money.body.marker_fields.get("r")) if money.body else None
        amounts.append(known_money if remembered is None else remembered)
    elif by_card and money.sale.posted and age(money.current[0]) == _age_of(money.sale.posted):
        amounts.append(known_money)
    return max(amounts)


def lies_elsewhere(posted: Posted | None, sale: SourceKey) -> bool:
    """True for a payment that is in the books for another sale: it has to move."""
    return posted is not None and not posted.voided and order_of(posted) != sale


def amount_of(claim: Claim) -> Decimal:
    """How much money a claim tells of."""
    if not isinstance(claim.step.draft, PaymentDraft | RedemptionDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft or a RedemptionDraft")
    return claim.step.draft.amount


def age(claim: Claim) -> tuple[int, int]:
    """The age of a body, without its content."""
    version = claim.step.version
    return (version.updated_at, version.rank) if version else (0, 0)


def _age_of(posted: Posted) -> tuple[int, int]:
    return (posted.version.updated_at, posted.version.rank) if posted.version else (0, 0)
