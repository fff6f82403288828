"""Sales that the rules do not book yet (`orders.post_when`): they become sales once they are paid, or fulfilled. Pure.

A body that is held back is only remembered, and makes no older one look old that is not held back: once a sale is in
the books, or a body of the same micro-batch brings it there, it is a body like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.planning.context import PlanningContext
from bridge.planning.steps import Claim, SaleClaims, Skipped, Superseded, Waiting
from contracts.keys import SourceKey
from contracts.posting import HeldBack, Version

BY_RULE = {
    HeldBack.NOT_PAID: "the rules book orders once they are paid (orders.post_when)",
    HeldBack.PAID_IN_PART: "the rules book orders once they are paid in full (orders.post_when)",
    HeldBack.NOT_FULFILLED: "the rules book orders once they are fulfilled (orders.post_when)",
}
SOON = "its order is not booked before it is {} (orders.post_when)"


def held_content(version: Version | None) -> HeldBack | None:
    """What a remembered version of a sale waits for, None for one that waits for nothing."""
    return HeldBack(version.content) if version is not None and version.content in set(HeldBack) else None


def is_held(context: PlanningContext, key: SourceKey, bodies: Sequence[Claim]) -> bool:
    """True when no body makes it a sale and the books hold none of it."""
    return bool(bodies) and all(claim.step.held_back for claim in bodies) and context.index.sale(key) is None


def hold(context: PlanningContext, key: SourceKey, bodies: Sequence[Claim]) -> None:
    """Remember what the newest body waits for; nothing of it is booked."""
    version, seen = max(_version(claim) for claim in bodies), context.index.newest(key)
    if seen is not None and version < seen and held_content(seen) is None:
        context.resolve((claim.position for claim in bodies), Superseded())
        return
    if seen is None or seen < version:
        context.note_version(key, version)
    for claim in bodies:
        held = claim.step.held_back
        if held is not None:
            context.resolve([claim.position], Skipped("skipped_by_rule", BY_RULE[held]))


def _version(claim: Claim) -> Version:
    """The version of a body that is held back, what it waits for as its content."""
    return replace(claim.step.version or Version(0, 0, ""), content=claim.step.held_back or "")


def resolve_held(context: PlanningContext, held: HeldBack, claims: SaleClaims) -> None:
    """What belongs to a sale that is not booked yet: its next body tells money and refunds once more.

    Money waits where it means that the order is about to be booked, and a parcel where it means the same.
    """
    money = (*claims.payments, *claims.redemptions, *claims.change)
    waits = {HeldBack.NOT_PAID: money, HeldBack.NOT_FULFILLED: claims.shipments}.get(held, ())
    soon = "paid" if held is HeldBack.NOT_PAID else "fulfilled"
    context.resolve((claim.position for claim in waits), Waiting(SOON.format(soon)))
    others = (*money, *claims.shipments, *claims.credits, *claims.refunds, *claims.overpaid)
    rest = [claim.position for claim in others if claim not in waits]
    context.resolve(rest, Skipped("skipped_by_rule", BY_RULE[held]))
