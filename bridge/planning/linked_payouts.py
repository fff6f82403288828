"""A payout's charges by the names that the books have for them: an order, a body, several invoices. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.index.worth import as_rated, in_own, is_same
from bridge.planning.known_links import KnownLinks, Part
from contracts.keys import BODY_MONEY, UNNAMED, SourceKey
from contracts.money import split, total
from contracts.posting import PostingPlan
from contracts.quickbooks import DepositDraft, DepositedPayment, DepositLine, PaymentDraft

BY_SHOP_LINE = "Payment that the shop books:"


def placed_deposit(draft: DepositDraft, known: KnownLinks) -> DepositDraft:
    """Each payment by the name that the books have for it; what the shop books is a line, and its order waited for."""
    payments, lines, orders = [], list(draft.lines), dict.fromkeys(draft.orders)
    for each in draft.payments:
        order = known.order_of(each.payment)
        if order is None or draft.clearing is None:
            payments += _deposited_payments(each, known, draft.currency)
            continue
        lines.append(
            DepositLine(account=draft.clearing, amount=each.amount, description=f"{BY_SHOP_LINE} {each.payment.id}")
        )
        if order.id != UNNAMED:
            orders[order] = None
    return replace(draft, payments=tuple(payments), lines=tuple(lines), orders=tuple(orders))


def _deposited_payments(each: DepositedPayment, known: KnownLinks, currency: str) -> list[DepositedPayment]:
    """A charge whose own events nobody told: its money is what the bodies of its invoices told in this `currency`."""
    charge = known.charge_of(each.payment)
    documents = known.documents_of(charge) if charge else {}
    # because a charge that comes with its payout takes over what the bodies told of it
    own = known.index.get("Payment", each.payment) is not None or known.is_coming(each.payment)
    if not documents or own:
        return [each]
    bodies = [known.payment_of(SourceKey(document.system, BODY_MONEY, document.id)) for document in documents]
    found = [payment for payment in bodies if payment is not None and payment.currency in {None, currency}]
    same = len(found) == len(documents) and total(payment.total for payment in found) == each.amount
    return [replace(each, payment=body.key, amount=body.total) for body in found] if same else [each]


def with_parts_deposited(plan: PostingPlan, known: KnownLinks, plans: Sequence[PostingPlan]) -> PostingPlan:
    """A payout brings a charge over several invoices as the payments that it is."""
    if not any(isinstance(step.draft, DepositDraft) for step in plan.steps):
        return plan
    coming = {
        step.key: step.draft.currency for each in plans for step in each.steps if isinstance(step.draft, PaymentDraft)
    }
    steps = (
        replace(step, draft=_in_parts(step.draft, known, coming)) if isinstance(step.draft, DepositDraft) else step
        for step in plan.steps
    )
    return replace(plan, steps=tuple(steps))


def _in_parts(draft: DepositDraft, known: KnownLinks, coming: Mapping[SourceKey, str]) -> DepositDraft:
    payments: list[DepositedPayment] = []
    for each in draft.payments:
        parts = known.division_of(each.payment).parts
        there = all(part.payment in coming or known.payment_of(part.payment) is not None for part in parts)
        if len(parts) < 2 or not there:
            payments.append(each)
            continue
        posted = known.payment_of(each.payment)
        currency = coming.get(each.payment) or (posted.currency if posted is not None else None)
        if currency in (None, draft.currency):
            payments += _shares_of(each, parts)
        else:
            payments += _exchanged_shares_of(each, parts, currency, draft.currency)
    return replace(draft, payments=tuple(payments))


def _shares_of(each: DepositedPayment, parts: Sequence[Part]) -> list[DepositedPayment]:
    """Each share as it is; the part with the charge's own key brings what is left."""
    others = [part for part in parts if part.payment != each.payment]
    rest = each.amount - total(part.amount for part in others)
    if rest <= 0:
        return [each]
    return [replace(each, amount=rest)] + [replace(each, payment=part.payment, amount=part.amount) for part in others]


def _exchanged_shares_of(
    each: DepositedPayment, parts: Sequence[Part], own: str, currency: str
) -> list[DepositedPayment]:
    """What the processor made of all shares together, shared out to the cent; `own` is the currency of the shares."""
    brought, whole = in_own(each), total(part.amount for part in parts)
    if brought is not None and not is_same(brought, as_rated(whole, own, currency)):
        return [each]
    # because shares that are rounded one by one need not add up to what the processor made of the whole
    amounts = split(each.amount, [part.amount for part in parts])
    found = zip(parts, amounts, strict=True)
    return [replace(each, payment=part.payment, amount=amount, own=part.amount) for part, amount in found]
