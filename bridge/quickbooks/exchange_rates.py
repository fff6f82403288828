"""What QBO's `exchangerate` says: home currency for one unit of a foreign one, as of a day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.entities import number, part


def rate_in(answer: Mapping[str, Any], currency: str, day: date, home: str) -> Decimal | None:
    """The rate of `currency` in units of `home` that counts on `day`; None where the answer does not say it.

    An answer may name an earlier day, the last one with a rate, which is then QBO's own for this day.
    """
    found = part(answer, "ExchangeRate")
    rate = number(found.get("Rate"))
    # because another currency's rate, another direction or the rate of a later day would silently misstate the books
    said = (found.get("SourceCurrencyCode", currency), found.get("TargetCurrencyCode", home))
    later = str(found.get("AsOfDate") or day.isoformat())[:10] > day.isoformat()
    return rate if rate is not None and rate > 0 and said == (currency, home) and not later else None
