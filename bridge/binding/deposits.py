"""Deposits as bodies. What lies in Undeposited Funds is linked whole; another account gives it by a line."""

from __future__ import annotations

from decimal import Decimal

from bridge.binding.lookups import Body, Lookups, note
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
        "Line": [*(_payment(look, each) for each in draft.payments), *others],
        **look.money(draft.currency, draft.exchange_rate),
        "PrivateNote": note(step),
    }


def _payment(look: Lookups, each: DepositedPayment) -> Body:
    """QBO wants `TxnLineId` "0" beside the link, and refuses a DetailType there (third-party report)."""
    posted = look.index.get("Payment", each.payment)
    if posted is None:
        raise UnmappableEvent(f"the payment of {each.payment} is not in the books")
    account = look.profile.accounts.get(posted.deposit_to or "")
    if account is not None and account.sub_type != UNDEPOSITED:
        return _line(account.id, each.amount, str(each.payment))
    return {"Amount": each.amount, "LinkedTxn": [{"TxnId": posted.id, "TxnType": "Payment", "TxnLineId": "0"}]}


def _line(account: str, amount: Decimal, description: str | None) -> Body:
    body: Body = {
        "Amount": amount,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": {"value": account}},
    }
    return body | ({"Description": description} if description else {})
