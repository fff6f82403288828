"""A payout is a deposit: the payments that it is made of, less what was taken from them since, to the cent.

Everything that the rows of a payout tell is booked against the account that Stripe's money lies in, each fact under
its own key, so that it is booked once whoever tells it (the fee of a charge, the row of a dispute); the deposit itself
only carries money from there to the bank. So that account ends at nothing for what was paid out, in whatever order
the events come and whether or not they carried the fees. Rows that no other event tells (fees of the account,
adjustments) are lines of the deposit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from contracts.bodies import read_body
from contracts.entities import EntityName
from contracts.envelope import Envelope
from contracts.errors import UnbalancedDocument, UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe, plain, total
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import AccountSelector, DepositDraft, DepositedPayment, DepositLine
from contracts.stripe import id_or_object
from contracts.stripe_balance import BalanceRow, Payout
from mappings.accounts import account, deposit_account
from mappings.lines import in_hundredths
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.disputes import row_key
from mappings.stripe.fees import dispute_entry, entry, fee_entry
from mappings.stripe.refunds import fee_key
from mappings.stripe.sales import belongs_to_shop, links_of

PAYMENTS = frozenset({"charge", "payment"})
FAILURES = frozenset({"refund_failure", "payment_failure_refund"})
REFUNDS = frozenset({"refund", "payment_refund"}) | FAILURES
RETURNED = frozenset({"payout_failure", "payout_cancel"})
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost"})


@dataclass(slots=True)
class _Made:
    """What a payout is made of: payments, what lies beside them in Stripe's account, and lines of its own."""

    payments: dict[SourceKey, Decimal] = field(default_factory=dict)
    beside: dict[str, Decimal] = field(default_factory=dict)
    lines: list[DepositLine] = field(default_factory=list)
    facts: list[PostingStep] = field(default_factory=list)
    links: list[tuple[SourceKey, SourceKey]] = field(default_factory=list)

    def lies_beside(self, why: str, amount: Decimal) -> None:
        """Money that other documents brought into Stripe's account, or took out of it."""
        self.beside[why] = self.beside.get(why, Decimal(0)) + amount


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
    rows = payout.balance_transactions.data
    day = (payout.arrival_date or payout.created).date()
    made = _made(payout, rows, day, rules)
    booked = _negative(payout, key, made, day, rules) if payout.amount < 0 else _deposit(payout, key, made, day, rules)
    moments = [payout.created, *(row.created for row in rows if row.created)]
    return PostingPlan(
        document=key,
        lane=key,
        steps=(*dict.fromkeys(made.facts), booked),
        document_created_at=min(moments),
        wakes=tuple(made.payments),
        links=tuple(made.links),
    )


def _made(payout: Payout, rows: Iterable[BalanceRow], day: date, rules: MappingRules) -> _Made:
    """The rows told apart; UnbalancedDocument when they do not add up to the payout."""
    code = payout.currency.upper()
    made = _Made()
    left = Decimal(0)
    for row in rows:
        if row.currency.upper() != code:
            raise UnmappableEvent(f"{row.id} is in {row.currency.upper()}, the payout in {code}")
        own = row.type == "payout" and id_or_object(row.source)[0] in {payout.id, None}
        left += _number(-row.fee if own else row.net, code)
        _sort_in(made, row, day, rules, own=own)
    stated = _number(payout.amount, code)
    if left != stated:
        raise UnbalancedDocument(
            f"the rows of the payout add up to {plain(left, code)} {code}, its amount is {plain(stated, code)} {code}"
        )
    return made


def _sort_in(made: _Made, row: BalanceRow, day: date, rules: MappingRules, *, own: bool) -> None:
    """Put a row where it belongs; what it tells that other events may tell too is a fact under their key."""
    code = row.currency.upper()
    amount, net, fee = (_number(each, code) for each in (row.amount, row.net, row.fee))
    source, _ = id_or_object(row.source)
    if own:
        _fee_line(made, row, fee, rules)
    elif row.type in PAYMENTS and source:
        charge = SourceKey("stripe", "charge", source)
        if _of_the_shop(row, rules):
            made.lies_beside("Payments that the shop books", amount)
        else:
            made.payments[charge] = amount
            made.links += _links(row, charge)
        made.lies_beside("Fees", -fee)
        made.facts += fee_entry(row, charge, day, rules)
    elif row.type in REFUNDS and source:
        made.lies_beside("Refunds", amount)
        made.lies_beside("Fees", -fee)
        made.facts += fee_entry(row, fee_key(source, failed=row.type in FAILURES), day, rules)
    elif source and source.startswith(("dp_", "du_")):
        made.lies_beside("Disputes", net)
        made.facts.append(dispute_entry(row, row_key(source, row), day, rules))
    elif row.type in RETURNED:
        made.lies_beside("Payouts that came back", amount)
        _fee_line(made, row, fee, rules)
    else:
        made.lines.append(DepositLine(account=_own_account(row, rules), amount=amount, description=_words(row)))
        _fee_line(made, row, fee, rules)


def _fee_line(made: _Made, row: BalanceRow, fee: Decimal, rules: MappingRules) -> None:
    """A fee that no other event tells."""
    if fee:
        made.lines.append(DepositLine(account=account(rules, "fees"), amount=-fee, description=f"Fee {row.id}"))


def _own_account(row: BalanceRow, rules: MappingRules) -> AccountSelector:
    if row.type in FEES:
        return account(rules, "fees")
    chosen = rules.accounts.payout_other
    if chosen is None:
        raise UnmappableEvent(f"no account for {row.id}, a row of type {row.type}: set the rule accounts.payout_other")
    return chosen.selector("accounts.payout_other")


def _deposit(payout: Payout, key: SourceKey, made: _Made, day: date, rules: MappingRules) -> PostingStep:
    code = payout.currency.upper()
    draft = DepositDraft(
        txn_date=day,
        currency=code,
        deposit_to=account(rules, "payouts"),
        payments=tuple(DepositedPayment(payment=each, amount=amount) for each, amount in made.payments.items()),
        lines=_lines(made, rules),
        total=_number(payout.amount, code),
        exchange_rate=rules.exchange_rates.get(code),
    )
    return PostingStep(key=key, entity="Deposit", intent=Intent.FACT, draft=draft, name="payout")


def _negative(payout: Payout, key: SourceKey, made: _Made, day: date, rules: MappingRules) -> PostingStep:
    """Stripe took money from the bank: QuickBooks has no deposit below zero, so it is a journal entry."""
    code = payout.currency.upper()
    sums: dict[AccountSelector, Decimal] = {}
    taken = (deposit_account(rules, "stripe"), total(made.payments.values()))
    for selector, amount in (taken, *((each.account, each.amount) for each in _lines(made, rules))):
        sums[selector] = sums.get(selector, Decimal(0)) - amount
    bank = (account(rules, "payouts"), _number(payout.amount, code), f"Stripe payout {payout.id}")
    moves = (*((selector, amount, f"Stripe payout {payout.id}") for selector, amount in sums.items()), bank)
    return entry(key, day, code, moves, rules, name="payout")


def _lines(made: _Made, rules: MappingRules) -> tuple[DepositLine, ...]:
    clearing = deposit_account(rules, "stripe")
    beside = (
        DepositLine(account=clearing, amount=amount, description=f"{why} (Stripe)")
        for why, amount in made.beside.items()
        if amount
    )
    return (*beside, *(each for each in made.lines if each.amount))


def _of_the_shop(row: BalanceRow, rules: MappingRules) -> bool:
    """Told by the charge where the row has it expanded, else by the description that the row takes from it."""
    if rules.gateway("stripe").booked_by == "stripe":
        return False  # the shop's sale, and a payment of ours
    charge = id_or_object(row.source)[1]
    metadata, said = charge.get("metadata"), charge.get("description") or row.description
    return belongs_to_shop(
        (metadata if isinstance(metadata, dict) else {},), said if isinstance(said, str) else None, rules
    )


def _links(row: BalanceRow, charge: SourceKey) -> tuple[tuple[SourceKey, SourceKey], ...]:
    """What an expanded charge is part of: it may be known by its intent or its invoice only."""
    found = id_or_object(row.source)[1]
    named = {
        name: value for name in ("payment_intent", "invoice") if isinstance(value := found.get(name), str | Mapping)
    }
    intent, invoice = (id_or_object(named.get(name))[0] for name in ("payment_intent", "invoice"))
    return links_of(charge, intent=intent, invoice=invoice)


def _words(row: BalanceRow) -> str:
    return " - ".join(part for part in (row.type.replace("_", " "), row.description, row.id) if part)


def _number(amount: int, code: str) -> Decimal:
    return in_hundredths(from_stripe(amount, code).number, code)


def _entity(payout: Payout) -> EntityName:
    return "JournalEntry" if payout.amount < 0 else "Deposit"
