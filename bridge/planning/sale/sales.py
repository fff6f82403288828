"""One sale, from everything that a micro-batch tells of it, in phases: each takes what the one before it gives. Pure.

content -> money -> form -> payments -> credits -> refunds. The states between them are frozen (`state.py`); writes are
collected by the context alone, and what the invoice can take is measured and spent in `balance.py`.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.index.index import VOIDED
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST
from bridge.planning.sale.credits import NOTHING_TO_CREDIT, plan_credits
from bridge.planning.sale.documents import BY_RULE, LEFT_OUT, plan_document
from bridge.planning.sale.earlier import is_of_earlier_books, note_earlier, note_earlier_money, plan_earlier
from bridge.planning.sale.forms import before_closing, plan_form, sale_of
from bridge.planning.sale.held import held_content, resolve_held
from bridge.planning.sale.money import collect_money
from bridge.planning.sale.overpaid import plan_overpaid
from bridge.planning.sale.payments import plan_payments
from bridge.planning.sale.receipts import with_receipt_money
from bridge.planning.sale.refunds import note_lost, plan_refunds
from bridge.planning.sale.state import SaleContent
from bridge.planning.sale.there import is_there_already
from bridge.planning.steps import Claim, SaleClaims, Skipped, Waiting
from contracts.keys import SourceKey
from contracts.posting import Intent

WAITS_FOR_ORDER = "its order is not in the books yet"


def plan_sale(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
    """Decide every write for the sale `key`, and what becomes of each claim on it."""
    if is_there_already(context, key, claims):
        return
    content = plan_content(context, key, claims)
    if content is None:
        return
    money = collect_money(context, content)
    formed = plan_form(context, money)
    paid = plan_payments(context, formed)
    credited = plan_credits(context, paid)
    plan_refunds(context, credited)
    plan_overpaid(context, credited)


def plan_content(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> SaleContent | None:
    """Phase *content*: what the newest body makes of the sale. None without a sale: its claims are resolved then."""
    note_earlier_money(context, claims.earlier)
    is_before_start = any(claim.step.intent is Intent.BEFORE_START for claim in claims.bodies)
    if (is_before_start or is_of_earlier_books(context, key)) and context.index.sale(key) is None:
        note_earlier(context, key, claims.bodies)
        plan_earlier(context, key, claims)
        return None
    claims = with_receipt_money(context, key, replace(claims, earlier=()))
    if claims == SaleClaims():
        return None
    late = plan_document(context, key, claims)
    claims = replace(claims, credits=(*claims.credits, *late))
    sale = sale_of(context, key)
    if sale is None:
        _without_sale(context, key, claims)
        return None
    return SaleContent(sale=sale, claims=claims)


def _without_sale(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
    """Money and what goes with it wait for their order; one that was cancelled unbooked has nothing to wait for.

    Of an order that the rules leave out everything is left out.
    """
    version = context.versions.get(key) or context.index.newest(key)
    if version is not None and version.content == LEFT_OUT:
        others = (*claims.credits, *claims.shipments, *_money_of(claims))
        context.resolve([claim.position for claim in others], Skipped("skipped_by_rule", BY_RULE))
        return
    held = held_content(version)
    if held is not None:
        resolve_held(context, held, claims)
        return
    cancelled = version is not None and version.content == VOIDED
    for claim in [*claims.credits, *claims.shipments]:
        closed = before_closing(context, claim)
        resolution = closed or (
            Skipped("skipped_by_rule", NOTHING_TO_CREDIT) if cancelled else Waiting(f"{WAITS_FOR_ORDER}: {key}")
        )
        context.resolve([claim.position], _for_good(context, claim) or resolution)
    for claim in [each for each in claims.refunds if each.step.intent is Intent.REVERSED]:
        note_lost(context, claim)
    # Because a cancelled order's money is real whatever became of the order, it goes on waiting and is not dropped.
    for claim in _money_of(claims):
        context.resolve([claim.position], _for_good(context, claim) or Waiting(f"{WAITS_FOR_ORDER}: {key}"))


def _money_of(claims: SaleClaims) -> tuple[Claim, ...]:
    return (*claims.payments, *claims.redemptions, *claims.change, *claims.refunds, *claims.overpaid)


def _for_good(context: PlanningContext, claim: Claim) -> Skipped | None:
    return DID_NOT_LAST if context.is_taken_back(claim.step.key) else None
