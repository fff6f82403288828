"""QBO's exchange rate of a day is believed where it is the one that was asked for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bridge.quickbooks.exchange_rates import rate_in
from tests.support.quickbooks import Script, json_reply, opened, refused

DAY = date(2026, 4, 2)
ANSWER = {"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "USD", "Rate": Decimal("1.085"), "AsOfDate": "2026-04-02"}


def said(**changes: Any) -> Decimal | None:
    return rate_in({"ExchangeRate": ANSWER | changes}, "EUR", DAY, "USD")


def test_the_rate_of_the_day_counts_and_so_does_the_last_one_before_it() -> None:
    """On a Sunday QBO may name Friday."""
    assert said() == said(AsOfDate="2026-03-31") == said(AsOfDate="2026-04-02-07:00") == Decimal("1.085")


@pytest.mark.parametrize(
    "changes",
    [
        {"SourceCurrencyCode": "GBP"},
        {"TargetCurrencyCode": "CAD"},
        {"AsOfDate": "2026-04-03"},
        {"Rate": 0},
        {"Rate": Decimal(-1)},
        {"Rate": None},
        {"Rate": True},
    ],
)
def test_an_answer_about_something_else_says_no_rate(changes: dict[str, Any]) -> None:
    """Another currency, another direction, a later day, or no number."""
    assert said(**changes) is None


async def test_a_refusal_is_no_rate_and_the_question_names_currency_and_day() -> None:
    """610, or whatever QBO says of a day that it does not know."""
    script = Script(refused("610"), json_reply({"time": "2026-04-02T10:00:00Z"}))
    async with opened(script) as client:
        assert await client.exchange_rate("EUR", DAY, "USD") is None
        assert await client.exchange_rate("EUR", DAY, "USD") is None
    asked = script.requests[0].url
    assert asked.path.endswith("/exchangerate")
    assert (asked.params["sourcecurrencycode"], asked.params["asofdate"]) == ("EUR", "2026-04-02")
