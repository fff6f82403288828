"""A payout is a deposit: the payments that it is made of, less what was taken from them since, to the cent.

Everything that the rows of a payout tell is booked against the account that Stripe's money lies in, each fact under
its own key, so that it is booked once whoever tells it (the fee of a charge, the row of a dispute); the deposit itself
only carries money from there to the bank. So that account ends at nothing for what was paid out, in whatever order
the events come and whether or not they carried the fees. Rows that no other event tells (fees of the account,
adjustments) are lines of the deposit.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from contracts.bodies import read_body
from contracts.entities import EntityName
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe, total
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import AccountSelector, DepositDraft, DepositedPayment, DepositLine
from contracts.stripe_balance import Payout
from mappings.accounts import account, deposit_account
from mappings.lines import in_hundredths
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.fees import entry
from mappings.stripe.payout_rows import PayoutParts, parts_of


@maps("stripe", "payout.paid", "payout.failed")
def map_payout(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The deposit, its undoing when the bank sent the money back, or why nothing is known of it."""
    payout = read_body(Payout, envelope.body, "payout")
    key = SourceKey("stripe", "payout", payout.id)
    if envelope.event_type == "payout.failed" or payout.status in {"failed", "canceled"}:
        undone = PostingStep(key=key, entity=_entity(payout), intent=Intent.UNDONE, name="payout that failed")
        return PostingPlan(document=key, lane=key, steps=(undone,), document_created_at=payout.created)
    if payout.balance_transactions is None or not payout.balance_transactions.data:
        message = "the event has no balance_transactions, so what the payout is made of is not known"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    if payout.arrival_date is None:
        raise UnmappableEvent("the payout does not say when it arrived (arrival_date)")
    day = payout.arrival_date.astimezone(rules.zone).date()
    parts = parts_of(payout, payout.balance_transactions, day, rules)
    make = _negative if payout.amount < 0 else _deposit
    moments = [payout.created, *(row.created for row in payout.balance_transactions.data if row.created)]
    return PostingPlan(
        document=key,
        lane=key,
        steps=(*dict.fromkeys(parts.facts), make(payout, key, parts, day, rules)),
        document_created_at=min(moments),
        wakes=(*parts.payments, *parts.orders),
        links=tuple(parts.links),
    )


def _deposit(payout: Payout, key: SourceKey, parts: PayoutParts, day: date, rules: MappingRules) -> PostingStep:
    code = payout.currency.upper()
    draft = DepositDraft(
        txn_date=day,
        currency=code,
        deposit_to=account(rules, "payouts"),
        payments=tuple(DepositedPayment(payment=each, amount=amount) for each, amount in parts.payments.items()),
        lines=_lines(parts, rules),
        total=_number(payout.amount, code),
        clearing=deposit_account(rules, "stripe"),
        orders=tuple(parts.orders),
        exchange_rate=rules.exchange_rates.get(code),
    )
    return PostingStep(key=key, entity="Deposit", intent=Intent.FACT, draft=draft, name="payout")


def _negative(payout: Payout, key: SourceKey, parts: PayoutParts, day: date, rules: MappingRules) -> PostingStep:
    """Stripe took money from the bank: QuickBooks has no deposit below zero, so it is a journal entry."""
    code = payout.currency.upper()
    sums: dict[AccountSelector, Decimal] = {}
    taken = (deposit_account(rules, "stripe"), total(parts.payments.values()))
    for selector, amount in (taken, *((each.account, each.amount) for each in _lines(parts, rules))):
        sums[selector] = sums.get(selector, Decimal(0)) - amount
    bank = (account(rules, "payouts"), _number(payout.amount, code), f"Stripe payout {payout.id}")
    moves = (*((selector, amount, f"Stripe payout {payout.id}") for selector, amount in sums.items()), bank)
    return entry(key, day, code, moves, rules, name="payout")


def _lines(parts: PayoutParts, rules: MappingRules) -> tuple[DepositLine, ...]:
    clearing = deposit_account(rules, "stripe")
    beside = (
        DepositLine(account=clearing, amount=amount, description=f"{why} (Stripe)")
        for why, amount in parts.beside.items()
        if amount
    )
    return (*beside, *(each for each in parts.lines if each.amount))


def _number(amount: int, code: str) -> Decimal:
    return in_hundredths(from_stripe(amount, code).number, code)


def _entity(payout: Payout) -> EntityName:
    return "JournalEntry" if payout.amount < 0 else "Deposit"
