"""The metric catalogue: every number that the bridge tells Prometheus, with its kind, labels and meaning.

Names are a Literal, so that an unknown metric is a type error and dashboards can rely on this file. All of them begin
with `qbo_bridge_` and carry the label `company`; counters get Prometheus' own `_total`. No label ever holds a document,
a person or a secret: labels come from small closed sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PREFIX = "qbo_bridge_"

CounterName = Literal["records", "qbo_calls", "qbo_throttled", "qbo_unanswered", "qbo_faults", "waves"]
GaugeName = Literal[
    "phase",
    "epoch",
    "outage",
    "outage_wait_seconds",
    "index_entities",
    "waiting_documents",
    "dead_letters_in_a_row",
    "failures_in_a_row",
    "records_at_once",
    "no_progress",
    "duplicate_documents",
    "drifted_documents",
    "newest_record_age_seconds",
    "kafka_trouble",
    "limit_waiting_calls",
    "limit_fraction",
    "limit_pause_seconds",
    "limit_used",
    "behind_records",
    "behind_seconds",
    "last_success_timestamp_seconds",
    "open_dead_letters",
    "open_dead_letters_amount",
    "waiting_oldest_timestamp_seconds",
    "removed_documents",
    "token_expires_timestamp_seconds",
    "reads_this_month",
    "reads_share",
    "survey_timestamp_seconds",
    "rules_info",
    "clearing_oldest_timestamp_seconds",
]
HistogramName = Literal[
    "micro_batch_records", "qbo_batch_items", "settle_seconds", "qbo_seconds", "event_to_booked_seconds"
]
MetricName = CounterName | GaugeName | HistogramName | Literal["build_info"]

_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_ITEMS = (1, 2, 5, 10, 15, 20, 25, 30)
_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CALL_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60, 120)
_LATENCY_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400)


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the catalogue; `labels` are those beside `company`, which only `build_info` is without."""

    name: MetricName
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


COUNTERS: tuple[Metric, ...] = (
    Metric("records", "records that were settled, by what became of them and why", ("status", "reason")),
    Metric("qbo_calls", "calls sent to QBO, resends included; reads are what Intuit meters", ("kind",)),
    Metric("qbo_throttled", "answers 429: somebody used more than this company's limits"),
    Metric("qbo_unanswered", "calls whose outcome stayed unknown at first and were sent again, byte for byte"),
    Metric("qbo_faults", "calls that QBO refused or failed at, by its code; other for codes unknown here", ("code",)),
    Metric("waves", "waves of posting steps that were sent"),
)

GAUGES: tuple[Metric, ...] = (
    Metric("phase", "1 for the phase that the company is in, 0 for the others", ("phase",)),
    Metric("epoch", "the ownership epoch of this process, 0 while it owns nothing"),
    Metric("outage", "1 while QBO cannot be reached and the company waits"),
    Metric("outage_wait_seconds", "how long the present wait before the next try is"),
    Metric("index_entities", "QBO entities in the posted index"),
    Metric("waiting_documents", "events parked until something that they depend on exists"),
    Metric("duplicate_documents", "markers that more than one live transaction of a type carries: alert above 0"),
    Metric("drifted_documents", "transactions whose total is not what the bridge wrote: a person changed them"),
    Metric("dead_letters_in_a_row", "dead letters of one reason since something was booked last; too many stop it"),
    Metric("failures_in_a_row", "failures of the bridge itself since something was committed last"),
    Metric("records_at_once", "records that are taken at once because of such failures, 0 for as many as come"),
    Metric("no_progress", "1 while records came and none was committed for 30 s, and no outage or pause is why"),
    Metric("kafka_trouble", "1 while Kafka does not answer after a good start, or an event topic is missing"),
    Metric("limit_waiting_calls", "calls to QBO that wait for the company's limits"),
    Metric("limit_fraction", "the part of each limit that is used: 1, less after a 429 or a change of owner"),
    Metric("limit_pause_seconds", "how long a 429 still pauses the company"),
    Metric("limit_used", "the part of the fullest limit of a minute, as published, that the last minute has used"),
    Metric("newest_record_age_seconds", "age of the newest record at work when it was taken, 0 while none is"),
    Metric("behind_records", "records between the committed offsets and the ends, those of other companies included"),
    Metric("behind_seconds", "how long the oldest of them has been there, 0 without any"),
    Metric("last_success_timestamp_seconds", "when something was booked last, seconds since the epoch"),
    Metric("open_dead_letters", "dead letters that nobody has settled, redriven or dismissed"),
    Metric("open_dead_letters_amount", "what the sales of the open dead letters are worth", ("currency",)),
    Metric("waiting_oldest_timestamp_seconds", "since when the oldest event waits; absent where none does"),
    Metric("removed_documents", "documents of ours that people deleted, or voided with their marker"),
    Metric("token_expires_timestamp_seconds", "when the refresh token ends if nobody uses it"),
    Metric("reads_this_month", "metered reads of the month (UTC), those of commands included"),
    Metric("reads_share", "the part of the month's free reads that is used"),
    Metric("survey_timestamp_seconds", "when all that only a survey of the topics tells was looked at last"),
    Metric("rules_info", "1 for the version of the rules that this process books by", ("version",)),
    Metric("clearing_oldest_timestamp_seconds", "since which day (UTC) money lies in a clearing account; absent: none"),
)

OF_OWNER: tuple[GaugeName, ...] = (
    "outage",
    "outage_wait_seconds",
    "index_entities",
    "waiting_documents",
    "dead_letters_in_a_row",
    "duplicate_documents",
    "drifted_documents",
    "newest_record_age_seconds",
)
"""What only the owner of a company knows of it: gone where another process owns it, so that nothing old stays there."""

HISTOGRAMS: tuple[Metric, ...] = (
    Metric("micro_batch_records", "records in one micro-batch", buckets=_RECORDS),
    Metric("qbo_batch_items", "items in one QBO batch request: how well waves fill it", buckets=_ITEMS),
    Metric("settle_seconds", "from taking a micro-batch to its commit", buckets=_SECONDS),
    Metric("qbo_seconds", "how long a call to QBO took, each try by itself", ("kind",), buckets=_CALL_SECONDS),
    Metric("event_to_booked_seconds", "from a record's time to its booking", buckets=_LATENCY_SECONDS),
)

BUILD = Metric("build_info", "1 for the version of the bridge that this process runs", ("version",))

CATALOGUE: tuple[Metric, ...] = (*COUNTERS, *GAUGES, *HISTOGRAMS, BUILD)


class Telemetry:
    """The catalogue in a registry of its own, so that two bridges in one test do not share numbers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters = {metric.name: self._counter(metric) for metric in COUNTERS}
        self._gauges = {metric.name: self._gauge(metric) for metric in GAUGES}
        self._histograms = {metric.name: self._histogram(metric) for metric in HISTOGRAMS}
        self._build = Gauge(PREFIX + BUILD.name, BUILD.help, BUILD.labels, registry=self._registry)
        self._last_totals: dict[tuple[str, ...], float] = {}

    def count(self, name: CounterName, company: str, amount: float = 1, **labels: str) -> None:
        """Add `amount` to a counter."""
        self._counters[name].labels(company=company, **labels).inc(amount)

    def count_up_to(self, name: CounterName, company: str, total: float, **labels: str) -> None:
        """Raise a counter by what `total`, a running sum kept elsewhere, has grown since it was last told."""
        labelled = (name, company, *labels.values())
        self.count(name, company, max(0.0, total - self._last_totals.get(labelled, 0.0)), **labels)
        self._last_totals[labelled] = total

    def gauge(self, name: GaugeName, company: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._gauges[name].labels(company=company, **labels).set(value)

    def forget(self, name: GaugeName, company: str) -> None:
        """Nobody here knows this of the company any more: no number is better than an old one."""
        self._gauges[name].remove_by_labels({"company": company})

    def observe(self, name: HistogramName, company: str, value: float, **labels: str) -> None:
        """Put `value` into a histogram."""
        self._histograms[name].labels(company=company, **labels).observe(value)

    def build(self, version: str) -> None:
        """Show which version this process runs."""
        self._build.labels(version=version).set(1)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(PREFIX + metric.name, metric.help, ("company", *metric.labels), registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(PREFIX + metric.name, metric.help, ("company", *metric.labels), registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            PREFIX + metric.name,
            metric.help,
            ("company", *metric.labels),
            registry=self._registry,
            buckets=metric.buckets,
        )
