"""The typed header around a raw body: what arrived, from whom, when; the same for every accepted form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

System = str
"""Whose event it is: `shopify`, `stripe`, or the name under which another source registers its mappings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One readable event.

    `event_type` is Shopify's topic (`orders/paid`), Stripe's type (`charge.succeeded`) or what another source calls it.
    `account` is the shop domain or the connected account, None when the event names none. `body` is the document
    itself: the REST resource of Shopify, `data.object` of Stripe; its numbers are int or Decimal, never float.
    `previous` is Stripe's `previous_attributes`. `occurred_at` is the source's own time of the event, None when it
    gives none. `test` is true for `livemode: false` and for deliveries that their headers mark as tests.
    """

    system: System
    event_type: str
    event_id: str | None
    account: str | None
    occurred_at: datetime | None
    body: Mapping[str, object]
    previous: Mapping[str, object] | None = None
    api_version: str | None = None
    livemode: bool = True
    test: bool = False
    inferred: bool = False
    """True when the topic was told from the shape of the body (no headers)."""
