"""A document that a person entered becomes ours, with the money that they entered for it. Pure.

What takes no change, on a deposit or in closed books, is adopted by its Id alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from bridge.index.combined import noted_combined
from bridge.index.posted import SAME, Posted, linked, order_fact
from bridge.matching.money import Entered, SourceMoney, shared_out
from bridge.matching.orders import SoughtOrder
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.sale.amounts import amount_of, form_draft
from bridge.planning.sale.combined import combined_payment_of, stand_in_key
from bridge.planning.sale.documents import version_of
from bridge.planning.steps import Claim, PlannedStep, SaleClaims, StepId
from contracts.entities import EntityName
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField
from contracts.money import plain, total
from contracts.posting import Intent, Operation
from contracts.quickbooks import (
    CreditMemoDraft,
    PaymentDraft,
    RefundReceiptDraft,
)

WITH_ANOTHER_TOTAL, BY_ID = "other", "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedSale:
    """A sale whose money is adopted, and the claims that tell of it; `owner` causes it, `needs` come before it."""

    key: SourceKey
    currency: str
    document: Posted
    claims: SaleClaims
    days: tuple[date, ...]
    received: Decimal
    owner: int
    needs: frozenset[StepId] = frozenset()


def adopt(context: PlanningContext, order: SoughtOrder, claims: SaleClaims, document: Posted) -> None:
    """Take `document`, and the money that a person entered for it, for ours."""
    if not document.is_current:
        context.require_reread(document)
        return
    sale = _sale_step(context, order, claims, document)
    frozen = _takes_no_change(context, document)
    context.adopt(sale, by_id=frozen)
    adopted = AdoptedSale(
        key=order.key,
        currency=order.currency,
        document=document,
        claims=claims,
        days=(order.day,),
        received=_received(claims),
        owner=sale.owner,
        needs=frozenset() if frozen else frozenset({sale.id}),
    )
    for step in _money_steps(context, adopted, _payments(context, adopted)):
        context.adopt(step, by_id=_is_by_id(step))


def adopts_later(context: PlanningContext, key: SourceKey, claims: SaleClaims, sale: Posted) -> bool:
    """Adopt what a person entered of money that is told only after its sale was adopted; True where there is any."""
    if sale.voided or not sale.was_adopted:
        return False
    booked = context.index.payments_of(key)
    rest = _received(claims) - total(each.stands_for for each in booked)
    adopted = AdoptedSale(
        key=key,
        currency=sale.currency or context.profile.home_currency,
        document=sale,
        claims=_not_booked(context, key, claims),
        days=() if sale.txn_date is None else (sale.txn_date,),
        received=max(rest, Decimal(0)),
        owner=claims.first.position,
    )
    # because what only the body told is booked already, a transaction takes it over
    has_body_money = any(each.key.kind == BODY_MONEY for each in booked)
    tells = bool(_transactions(adopted.claims) or adopted.received) and not has_body_money
    steps = _money_steps(context, adopted, _payments(context, adopted) if tells else [])
    for step in steps:
        context.adopt(step, by_id=_is_by_id(step))
    return bool(steps)


def _not_booked(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> SaleClaims:
    """The claims on money that the books do not hold as ours yet."""

    def is_new(claim: Claim, entity: str) -> bool:
        return context.index.get(entity, claim.step.key) is None and not context.is_taken_back(claim.step.key)

    payments = (each for each in claims.payments if is_new(each, "Payment"))
    return replace(
        claims,
        payments=tuple(each for each in payments if combined_payment_of(context, each, key) is None),
        refunds=tuple(each for each in claims.refunds if is_new(each, "RefundReceipt")),
        credits=tuple(each for each in claims.credits if is_new(each, "CreditMemo")),
    )


def _money_steps(context: PlanningContext, sale: AdoptedSale, payments: list[Posted]) -> list[PlannedStep]:
    """The adoptions of the payments, refunds and credits that a person entered for the sale."""
    shared = shared_out(payments, _transactions(sale.claims), sale.received) if payments else []
    backs = _backs(context, sale.claims, sale.document)
    return [
        *(_payment_step(context, sale, each) for each in shared),
        *(_back_step(context, sale, claim, back) for claim, back in backs),
    ]


def _is_by_id(step: PlannedStep) -> bool:
    return step.marker_fields.get(MarkerField.ADOPTED) == BY_ID


def _sale_step(context: PlanningContext, order: SoughtOrder, claims: SaleClaims, document: Posted) -> PlannedStep:
    bodies = [claim for claim in claims.bodies if claim.step.intent is Intent.STATE]
    same = [claim for claim in bodies if form_draft(claim).total == document.total]
    claim = max(same or bodies, key=version_of)
    version = version_of(claim)
    said: dict[str, str] = {
        MarkerField.VERSION: str(version),
        MarkerField.CONTENT: version.content,
        MarkerField.TOTAL: plain(document.total, document.currency or order.currency),
    }
    said[MarkerField.ADOPTED] = SAME if same else WITH_ANOTHER_TOTAL
    if document.customer_id is not None:
        said[MarkerField.CUSTOMER] = document.customer_id
    return _step(context, _name(document.entity), order.key, document, said, claim.position)


def _step(
    context: PlanningContext, entity: EntityName, key: SourceKey, document: Posted, said: dict[str, str], owner: int
) -> PlannedStep:
    if _takes_no_change(context, document):
        said = {**said, MarkerField.ADOPTED: BY_ID}
    return PlannedStep(
        id=StepId(entity, key),
        operation=Operation.ADOPT,
        owner=owner,
        target=replace(document, key=key, marker_fields=said),
        marker_fields=said,
        total=document.total,
    )


def _takes_no_change(context: PlanningContext, document: Posted) -> bool:
    """True for what lies on a deposit or in closed books: QBO freezes it."""
    return document.deposited or context.profile.is_closed(document.txn_date)


def _payments(context: PlanningContext, sale: AdoptedSale) -> list[Posted]:
    """What a person linked to the invoice, and what the same customer paid beside it: of a known amount."""
    unmarked, invoice = context.index.unmarked, sale.document
    if invoice.entity != "Invoice":
        return []
    on_it = [each for each in unmarked.on_invoice(invoice.id) if each.total]
    open_ = invoice.balance if invoice.balance is not None else Decimal(0)
    amounts = [*(each.amount for each in _transactions(sale.claims)), sale.received]
    money = (*sale.claims.payments, *sale.claims.received)
    days = [*sale.days, *(claim.step.draft.txn_date for claim in money if _is_payment(claim))]  # type: ignore[union-attr]
    for each in unmarked.of_customer(invoice.customer_id):
        loose = each.entity == "Payment" and not each.lines and each.total in amounts and each.total <= open_
        if loose and each.currency == invoice.currency and _is_near(each, days, context.there.matching.days):
            on_it.append(each)
            open_ -= each.total
            amounts.remove(each.total)
    return on_it


def _is_near(document: Posted, days: Iterable[date], far: int) -> bool:
    return document.txn_date is not None and any(abs((document.txn_date - day).days) <= far for day in days)


def _is_payment(claim: Claim) -> bool:
    return isinstance(claim.step.draft, PaymentDraft)


def _transactions(claims: SaleClaims) -> list[SourceMoney]:
    """The transactions of the sale, each once."""
    return [SourceMoney(key, amount_of(group[0])) for key, group in by_key(claims.payments) if _is_payment(group[0])]


def _received(claims: SaleClaims) -> Decimal:
    """What the bodies say was received, the most of it; nothing where none says so."""
    return max((amount_of(claim) for claim in claims.received if _is_payment(claim)), default=Decimal(0))


def _payment_step(context: PlanningContext, sale: AdoptedSale, entered: Entered) -> PlannedStep:
    payment, only = entered.payment, entered.transactions[0] if len(entered.transactions) == 1 else None
    is_itself = only is not None and only.amount == entered.stands_for
    key = only.key if only is not None and is_itself else stand_in_key(sale.key, payment)
    currency = payment.currency or sale.currency
    said: dict[str, str] = {
        MarkerField.SALE: order_fact(sale.key, of=key),
        MarkerField.TOTAL: plain(payment.total, currency),
        MarkerField.STANDS_FOR: plain(entered.stands_for, currency),
    }
    if payment.customer_id != sale.document.customer_id:
        said[MarkerField.ADOPTED] = BY_ID
    on_it = sum((linked(line, "Invoice") for line in payment.lines if _is_on(line, sale.document.id)), Decimal(0))
    elsewhere = tuple(line for line in payment.lines if not _is_on(line, sale.document.id))
    step = _step(context, "Payment", key, replace(payment, elsewhere=elsewhere), said, sale.owner)
    for each in () if is_itself else entered.transactions:
        context.note_version(each.key, noted_combined(key, each.amount))
    return replace(step, sale=sale.key, applied=on_it or payment.total, needs=sale.needs)


def _is_on(line: object, invoice: str) -> bool:
    links = line["LinkedTxn"] if isinstance(line, dict) else ()
    return any(link["TxnType"] == "Invoice" and link["TxnId"] == invoice for link in links)


def _backs(context: PlanningContext, claims: SaleClaims, sale: Posted) -> list[tuple[Claim, Posted]]:
    """What a person entered of the refunds and credits: same kind, customer, total, and date."""
    found: list[tuple[Claim, Posted]] = []
    taken: set[str] = set()
    for _, group in by_key((*claims.refunds, *claims.credits)):
        claim, draft = group[0], group[0].step.draft
        if not isinstance(draft, RefundReceiptDraft | CreditMemoDraft):
            continue
        entity = "RefundReceipt" if isinstance(draft, RefundReceiptDraft) else "CreditMemo"
        near = context.index.unmarked.of_total(draft.total, draft.txn_date, context.there.matching.days)
        same = (each for each in near if each.entity == entity and each.customer_id == sale.customer_id)
        match = next((each for each in same if each.id not in taken), None)
        if match is not None:
            taken.add(match.id)
            found.append((claim, match))
    return found


def _back_step(context: PlanningContext, sale: AdoptedSale, claim: Claim, back: Posted) -> PlannedStep:
    said: dict[str, str] = {
        MarkerField.SALE: order_fact(sale.key, of=claim.step.key),
        MarkerField.TOTAL: plain(back.total, back.currency or sale.currency),
    }
    step = _step(context, _name(back.entity), claim.step.key, back, said, claim.position)
    return replace(step, total=None, needs=sale.needs)


def _name(entity: str) -> EntityName:
    names: tuple[EntityName, ...] = ("Invoice", "SalesReceipt", "RefundReceipt", "CreditMemo")
    return next(name for name in names if name == entity)
