"""How a company's intake behaves; every number has the reason for its default beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """Defaults suit a real broker; the demo shortens the session, since the mock makes a rejoin wait for it."""

    max_records: int = 500
    """Records in one micro-batch: enough to fill QBO batches of 30 from a backlog."""

    poll_timeout_ms: int = 50
    """How long a poll waits for a first record, which ends it at once."""

    idle_sleep_ms: int = 1
    """FastStream sleeps this long after an empty poll; whatever comes meanwhile waits."""

    quiet_ms: int = 20
    """A micro-batch that is not full is closed when no record came for this long."""

    lone_quiet_ms: int = 4
    """The same where only a few records came at first: no backlog, and somebody waits for each of them."""

    few: int = 10
    """As many records at first are no backlog yet."""

    fill_max_s: float = 0.1
    """However steadily records trickle in, a micro-batch is handed out after this long."""

    session_timeout_ms: int = 12_000
    """After kill -9 a successor waits this long. Members have no static id: they leave at once when they stop."""

    heartbeat_interval_ms: int = 1_000
    """A standby learns from its heartbeat that the owner left; a second keeps the hand-over under two."""

    max_poll_interval_ms: int = 300_000
    """Polling goes on while a micro-batch is at work or paused, so this only catches a loop that hangs."""

    drain_timeout_s: float = 20.0
    """How long a rebalance or a stop waits for the running micro-batch; then it is abandoned (the journal knows it)."""

    drain_grace_s: float = 1.0
    """A micro-batch that ends by itself within this is not interrupted; an interrupted one comes again."""

    check_interval_s: float = 5.0
    """How often Kafka is asked whether it is there, and the event topics with it."""

    check_timeout_s: float = 5.0

    idle_interval_s: float = 1.0
    """How often the owner looks at what waits when there is nothing to consume."""

    backoff_min_s: float = 1.0
    backoff_max_s: float = 60.0
    """An outage: doubling between these two, with jitter, unless the outage itself says how long."""

    poll_age_max_s: float = 60.0
    """A consumer that has not polled for this long is rebuilt."""

    watch_interval_s: float = 1.0
    """How often the watchdog looks."""

    consumes: bool = True
    """False for an owner with work of its own (a backfill): nothing is taken from the group, no offset is committed."""
