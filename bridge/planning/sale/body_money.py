"""When an order's bodies told what was received: which of them counts, and the day of the money that they tell. Pure.

A body that lacks a figure is silent about money. One that is newer than another changes the sale and not its money, so
the age of the newest body that did tell money is remembered beside the sale, in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.amounts import age, age_of, amount_of
from bridge.planning.steps import Claim, SaleClaims
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField, amount_in
from contracts.posting import Intent, Version
from contracts.quickbooks import PaymentDraft

Age = tuple[int, int]
NEVER: Age = (0, 0)


def newest_with_money(
    context: PlanningContext, sale: SourceKey, body: Posted | None, claims: SaleClaims
) -> tuple[Claim, ...]:
    """The newest bodies that tell money, when none that told it before is newer; an older one says nothing."""
    key = SourceKey(sale.system, BODY_MONEY, sale.id)
    noted, seen = context.index.newest(key), context.index.newest(sale)
    # because a silent body is the sale's newest without saying anything of its money, what was noted beside it counts
    before = max(_age(noted or seen), age_of(body) if body else NEVER)
    newest = max([before, *(age(claim) for claim in claims.received)])
    current = tuple(claim for claim in claims.received if age(claim) == newest)
    silent = [age(claim) for claim in claims.bodies if is_silent(claim, claims)]
    silences = bool(silent) and max(silent) > max(newest, _age(seen))
    says_the_same = newest > known_until(context, sale, body) and _is_as_booked(body, current)
    if silences or says_the_same or (noted is not None and newest > before):
        context.note_version(key, Version(*newest, ""))
    return current


def known_until(context: PlanningContext, sale: SourceKey, body: Posted | None) -> Age:
    """The age of the newest body before these whose money is what is booked of it.

    It may be newer than the payment, which is not written again for a body that says the same. The sale's own age says
    nothing of it, because its form is written before its payment.
    """
    noted = context.index.newest(SourceKey(sale.system, BODY_MONEY, sale.id))
    return max(_age(noted), age_of(body) if body else NEVER)


def _is_as_booked(body: Posted | None, current: Sequence[Claim]) -> bool:
    remembered = amount_in(body.marker_fields, MarkerField.RECEIVED) if body else None
    return bool(current) and remembered == max(amount_of(claim) for claim in current)


def is_silent(claim: Claim, claims: SaleClaims) -> bool:
    """True for a body of an order that says nothing about money."""
    says_money = any(each.position == claim.position for each in claims.received)
    inside = claim.step.entity == "SalesReceipt"
    return claim.step.intent is Intent.STATE and claim.step.version is not None and not (says_money or inside)


def earliest_day(body: Posted | None, claims: SaleClaims, received: Decimal) -> date | None:
    """The lowest known day on which a body told that `received` came in; None where nobody in reach did."""
    drafts = [(claim.step.draft, amount_of(claim)) for claim in claims.received]
    days = [draft.txn_date for draft, amount in drafts if isinstance(draft, PaymentDraft) and amount >= received]
    remembered = amount_in(body.marker_fields, MarkerField.RECEIVED) if body else None
    if body is not None and body.txn_date and remembered is not None and remembered >= received:
        days.append(body.txn_date)
    return min(days, default=None)


def life_of(context: PlanningContext, invoice: Posted | None, said: Mapping[str, str]) -> str:
    """What tells a payment known from a body from one that stood there before, over the same amount too.

    `said` is its marker; empty where its body has no version. Asks for an invoice that is not current to be read.
    """
    if MarkerField.VERSION not in said:
        return ""
    life = [said[name] for name in (MarkerField.VERSION, MarkerField.RECEIVED, MarkerField.TOTAL)]
    if invoice is None:
        return " ".join(life)
    # because QBO answers a known request id with the payment of then, which a charge may have taken over since; what
    # came on the invoice and went off it has moved its SyncToken
    if not invoice.is_current:
        context.require_reread(invoice)
    return " ".join((*life, invoice.id, invoice.sync_token))


def _age(version: Version | None) -> Age:
    return (version.updated_at, version.rank) if version else NEVER
