"""What is measured of one company and shown in the metrics alone: latencies, faults, the backlog, and surveys.

A survey is what `qbo-bridge status --json` says, facts that are read from the topics, and an examination what
`qbo-bridge doctor --json` says of the books; both are looked at now and then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bridge.clock import Clock
from bridge.telemetry.metrics import OF_OWNER, GaugeName, Telemetry

OTHER = "other"
_MOMENTS: Mapping[str, GaugeName] = {
    "last_booked_at": "last_success_timestamp_seconds",
    "token_expires_at": "token_expires_timestamp_seconds",
}
_NUMBERS: Mapping[str, GaugeName] = {"reads_this_month": "reads_this_month", "reads_share": "reads_share"}


class Measures:
    """The measurements of one company."""

    def __init__(self, company: str, *, telemetry: Telemetry, clock: Clock) -> None:
        self._company = company
        self._telemetry = telemetry
        self._clock = clock

    def answered(self, kind: str, seconds: float, code: str | None, *, known: bool) -> None:
        """A call to QBO has ended; `code` is that of its fault, None without one, and `known` whether we know it."""
        self._telemetry.observe("qbo_seconds", self._company, seconds, kind=kind)
        if code is not None:
            self._telemetry.count("qbo_faults", self._company, code=code if known else OTHER)

    def booked(self, published_ms: Iterable[int]) -> None:
        """Records of these times are booked now."""
        now_s = self._clock.now().timestamp()
        for each in published_ms:
            self._telemetry.observe("event_to_booked_seconds", self._company, max(0.0, now_s - each / 1000))
            self._telemetry.gauge("last_success_timestamp_seconds", self._company, now_s)

    def behind(self, records: int, seconds: float) -> None:
        """How far the committed offsets are behind the ends."""
        self._telemetry.gauge("behind_records", self._company, records)
        self._telemetry.gauge("behind_seconds", self._company, seconds)

    def behind_unknown(self) -> None:
        """Nobody says how far it is."""
        self._telemetry.forget("behind_records", self._company)
        self._telemetry.forget("behind_seconds", self._company)

    def booked_by(self, rules: str) -> None:
        """The version of the rules."""
        self._telemetry.gauge("rules_info", self._company, 1, version=rules)

    def left(self) -> None:
        """Another process owns the company, or nobody."""
        for name in OF_OWNER:
            self._telemetry.forget(name, self._company)

    def surveyed(self, facts: Mapping[str, object]) -> None:
        """Take in what `status --json` says of the company; what it does not know is shown no more."""
        self._show({name: _seconds(facts.get(fact)) for fact, name in _MOMENTS.items()})
        self._show({name: _number(facts.get(fact)) for fact, name in _NUMBERS.items()})
        letters, waiting, changes = (_table(facts.get(name)) for name in ("dead_letters", "waiting", "people_changes"))
        self._show(
            {
                "open_dead_letters": _number(letters.get("open")),
                "waiting_oldest_timestamp_seconds": _seconds(waiting.get("oldest_since")),
                "removed_documents": _number(changes.get("removed")),
                "survey_timestamp_seconds": self._clock.now().timestamp(),
            }
        )
        self._telemetry.forget("open_dead_letters_amount", self._company)
        for currency, amount in _table(letters.get("amounts")).items():
            self._telemetry.gauge("open_dead_letters_amount", self._company, float(str(amount)), currency=currency)

    def examined(self, findings: Iterable[Mapping[str, object]]) -> None:
        """Take in what `doctor --json` says of the company: since which day money lies in its clearing accounts."""
        days = [_seconds(f"{each.get('open_since')}T00:00:00+00:00") for each in findings]
        self._show({"clearing_oldest_timestamp_seconds": min((each for each in days if each), default=None)})

    def _show(self, values: Mapping[GaugeName, float | None]) -> None:
        for name, value in values.items():
            if value is None:
                self._telemetry.forget(name, self._company)
            else:
                self._telemetry.gauge(name, self._company, value)


def _table(said: object) -> Mapping[str, object]:
    """A table of the answer; nothing for `unknown`."""
    return said if isinstance(said, Mapping) else {}


def _number(said: object) -> float | None:
    return float(said) if isinstance(said, int | float) else None


def _seconds(said: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 time; None for `unknown` and for what never was."""
    try:
        return datetime.fromisoformat(said).timestamp() if isinstance(said, str) else None
    except ValueError:
        return None
