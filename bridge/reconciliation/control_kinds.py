"""What has to come to what is still open, and which of the bridge's own items stand on it. Pure."""

from __future__ import annotations

from enum import StrEnum

from contracts.keys import SourceKey


class ControlKind(StrEnum):
    """What must be equal to what is still open."""

    CLEARING = "clearing"
    SALES_TAX = "sales_tax"
    MARKETPLACE_TAX = "marketplace_tax"
    GIFT_CARDS = "gift_cards"
    """Gift cards and store credit: one liability."""


_OF_ITEM = {"gift-card": ControlKind.GIFT_CARDS, "marketplace-tax": ControlKind.MARKETPLACE_TAX}


def liability_of(item: SourceKey) -> ControlKind | None:
    """The liability on which an item of the bridge stands; a shop with an account of its own has one of its own."""
    return _OF_ITEM.get(item.id.partition("@")[0]) if (item.system, item.kind) == ("qbb", "item") else None
