"""Settlements of any gateway (PayPal, Klarna, ...): a payout like the others, told by a producer of the company's own.

CloudEvents of type `com.qbo-bridge.settlement`; see `contracts/settlement.py` for the body.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UnbalancedDocument
from contracts.keys import SourceKey, escape
from contracts.money import plain
from contracts.posting import Caution, Ignored, PostingPlan
from contracts.settlement import Settlement, SettlementRow
from mappings.accounts import account, liability_line, row_account
from mappings.lines import in_hundredths
from mappings.payout_parts import FAILED, PaidOut, PayoutParts, payout_steps
from mappings.registry import maps
from mappings.rules import MappingRules, gateway_key
from mappings.start import ignored_before_start, is_before_start, opening_clearing
from mappings.tracking import place_of_fees

PAID = "paid"
MONEY = {
    "charge": "Payments",
    "refund": "Refunds",
    "payout_failure": "Payouts that came back",
    "payout_cancellation": "Payouts that came back",
}
TAXES = frozenset({"tax_adjustment", "marketplace_tax"})
NEAR_THE_START = timedelta(days=31)
"""How long after the start of the books a settlement may bring rows of before it: gateways settle within days."""
ROW_DAY = Caution(
    "row_day_unknown",
    "A row of the settlement does not say its day, so not whether earlier books hold it: it is booked as one of these.",
)


@maps("qbo-bridge", "settlement")
def map_settlement(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The deposit of a settlement out of the account where the gateway's money lies."""
    settlement = read_body(Settlement, envelope.body, "settlement")
    gateway, code = gateway_key(settlement.gateway), settlement.currency.upper()
    key = SourceKey("settlement", "payout", escape(f"{gateway}:{settlement.id}"))
    day = settlement.date.date()
    if is_before_start(day, rules):
        return ignored_before_start(key)
    status = settlement.status.strip().lower()
    if status != PAID and status not in FAILED:
        return Ignored(
            code="skipped_by_rule", message=f"a settlement that is {status} has moved no money", document=key
        )
    if not settlement.rows and status not in FAILED:
        message = "the settlement is told without its rows, so what it is made of is not known"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    amount = in_hundredths(settlement.amount, code)
    sent_on = envelope.occurred_at.date() if envelope.occurred_at else day
    paid = PaidOut(
        key=key,
        currency=code,
        amount=amount,
        day=day,
        gateway=gateway,
        source=settlement.gateway,
        returned=max(sent_on, day) if status in FAILED else None,
    )
    parts = PayoutParts(fee_place=place_of_fees(envelope.account, gateway, rules))
    for row in settlement.rows:
        _sort_in(parts, row, code, rules)
    return PostingPlan(
        document=key,
        lane=key,
        steps=payout_steps(paid, parts, rules),
        document_created_at=settlement.date,
        wakes=(*parts.payments, *parts.orders),
        warnings=_cautions(settlement, day, rules),
    )


def _cautions(settlement: Settlement, day: date, rules: MappingRules) -> tuple[Caution, ...]:
    start = rules.books_start
    is_near = start is not None and day < start + NEAR_THE_START
    return (ROW_DAY,) if is_near and any(row.date is None for row in settlement.rows) else ()


def _sort_in(parts: PayoutParts, row: SettlementRow, code: str, rules: MappingRules) -> None:
    gross, net = in_hundredths(row.gross, code), in_hundredths(row.net, code)
    fee: Decimal = gross - net if row.fee is None else in_hundredths(row.fee, code)
    kind, named = row.type.strip().lower(), row.reference or row.type
    parts.note_row(named, kind, gross, net)
    if gross - fee != net:
        computed, stated = plain(gross - fee, code), plain(net, code)
        raise UnbalancedDocument(f"row {named} comes to {computed} {code} after its fee, its net is {stated} {code}")
    if row.date is not None and is_before_start(row.date.date(), rules):
        parts.line(opening_clearing(rules), net, "Before the start of the books")
        return
    if kind == "charge" and row.order is not None and row.transaction is not None and gross > 0:
        order = SourceKey("shopify", "order", str(row.order))
        parts.brings(SourceKey("shopify", "transaction", str(row.transaction)), gross, order)
    elif kind in MONEY:
        parts.moved_elsewhere(MONEY[kind], gross)
    elif kind in TAXES:
        parts.line(liability_line(rules, "marketplace_tax"), gross, f"Tax that is remitted, {named}")
    elif kind == "fee":
        parts.fee(account(rules, "fees"), -gross, "Fees")
    else:
        parts.line(row_account(rules, kind, f"row {named}"), gross, f"{kind.capitalize()} {named}")
    parts.fee(account(rules, "fees"), fee, "Fees")
