"""One sale, from everything that a micro-batch tells of it: form, money, credits, refunds, in this order. Pure."""

from __future__ import annotations

from bridge.index.index import VOIDED
from bridge.planning.context import Board
from bridge.planning.refusals import DID_NOT_LAST
from bridge.planning.sale.credits import NOTHING_TO_CREDIT, plan_credits
from bridge.planning.sale.documents import BY_RULE, LEFT_OUT, plan_document
from bridge.planning.sale.forms import plan_form, sale_of
from bridge.planning.sale.money import open_purse
from bridge.planning.sale.payments import fit, hold_payments, plan_payments, refusal, refuse
from bridge.planning.sale.receipts import adopt
from bridge.planning.sale.refunds import plan_refunds
from bridge.planning.steps import Claim, Skipped, Told, Waiting
from contracts.keys import SourceKey

WAITS_FOR_ORDER = "its order is not in the books yet"


def plan_sale(board: Board, key: SourceKey, told: Told) -> None:
    """Decide every write for the sale `key`, and the fate of each claim on it."""
    adopt(board, key, told)
    plan_document(board, key, told)
    sale = sale_of(board, key)
    if sale is None:
        _without_sale(board, key, told)
        return
    purse = open_purse(board, sale, told)
    error = refusal(purse)
    if error is not None:
        refuse(board, purse, error)
    purse.sale = plan_form(board, purse, told)
    if purse.sale.entity == "SalesReceipt":
        hold_payments(board, purse, told)
    elif error is None:
        plan_payments(board, purse, told)
    else:
        fit(board, purse)
    plan_credits(board, purse.sale, told.credits, purse)
    plan_refunds(board, purse.sale, told.refunds)


def _without_sale(board: Board, key: SourceKey, told: Told) -> None:
    """Money and what goes with it wait for their order; one that was cancelled unbooked has nothing to wait for.

    Of an order that the rules leave out everything is left out.
    """
    version = board.versions.get(key) or board.index.newest(key)
    if version is not None and version.content == LEFT_OUT:
        claims = [*told.credits, *told.shipments, *told.payments, *told.redemptions, *told.refunds]
        board.settle([claim.position for claim in claims], Skipped("skipped_by_rule", BY_RULE))
        return
    cancelled = version is not None and version.content == VOIDED
    for claim in [*told.credits, *told.shipments]:
        fate = Skipped("skipped_by_rule", NOTHING_TO_CREDIT) if cancelled else Waiting(WAITS_FOR_ORDER)
        board.settle([claim.position], _for_good(board, claim) or fate)
    for claim in [*told.payments, *told.redemptions, *told.refunds]:
        board.settle([claim.position], _for_good(board, claim) or Waiting(WAITS_FOR_ORDER))


def _for_good(board: Board, claim: Claim) -> Skipped | None:
    return DID_NOT_LAST if board.is_gone(claim.step.key) else None
