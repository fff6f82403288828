"""Gift cards that paid for a part of a sale: negative lines at the end of its form, remembered in its marker.

`g` of the marker names them in the order of their lines: `transaction.9455:20.00,transaction.9456:5.00`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.steps import Redeemed
from contracts.entities import Entity, number
from contracts.keys import SourceKey
from contracts.marker import MarkerField, read_amount
from contracts.money import plain, total


def redeemed_on(posted: Posted | None) -> tuple[Redeemed, ...]:
    """The gift cards on a form in the books; none where its marker or its lines are not as we wrote them."""
    entries = posted.marker_fields.get(MarkerField.GIFT_CARDS, "").split(",") if posted else []
    lines = _negative_lines(posted)[-len(entries) :] if entries else []
    if posted is None or len(lines) != len(entries):
        return ()
    found = [_redeemed(posted.key.system, entry, line) for entry, line in zip(entries, lines, strict=True)]
    return tuple(each for each in found if each) if all(found) else ()


def base_lines(posted: Posted) -> list[Entity]:
    """The lines of a form in the books without those of the gift cards; its `form` must be known."""
    own = [each.line for each in redeemed_on(posted)]
    return [line for line in form_lines(posted) if not any(line is each for each in own)]


def redeemed_fact(redeemed: Sequence[Redeemed], currency: str) -> dict[str, str]:
    """`g` of the marker, nothing without gift cards."""
    entries = [f"{each.key.kind}.{each.key.id}:{plain(each.amount, currency)}" for each in redeemed]
    return {MarkerField.GIFT_CARDS: ",".join(entries)} if entries else {}


def amount_redeemed(redeemed: Iterable[Redeemed]) -> Decimal:
    """What the gift cards paid."""
    return total(each.amount for each in redeemed)


def _redeemed(system: str, entry: str, line: Entity) -> Redeemed | None:
    """None for an entry that no release of ours has written."""
    name, _, text = entry.rpartition(":")
    kind, _, ident = name.partition(".")
    amount = read_amount(text)
    return Redeemed(SourceKey(system, kind, ident), amount, line) if kind and ident and amount is not None else None


def form_lines(posted: Posted) -> list[Entity]:
    """The lines of a form, none where they were not read."""
    return list(posted.form["Line"]) if posted.form else []


def _negative_lines(posted: Posted | None) -> list[Entity]:
    return [line for line in (form_lines(posted) if posted else []) if (number(line.get("Amount")) or 0) < 0]
