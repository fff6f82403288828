"""What this process is doing, company by company: one board behind /livez, /readyz, /status and the metrics.

The machine says what happens through a `CompanyBoard`; each word goes to the snapshot and to the metrics at once, so
the two can never disagree. Nothing here decides anything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bridge.clock import Clock
from bridge.telemetry.measures import Measures
from bridge.telemetry.metrics import Telemetry
from contracts.lifecycle import Lifecycle, Phase, Standing
from contracts.results import THIN_EVENT, ResultStatus

_NOT_READY = {
    Phase.JOINING: "has not joined its consumer group",
    Phase.WARMING: "is warming",
    Phase.NEEDS_RECONNECT: "needs a person to connect it again",
    Phase.STOPPED: "is stopped",
}
_WITHOUT_OWNER = frozenset({Phase.JOINING, Phase.STANDBY})
FINDINGS_SHOWN_MAX = 100
PENDING_MAX_S = 30.0
"""Records that are at work for longer, with nothing committed, are told where no outage and no pause explains it."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _State:
    since: datetime
    polled_at_s: float | None = None
    results: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)
    index_entities: int = 0
    waiting_documents: int = 0
    dead_letters_in_a_row: int = 0
    duplicates: Sequence[dict[str, object]] = ()
    drifted: Sequence[dict[str, object]] = ()
    changes_known_until: datetime | None = None
    outage_wait_s: float | None = None
    kafka: str | None = None
    limits: dict[str, float] = field(default_factory=dict)
    pending_since_s: float | None = None
    asked_at_s: float = -math.inf
    asked_times: int = 0
    failures: int = 0
    failure: str | None = None
    records_at_once: int | None = None
    is_stuck: bool = False
    paused: str | None = None
    jobs: Sequence[dict[str, object]] = ()


class CompanyBoard:
    """What one company's owner, intake and client report."""

    def __init__(self, name: str, realm_id: str, *, telemetry: Telemetry, clock: Clock) -> None:
        self.name = name
        self.realm_id = realm_id
        self.telemetry = telemetry
        self.measures = Measures(name, telemetry=telemetry, clock=clock)
        self._clock = clock
        self._state = _State(clock.now())
        self.lifecycle = Lifecycle(self._entered)
        """Where the company stands: the intake and the owner report into it."""
        self._show_phase()

    @property
    def phase(self) -> Phase:
        """The phase that was entered last."""
        return self.lifecycle.phase

    def enter(self, phase: Phase, *, reason: str | None = None, epoch: int | None = None) -> None:
        """The company is in `phase` from now on; entering the same phase again only renews the reason."""
        self.lifecycle.enter(phase, reason=reason, epoch=epoch)

    def pause(self, reason: str | None) -> None:
        """A person has paused the company, in words; None while nobody has.

        It stays in its phase, which shows again afterwards, and is ready: a pause is no failure.
        """
        if reason != self._state.paused:
            self._state.paused = reason
            self._state.since = self._clock.now()
            self._show_phase()

    @property
    def _shown(self) -> tuple[Phase, str | None]:
        """The phase as people see it, and why."""
        if self._state.paused is not None:
            return Phase.PAUSED, self._state.paused
        return self.phase, self.lifecycle.standing.reason

    def gave_up(self, reason: str) -> None:
        """The company has left its group for good: it polls no more, which is no reason to restart the process."""
        self.enter(Phase.STOPPED, reason=reason)
        self._state.polled_at_s = None

    def outage(self, wait_s: float, reason: str) -> None:
        """QBO cannot answer; the next try comes in `wait_s` seconds. Before warm-up the company goes on warming."""
        self.lifecycle.outage(reason)
        self._state.outage_wait_s = wait_s
        self._show_phase()

    def refused_in_a_row(self, dead_letters: int) -> None:
        """So many dead letters of one reason came since something was booked last."""
        self._state.dead_letters_in_a_row = dead_letters
        self.telemetry.gauge("dead_letters_in_a_row", self.name, dead_letters)

    def recovered(self) -> None:
        """QBO answers again, be it after an outage or because a person has connected the company anew."""
        self._state.outage_wait_s = None
        self.lifecycle.recovered()

    def waits(self, wait_s: float) -> None:
        """The next try of an outage comes in `wait_s` seconds."""
        if self._state.outage_wait_s is not None:
            self._state.outage_wait_s = round(wait_s, 1)
            self._show_phase()

    def kafka(self, trouble: str | None) -> None:
        """What is wrong with Kafka, in words; None when it answers and has the event topics."""
        self._state.kafka = trouble
        self.telemetry.gauge("kafka_trouble", self.name, float(trouble is not None))

    def limited(self, *, waiting: int, fraction: float, pause_s: float, used: float) -> None:
        """Calls that wait for the limits, the parts of them that may be used and are, and what is left of a pause."""
        self._state.limits = {
            "waiting_calls": waiting,
            "fraction": round(fraction, 2),
            "pause_s": round(pause_s, 1),
            "used": round(used, 2),
        }
        self.telemetry.gauge("limit_used", self.name, used)
        self.telemetry.gauge("limit_waiting_calls", self.name, waiting)
        self.telemetry.gauge("limit_fraction", self.name, fraction)
        self.telemetry.gauge("limit_pause_seconds", self.name, pause_s)

    def asked(self, times: int, *, under_way: int) -> None:
        """So many calls went to QBO by now, and so many have no answer yet or wait for the limits."""
        if under_way or times != self._state.asked_times:
            self._state.asked_times, self._state.asked_at_s = times, self._clock.monotonic()

    def has_pending(self, pending: bool) -> None:  # noqa: FBT001 - it says itself what it is
        """Whether records are at work that are not committed; since when counts from the first time."""
        since = self._state.pending_since_s
        self._state.pending_since_s = (self._clock.monotonic() if since is None else since) if pending else None
        if not pending:
            self.telemetry.gauge("newest_record_age_seconds", self.name, 0.0)
        self.check_progress()

    def progress(self, *, failures: int, reason: str | None, records_at_once: int | None) -> None:
        """Failures since something was committed, the last one in words, and how few records are taken at once."""
        state = self._state
        state.failures, state.failure, state.records_at_once = failures, reason, records_at_once
        self.telemetry.gauge("failures_in_a_row", self.name, failures)
        self.telemetry.gauge("records_at_once", self.name, records_at_once or 0)

    def check_progress(self) -> None:
        """Tell once when the company does not get on any more, and once when it does; to be called now and then."""
        reason = self._stuck()
        if reason is not None and not self._state.is_stuck:
            log.error("company.no_progress", company=self.name, reason=reason)
        elif reason is None and self._state.is_stuck:
            log.info("company.progress", company=self.name)
        self._state.is_stuck = reason is not None
        self.telemetry.gauge("no_progress", self.name, float(self._state.is_stuck))

    def polled(self) -> None:
        """The consumer asked Kafka for records and got an answer, be it an empty one."""
        self._state.polled_at_s = self._clock.monotonic()

    def took(self, records: int, newest_age_s: float) -> None:
        """A micro-batch was taken; its newest record was `newest_age_s` old."""
        self.telemetry.observe("micro_batch_records", self.name, records)
        self.telemetry.gauge("newest_record_age_seconds", self.name, newest_age_s)

    def sent_wave(self, batch_items: Iterable[int]) -> None:
        """A wave went out in requests of these sizes."""
        self.telemetry.count("waves", self.name)
        for items in batch_items:
            self.telemetry.observe("qbo_batch_items", self.name, items)

    def committed(self, outcomes: Iterable[tuple[ResultStatus, str | None]], seconds: float) -> None:
        """A micro-batch was committed: the status and reason code of each of its records, and how long it took."""
        self.telemetry.observe("settle_seconds", self.name, seconds)
        for status, code in outcomes:
            self._state.results[status] += 1
            if code is not None:
                self._state.reasons[code] += 1
            self.telemetry.count("records", self.name, status=status.value, reason=code or "")

    def warned(self, codes: Iterable[str]) -> None:
        """Results were published that warn of these, each as often as it was."""
        self._state.warnings.update(codes)

    def called(self, *, reads: int, writes: int, batches: int, throttled: int = 0, unanswered: int = 0) -> None:
        """The client's running sums."""
        self._state.calls = {"reads": reads, "writes": writes, "batches": batches, "throttled": throttled}
        for kind, total in (("read", reads), ("write", writes), ("batch", batches)):
            self.telemetry.count_up_to("qbo_calls", self.name, total, kind=kind)
        self.telemetry.count_up_to("qbo_throttled", self.name, throttled)
        self.telemetry.count_up_to("qbo_unanswered", self.name, unanswered)

    def indexed(self, entities: int) -> None:
        """The posted index holds this many entities."""
        self._state.index_entities = entities
        self.telemetry.gauge("index_entities", self.name, entities)

    def found(self, *, duplicates: Sequence[dict[str, object]], drifted: Sequence[dict[str, object]]) -> None:
        """Documents that are in the books twice, and documents whose total is not what we wrote."""
        self._state.duplicates, self._state.drifted = duplicates, drifted
        self.telemetry.gauge("duplicate_documents", self.name, len(duplicates))
        self.telemetry.gauge("drifted_documents", self.name, len(drifted))

    def caught_up(self, until: datetime | None) -> None:
        """What people changed in QBO is known up to here."""
        self._state.changes_known_until = until

    def backfills(self, jobs: Sequence[dict[str, object]]) -> None:
        """The backfills that are asked for and not over, in their order, and how far each is."""
        self._state.jobs = jobs

    def waiting(self, documents: int) -> None:
        """Events that are parked until something they depend on exists."""
        self._state.waiting_documents = documents
        self.telemetry.gauge("waiting_documents", self.name, documents)

    def complaint(self) -> str | None:
        """Why this company is not ready here, in a sentence; None when it is."""
        phase, reason = self._shown
        is_explained = phase is Phase.STOPPED or (phase is Phase.WARMING and self._state.failures)
        why = f": {reason}" if is_explained and reason else ""
        said = [f"{self.name} {_NOT_READY[phase]}{why}"] if phase in _NOT_READY else []
        stuck = self._stuck()
        said += [f"{self.name} {stuck}"] if stuck else []
        said += [f"{self.name}: {self._state.kafka}"] if self._state.kafka else []
        return "; ".join(said) or None

    def notice(self) -> str | None:
        """What a person should know though the company is ready, in sentences; None when there is nothing."""
        paused = self._state.paused
        said = [f"{self.name} is {paused}"] if paused else []
        thin = self._state.warnings[THIN_EVENT]
        if thin:
            said.append(self._thin(thin))
        return "; ".join(said) or None

    def _thin(self, thin: int) -> str:
        return (
            f"{self.name}: {thin} events of Stripe named their object without holding it (thin events), and nothing of "
            "them is booked: set the event destination in Stripe to snapshot payloads"
        )

    def _stuck(self) -> str | None:
        """Why records that came are not committed, None where they are, or where an outage or a pause says why."""
        state, now_s = self._state, self._clock.monotonic()
        if state.pending_since_s is None or self._shown[0] not in {Phase.RUNNING, Phase.WARMING}:
            return None
        if now_s - state.pending_since_s < PENDING_MAX_S or state.outage_wait_s is not None:
            return None
        said = f"has records to read and has committed none for {now_s - state.pending_since_s:.0f} s"
        if state.failures:
            return f"{said}: {state.failure}"
        # because a call that QBO does not answer is an outage, which says so itself, and one that waits is a pause
        is_asking = now_s - state.asked_at_s < PENDING_MAX_S or state.limits.get("pause_s", 0) > 0
        return None if is_asking else f"{said}, nor asked anything of QuickBooks"

    def poll_age_s(self) -> float | None:
        """Seconds since the last good poll, None before the first."""
        at = self._state.polled_at_s
        return None if at is None else self._clock.monotonic() - at

    def snapshot(self) -> dict[str, object]:
        """The company's part of /status."""
        state, standing, age = self._state, self.lifecycle.standing, self.poll_age_s()
        phase, reason = self._shown
        return {
            "company": self.name,
            "realm_id": self.realm_id,
            "phase": phase.value,
            "since": state.since.isoformat(),
            "reason": reason,
            "epoch": standing.epoch,
            "last_poll_age_s": None if age is None else round(age, 1),
            "results": dict(state.results),
            "reasons": dict(state.reasons),
            "warnings": dict(state.warnings),
            "calls": dict(state.calls),
            "index_entities": state.index_entities,
            "waiting_documents": state.waiting_documents,
            "dead_letters_in_a_row": state.dead_letters_in_a_row,
            "duplicates": list(state.duplicates[:FINDINGS_SHOWN_MAX]),
            "drifted": list(state.drifted[:FINDINGS_SHOWN_MAX]),
            "changes_known_until": state.changes_known_until.isoformat() if state.changes_known_until else None,
            "outage_wait_s": state.outage_wait_s,
            "kafka": state.kafka,
            "failures_in_a_row": state.failures,
            "failure": state.failure,
            "records_at_once": state.records_at_once,
            "limits": dict(state.limits),
            "jobs": list(state.jobs),
        }

    def _entered(self, before: Standing) -> None:
        if self.phase is not before.phase:
            self._state.since = self._clock.now()
        if self.phase is not Phase.PAUSED:
            self._state.outage_wait_s = None
        self._show_phase()
        if self.phase in _WITHOUT_OWNER:
            self.measures.left()

    def _show_phase(self) -> None:
        standing, wait_s = self.lifecycle.standing, self._state.outage_wait_s
        for phase in Phase:
            self.telemetry.gauge("phase", self.name, float(phase is self._shown[0]), phase=phase.value)
        self.telemetry.gauge("epoch", self.name, standing.epoch or 0)
        if self.phase not in _WITHOUT_OWNER:
            self.telemetry.gauge("outage", self.name, float(wait_s is not None))
            self.telemetry.gauge("outage_wait_seconds", self.name, wait_s or 0.0)


class StatusBoard:
    """All companies of one process."""

    def __init__(self, *, clock: Clock, poll_age_max_s: float = 300.0, version: str = "") -> None:
        self.telemetry = Telemetry()
        self._clock = clock
        self._poll_age_max_s = poll_age_max_s
        self._version = version
        self.telemetry.build(version)
        self._started_at = clock.now()
        self._companies: dict[str, CompanyBoard] = {}

    def company(self, name: str, realm_id: str) -> CompanyBoard:
        """The board of a company, made when it is first asked for."""
        if name not in self._companies:
            self._companies[name] = CompanyBoard(name, realm_id, telemetry=self.telemetry, clock=self._clock)
        return self._companies[name]

    def ready(self) -> tuple[str, ...]:
        """Why this process is not ready, one sentence a company; empty when it is.

        Joined as a standby is ready, and so is an owner that QBO left after warm-up: restarting would not help.
        """
        if not self._companies:
            return ("no company has started yet",)
        return tuple(text for board in self._companies.values() if (text := board.complaint()))

    def notices(self) -> tuple[str, ...]:
        """What loses sales in this process though it is ready, one sentence a company."""
        return tuple(text for board in self._companies.values() if (text := board.notice()))

    def live(self) -> tuple[str, ...]:
        """Which consumers have not polled for too long; empty when this process is alive.

        A ping of the broker stays green while aiokafka's coordinator is dead, so only polls count. Kafka being away
        at start is no reason to restart: who never polled is not counted.
        """
        ages = ((board.name, board.poll_age_s()) for board in self._companies.values())
        return tuple(
            f"{name} has not polled for {age:.0f} s"
            for name, age in ages
            if age is not None and age > self._poll_age_max_s
        )

    def snapshot(self) -> dict[str, object]:
        """What /status shows."""
        not_ready = self.ready()
        return {
            "version": self._version,
            "started_at": self._started_at.isoformat(),
            "now": self._clock.now().isoformat(),
            "ready": not not_ready,
            "not_ready": list(not_ready),
            "warnings": list(self.notices()),
            "companies": [board.snapshot() for board in self._companies.values()],
        }
