"""Money that comes off a document again: it is unapplied, or goes back to the credit that it came from."""

from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.applications import Target, applied, move_links, payments_of, without
from bridge.sandbox.entities.payments import post
from bridge.sandbox.wire import ZERO, Doc


def release(company: SandboxCompany, target: Target, excess: Decimal | None = None) -> None:
    """Take a target out of its payments: all of it, or the newest links until `excess` is gone.

    The released amount goes back to each payment's UnappliedAmt; a payment that linked a credit loses what no longer
    has a counterpart from the credit as well.
    """
    doc = company.tables[target[0]][target[1]]
    for payment in reversed(payments_of(company, doc)):
        amount = applied(payment).get(target, ZERO)
        cut = amount if excess is None else min(amount, excess)
        if excess is not None:
            excess -= cut
        if not cut and excess is not None:
            continue
        lines = without(payment["Line"], target, cut)
        _rewrite(company, payment, lines)


def _rewrite(company: SandboxCompany, payment: Doc, lines: list[Doc]) -> None:
    """A payment whose lines changed because a target was voided, deleted or made smaller."""
    rest = payment["TotalAmt"]
    for line in lines:
        rest += line["Amount"] if line["LinkedTxn"][0]["TxnType"] == "CreditMemo" else -line["Amount"]
    while rest < 0:
        last = next(line for line in reversed(lines) if line["LinkedTxn"][0]["TxnType"] == "Invoice")
        link = last["LinkedTxn"][0]
        cut = min(-rest, last["Amount"])
        lines = without(lines, (link["TxnType"], link["TxnId"]), cut)
        rest += cut
    if rest > payment["TotalAmt"]:
        lines, rest = _return_credits(lines, rest - payment["TotalAmt"]), payment["TotalAmt"]
    new = company.touch("Payment", payment["Id"], {"Line": lines, "UnappliedAmt": rest})
    move_links(company, payment["Id"], payment, new)
    post(company, new)


def _return_credits(lines: list[Doc], excess: Decimal) -> list[Doc]:
    for line in reversed(lines):
        link = line["LinkedTxn"][0]
        if link["TxnType"] == "CreditMemo" and excess:
            cut = min(excess, line["Amount"])
            lines = without(lines, (link["TxnType"], link["TxnId"]), cut)
            excess -= cut
    return lines
