"""Gift cards that a customer of another currency paid with, as their share of the order in the shop's. Pure.

Their transactions say the customer's currency only. What the order came to in it, its body says; `x` of the sale's
marker remembers it for cards that are told later, and how much of it cards have paid: shares are rounded on their sum,
so that together they come to the order to the cent, whichever is told first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.planning.sale.amounts import form_draft
from bridge.planning.steps import Claim, Sale, SaleClaims
from contracts.marker import MarkerField, read_amount
from contracts.money import decimals_of, plain
from contracts.quickbooks import RedemptionDraft, Shown

Cards = tuple[tuple[Claim, ...], ...]
"""Gift cards, each with all its claims."""


@dataclass(frozen=True, slots=True)
class ShownSale:
    """What the customer saw of a sale, and how much of it gift cards told in that currency have paid."""

    order: Shown
    redeemed: Decimal = Decimal(0)


def shown_of(sale: Sale, claims: SaleClaims) -> ShownSale | None:
    """What a body of this micro-batch or the marker says; None where all was in one currency, or nobody has said."""
    remembered = _read(sale.posted.marker_fields.get(MarkerField.SHOWN, "")) if sale.posted else None
    drafts = [form_draft(claim) for claim in claims.bodies if claim.step.draft is not None]
    new = next((draft.shown for draft in drafts if draft.shown is not None), None)
    if new is None:
        return remembered
    return ShownSale(new, remembered.redeemed if remembered else Decimal(0))


def shown_fact(shown: ShownSale | None, currency: str) -> dict[str, str]:
    """`x` of the marker, nothing for a sale in one currency."""
    if shown is None:
        return {}
    order = shown.order
    amounts = (
        plain(order.total, order.currency),
        plain(order.worth, currency),
        plain(shown.redeemed, order.currency),
    )
    return {MarkerField.SHOWN: ":".join((order.currency, *amounts))}


def in_shop_currency(cards: Iterable[tuple[Claim, ...]], shown: ShownSale | None, currency: str) -> Cards:
    """`cards` with each amount of the customer's currency as its share of the order in `currency`."""
    found: list[tuple[Claim, ...]] = []
    for group in cards:
        draft = group[0].step.draft
        if shown is not None and isinstance(draft, RedemptionDraft) and draft.currency != currency:
            paid = shown.redeemed + draft.amount
            places = decimals_of(currency)
            share = shown.order.share(paid, places) - shown.order.share(shown.redeemed, places)
            shown = replace(shown, redeemed=paid)
            group = tuple(_worth(claim, share, currency) for claim in group)  # noqa: PLW2901 - the group in money
        found.append(group)
    return tuple(found)


def with_cards(shown: ShownSale | None, cards: Iterable[tuple[Claim, ...]]) -> ShownSale | None:
    """`shown` once these gift cards are on the form; they are as told, in the customer's currency."""
    if shown is None:
        return None
    drafts = [group[0].step.draft for group in cards]
    amounts = [each.amount for each in drafts if isinstance(each, RedemptionDraft) and is_shown(each, shown)]
    return replace(shown, redeemed=sum(amounts, shown.redeemed))


def is_shown(draft: RedemptionDraft, shown: ShownSale | None) -> bool:
    """True for a gift card in the currency that the customer saw."""
    return shown is not None and draft.currency == shown.order.currency


def _worth(claim: Claim, share: Decimal, currency: str) -> Claim:
    draft = claim.step.draft
    if not isinstance(draft, RedemptionDraft):
        raise TypeError(f"{claim.step.key}: a gift card needs a RedemptionDraft")
    return claim._replace(step=replace(claim.step, draft=replace(draft, amount=share, currency=currency)))


def _read(entry: str) -> ShownSale | None:
    """None for what no release of ours has written."""
    currency, *texts = entry.split(":")
    amounts = [read_amount(text) for text in texts]
    if len(amounts) != 3:
        return None
    total, worth, redeemed = amounts
    if total is None or worth is None or redeemed is None or total <= 0:
        return None
    return ShownSale(Shown(currency=currency, total=total, worth=worth), redeemed)
