"""Spans of time as a person types them: ISO 8601, UTC where no offset is given."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from bridge.kafka.range import TimeSpan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def parse_span(since: str | None, until: str | None) -> TimeSpan:
    """The records of `since` and later and before `until`; None leaves that side open.

    ValueError with a sentence for what is no time, and for a span that cannot hold anything.
    """
    span = TimeSpan(_milliseconds("--from", since), _milliseconds("--to", until))
    if span.since_ms is not None and span.until_ms is not None and span.since_ms >= span.until_ms:
        raise ValueError(f"--from {since} is not before --to {until}: there is no time between them")
    return span


def day_bounds(day: str, now: datetime) -> tuple[str, str]:
    """When a day begins and ends in the zone of `now`: `yesterday`, `today`, or a date. ValueError for other words."""
    named = {"yesterday": now.date() - timedelta(days=1), "today": now.date()}
    try:
        wanted = named.get(day) or date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"--day {day}: expected yesterday, today, or a date such as 2026-11-21") from None
    # because a day has 23 or 25 hours where clocks change, its end is the beginning of the next date
    begins, ends = (datetime.combine(each, time(), now.tzinfo) for each in (wanted, wanted + timedelta(days=1)))
    return begins.isoformat(), ends.isoformat()


def _milliseconds(option: str, text: str | None) -> int | None:
    """The first whole millisecond that is not before the moment: records know no finer one."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{option} {text}: expected a date or time in ISO 8601, such as 2026-11-01T08:00Z") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return -((_EPOCH - aware) // _MILLISECOND)


def parse_days(first: str, last: str) -> tuple[date, date]:
    """The first and the last day, both included; ValueError with a sentence for what is no day or no span."""
    days = _day("--from", first), _day("--to", last)
    if days[0] > days[1]:
        raise ValueError(f"--from {first} is after --to {last}: there is no day between them")
    return days


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{option} {text}: expected a day, such as 2026-11-01") from None
