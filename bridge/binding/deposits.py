"""Payouts as bodies. What lies whole in Undeposited Funds is linked; anything else is a line from its account."""

from __future__ import annotations

from decimal import Decimal

from bridge.binding.lookups import Body, Lookups, class_of_line, place_of_line
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.quickbooks import DepositDraft, DepositedPayment, DepositLine


def deposit_body(lookups: Lookups, step: PlannedStep, draft: DepositDraft) -> Body:
    """A deposit of payments of ours, and what else makes it up; QBO adds the lines up to the total."""
    others = [_line(lookups, line) for line in draft.lines]
    location = next((line.location for line in draft.lines if line.location), None)
    named = lookups.profile.listed("Department", location, "tracking")
    return {
        "TxnDate": draft.txn_date.isoformat(),
        "DepositToAccountRef": {"value": lookups.profile.account_id(draft.deposit_to)},
        "Line": [*(_payment(lookups, each) for each in draft.payments), *others],
        "DepartmentRef": {"value": named} if named else None,
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step),
    }


def payout_entry_body(lookups: Lookups, step: PlannedStep, draft: DepositDraft) -> Body:
    """A payout that brings nothing or takes money from the bank: QBO has no deposit below zero."""
    why = f"Payout {step.id.key.id}"
    # because an entry links no payment, what lies whole in Undeposited Funds is taken from there
    drawn = [_side(_account_of(lookups, each), -each.amount, why, {}) for each in draft.payments]
    drawn += [
        _side(
            lookups.profile.account_id(line.account),
            -line.amount,
            line.description or why,
            place_of_line(lookups, line),
        )
        for line in draft.lines
    ]
    bank = _side(lookups.profile.account_id(draft.deposit_to), draft.total, why, {})
    return {
        "TxnDate": draft.txn_date.isoformat(),
        "Line": [side for side in (*drawn, bank) if side["Amount"]],
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step),
    }


def _payment(lookups: Lookups, each: DepositedPayment) -> Body:
    """QBO wants `TxnLineId` "0" beside the link, and refuses a DetailType there (third-party report)."""
    posted = lookups.index.get("Payment", each.payment)
    if posted is None or posted.voided:
        raise UnmappableEvent(f"the payment of {each.payment} is not in the books")
    return {"Amount": each.amount, "LinkedTxn": [{"TxnId": posted.id, "TxnType": "Payment", "TxnLineId": "0"}]}


def _account_of(lookups: Lookups, each: DepositedPayment) -> str:
    posted = lookups.index.get("Payment", each.payment)
    if posted is None or posted.voided or posted.deposit_to is None:
        raise UnmappableEvent(f"the payment of {each.payment} is not in the books")
    return posted.deposit_to


def _line(lookups: Lookups, line: DepositLine) -> Body:
    account = {"AccountRef": {"value": lookups.profile.account_id(line.account)}}
    body: Body = {
        "Amount": line.amount,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {**account, **class_of_line(lookups, line)},
    }
    return body | ({"Description": line.description} if line.description else {})


def _side(account: str, amount: Decimal, description: str, of_class: Body) -> Body:
    return {
        "DetailType": "JournalEntryLineDetail",
        "Amount": abs(amount),
        "Description": description,
        "JournalEntryLineDetail": {
            "PostingType": "Debit" if amount > 0 else "Credit",
            "AccountRef": {"value": account},
            **of_class,
        },
    }
