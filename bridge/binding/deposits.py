"""Deposits as bodies. What lies whole in Undeposited Funds is linked; anything else is a line from its account."""

from __future__ import annotations

from decimal import Decimal

from bridge.binding.lookups import Body, Lookups
from bridge.index.posted import Posted
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.quickbooks import DepositDraft, DepositedPayment

UNDEPOSITED = "UndepositedFunds"


def deposit_body(look: Lookups, step: PlannedStep, draft: DepositDraft) -> Body:
    """A deposit of payments of ours, and what else makes it up; QBO adds the lines up to the total."""
    others = [_line(look.profile.account_id(line.account), line.amount, line.description) for line in draft.lines]
    return {
        "TxnDate": draft.txn_date.isoformat(),
        "DepositToAccountRef": {"value": look.profile.account_id(draft.deposit_to)},
        "Line": [*(_payment(look, each, draft) for each in draft.payments), *others],
        **look.money(step, draft.currency),
        "PrivateNote": look.note(step),
    }


def _payment(look: Lookups, each: DepositedPayment, draft: DepositDraft) -> Body:
    """QBO wants `TxnLineId` "0" beside the link, and refuses a DetailType there (third-party report)."""
    posted = look.index.get("Payment", each.payment)
    if posted is None or posted.voided:
        return _line(_clearing(look, each, draft), each.amount, str(each.payment))
    account = look.profile.accounts.get(posted.deposit_to or "")
    elsewhere = account is not None and account.sub_type != UNDEPOSITED
    if not elsewhere and _is_whole(posted, each, draft):
        return {"Amount": each.amount, "LinkedTxn": [{"TxnId": posted.id, "TxnType": "Payment", "TxnLineId": "0"}]}
    return _line(account.id if account else _clearing(look, each, draft), each.amount, str(each.payment))


def _is_whole(posted: Posted, each: DepositedPayment, draft: DepositDraft) -> bool:
    # because QBO deposits a linked payment whole: one of several captures, or what was settled in another currency,
    # would bring more to the bank than the payout did
    return posted.total == each.amount and (posted.currency or draft.currency) == draft.currency


def _clearing(look: Lookups, each: DepositedPayment, draft: DepositDraft) -> str:
    if draft.clearing is None:
        raise UnmappableEvent(f"the payment of {each.payment} is not in the books")
    return look.profile.account_id(draft.clearing)


def _line(account: str, amount: Decimal, description: str | None) -> Body:
    body: Body = {
        "Amount": amount,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": {"value": account}},
    }
    return body | ({"Description": description} if description else {})
