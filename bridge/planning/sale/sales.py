"""One sale, from everything that a micro-batch tells of it: form, money, credits, refunds, in this order. Pure."""

from __future__ import annotations

from bridge.index.index import VOIDED
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST
from bridge.planning.sale.credits import NOTHING_TO_CREDIT, plan_credits
from bridge.planning.sale.documents import BY_RULE, LEFT_OUT, plan_document
from bridge.planning.sale.forms import plan_form, sale_of
from bridge.planning.sale.money import collect_money
from bridge.planning.sale.payments import measure_open_balance, plan_payments, refusal, refuse, resolve_receipt_money
from bridge.planning.sale.receipts import adopt
from bridge.planning.sale.refunds import plan_refunds
from bridge.planning.steps import Claim, SaleClaims, Skipped, Waiting
from contracts.keys import SourceKey

WAITS_FOR_ORDER = "its order is not in the books yet"


def plan_sale(context: PlanningContext, key: SourceKey, told: SaleClaims) -> None:
    """Decide every write for the sale `key`, and the fate of each claim on it."""
    adopt(context, key, told)
    plan_document(context, key, told)
    sale = sale_of(context, key)
    if sale is None:
        _without_sale(context, key, told)
        return
    money = collect_money(context, sale, told)
    error = refusal(money)
    if error is not None:
        refuse(context, money, error)
    money.sale = plan_form(context, money, told)
    if money.sale.entity == "SalesReceipt":
        resolve_receipt_money(context, money, told)
    elif error is None:
        plan_payments(context, money, told)
    else:
        measure_open_balance(context, money)
    plan_credits(context, money.sale, told.credits, money)
    plan_refunds(context, money.sale, told.refunds)


def _without_sale(context: PlanningContext, key: SourceKey, told: SaleClaims) -> None:
    """Money and what goes with it wait for their order; one that was cancelled unbooked has nothing to wait for.

    Of an order that the rules leave out everything is left out.
    """
    version = context.versions.get(key) or context.index.newest(key)
    if version is not None and version.content == LEFT_OUT:
        claims = [*told.credits, *told.shipments, *told.payments, *told.redemptions, *told.refunds]
        context.resolve([claim.position for claim in claims], Skipped("skipped_by_rule", BY_RULE))
        return
    cancelled = version is not None and version.content == VOIDED
    for claim in [*told.credits, *told.shipments]:
        resolution = Skipped("skipped_by_rule", NOTHING_TO_CREDIT) if cancelled else Waiting(WAITS_FOR_ORDER)
        context.resolve([claim.position], _for_good(context, claim) or resolution)
    for claim in [*told.payments, *told.redemptions, *told.refunds]:
        context.resolve([claim.position], _for_good(context, claim) or Waiting(WAITS_FOR_ORDER))


def _for_good(context: PlanningContext, claim: Claim) -> Skipped | None:
    return DID_NOT_LAST if context.is_gone(claim.step.key) else None
