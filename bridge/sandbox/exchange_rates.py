"""`exchangerate`: home currency for one unit of another, day by day, as far as the company was told.

Nobody published what QuickBooks answers for a day without a rate: here it is 610, as for anything that is not there.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.errors import impossible_date, not_found, required
from bridge.sandbox.references import known_currency, refuse_foreign
from bridge.sandbox.wire import Doc, stamp

EVERY_DAY = "every day"


def exchange_rate(company: SandboxCompany, query: Mapping[str, str]) -> Doc:
    """The rate of `sourcecurrencycode` on `asofdate`, today where no day is given."""
    code = query.get("sourcecurrencycode", "").upper()
    if not code:
        raise required("sourcecurrencycode")
    known_currency(code)
    refuse_foreign(company, code)
    day = _day(query["asofdate"]) if query.get("asofdate") else company.today().isoformat()
    rates = company.daily_rates.get(code, {})
    rate = Decimal(1) if code == company.home_currency else rates.get(day, rates.get(EVERY_DAY))
    if rate is None:
        raise not_found()
    return {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": company.home_currency,
        "Rate": rate,
        "AsOfDate": day,
        "MetaData": {"LastUpdatedTime": stamp(company.clock.now(), company.zone)},
    }


def rates_by_day(given: Mapping[str, object]) -> dict[str, dict[str, Decimal]]:
    """`{"EUR": {"2026-04-02": "1.0850"}, "JPY": "0.0067"}` as numbers: by day, or one for every day."""
    return {code: _by_day(rates) for code, rates in given.items()}


def _by_day(rates: object) -> dict[str, Decimal]:
    if not isinstance(rates, Mapping):
        return {EVERY_DAY: Decimal(str(rates))}
    return {_day(day): Decimal(str(rate)) for day, rate in rates.items()}


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise impossible_date("asofdate", text) from None
