"""Disputes of Shopify Payments: a chargeback takes the money at once, and gives it back when it is won.

A dispute tells its status only, so every status tells all that has happened so far: whichever of its events arrive, and
in whatever order, the same facts are booked. Its fee is in no event. An inquiry moves no money.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.posting import Caution, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import JournalEntryDraft, JournalLine
from contracts.shopify_catalog import ShopifyDispute
from mappings.accounts import account, deposit_account
from mappings.documents import document_of
from mappings.entries import NOWHERE
from mappings.lines import in_hundredths
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.start import DAY_UNKNOWN
from mappings.tracking import place_of_fees

GATEWAY = "shopify_payments"
TAKEN = frozenset({"needs_response", "under_review", "accepted", "lost"})
GIVEN_BACK = frozenset({"won", "charge_refunded"})
"""A refund instead of a chargeback is booked by itself; the disputed money comes back."""

DAY = Caution(
    DAY_UNKNOWN, "The dispute does not say when it was initiated or finalized: it has the day of its event, in UTC."
)

Sides = tuple[Literal["Debit", "Credit"], Literal["Debit", "Credit"]]
OUT: Sides = ("Debit", "Credit")
BACK: Sides = ("Credit", "Debit")


@maps("shopify", "disputes/create", "disputes/update")
def map_dispute(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """Money out, and back in, as far as the dispute has come; or the reason why none moved."""
    dispute, key = read_body(ShopifyDispute, envelope.body, "dispute"), document_of(envelope)
    started = dispute.initiated_at or envelope.occurred_at
    if started is None or key is None:
        raise UndecodableRecord("the dispute does not say when it was initiated")
    reason = _why_nothing_moved(dispute)
    if reason:
        return Ignored(code="skipped_by_rule", message=reason, document=key)
    steps = [_entry(dispute, key, "dispute", started.date(), OUT, rules)]
    if dispute.status in GIVEN_BACK:
        ended = dispute.finalized_on or envelope.occurred_at or started
        won = SourceKey(key.system, key.kind, f"{key.id}.returned")
        steps.append(_entry(dispute, won, "dispute returned", ended.date(), BACK, rules))
    return PostingPlan(
        document=key,
        lane=SourceKey("shopify", "order", str(dispute.order_id)) if dispute.order_id else key,
        steps=tuple(steps),
        document_created_at=_earliest(started, envelope.occurred_at),
        notes=("The fee of a dispute is in no event: it is booked with the payout.",),
        warnings=(DAY,) if _is_day_unknown(dispute) else (),
    )


def _is_day_unknown(dispute: ShopifyDispute) -> bool:
    ended = dispute.status not in GIVEN_BACK or dispute.finalized_on is not None
    return dispute.initiated_at is None or not ended


def _why_nothing_moved(dispute: ShopifyDispute) -> str | None:
    if dispute.type != "chargeback":
        return "an inquiry moves no money"
    if dispute.status not in TAKEN | GIVEN_BACK:
        return f"a dispute that is {dispute.status} moves no money that is known"
    return None if dispute.amount else "a dispute about nothing moves no money"


def _entry(
    dispute: ShopifyDispute, key: SourceKey, name: str, day: date, sides: Sides, rules: MappingRules
) -> PostingStep:
    order = SourceKey("shopify", "order", str(dispute.order_id)) if dispute.order_id else None
    return _booked(key, (name, day), Decimal(dispute.amount), dispute.currency, order, sides, rules)


def row_entry(
    ident: int, order: int | None, moved: Decimal, currency: str, day: date, rules: MappingRules
) -> PostingStep:
    """What a payout's row tells of the dispute `ident`: money out (below zero), or back in; as its own event would."""
    back = moved > 0
    key = SourceKey("shopify", "dispute", f"{ident}.returned" if back else str(ident))
    sale = SourceKey("shopify", "order", str(order)) if order is not None else None
    named = ("dispute returned" if back else "dispute", day)
    step = _booked(key, named, abs(moved), currency, sale, BACK if back else OUT, rules)
    if not isinstance(step.draft, JournalEntryDraft):
        raise TypeError(f"{key}: a dispute is a journal entry")
    return replace(step, draft=replace(step.draft, source_event="payout"))


def _booked(
    key: SourceKey,
    named: tuple[str, date],
    moved: Decimal,
    currency: str,
    order: SourceKey | None,
    sides: Sides,
    rules: MappingRules,
) -> PostingStep:
    name, day = named
    amount = in_hundredths(moved, currency)
    accounts = (account(rules, "disputes"), deposit_account(rules, GATEWAY))
    places = (place_of_fees(rules.channel, GATEWAY, rules), NOWHERE)
    ident = key.id.partition(".")[0]
    said = f"Shopify {name} {ident}" + (f" of order {order.id}" if order else "")
    lines = tuple(
        JournalLine(
            side=side,
            account=selector,
            amount=amount,
            description=said,
            tracking_class=place.tracking_class,
            location=place.location,
        )
        for side, selector, place in zip(sides, accounts, places, strict=True)
    )
    draft = JournalEntryDraft(
        txn_date=day,
        currency=currency,
        lines=lines,
        sale=order,
        exchange_rate=rules.exchange_rates.get(currency),
    )
    return PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft, name=name)


def _earliest(*moments: datetime | None) -> datetime:
    return min(moment for moment in moments if moment is not None)
