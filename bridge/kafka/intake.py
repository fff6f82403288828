"""A company's records, from its consumer group to its owner: FastStream's batch subscriber, made safe for money.

What FastStream 0.7.8 would do by itself, and what is done here instead:

* its batch parser decodes every header as UTF-8; one null or non-UTF-8 header raises before any code of ours runs, the
  loop swallows it, and the next commit skips the whole batch: our `parse` touches no byte, our decoder returns the raw
  records;
* it acknowledges first, commits by itself and starts at `latest`: `MANUAL`, and `earliest`, so that a new group books
  the backlog;
* an exception in the handler does not stop consumption, and one in a rebalance is only logged: neither raises, both end
  the consumer, and the next one reads what is committed, each time a little later;
* `ack()` commits the positions of all assigned partitions: only explicit offsets are committed, after the work;
* its ping stays green while aiokafka's coordinator is dead: `run` watches the polls and builds a new consumer.

FastStream logs two lines a batch; it gets no logger, and what a person should know is logged here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.consumer import PollHealth, WatchedConsumer
from bridge.kafka.convert import inbound_or_unread
from bridge.kafka.inbox import MicroBatch
from bridge.kafka.owner import CompanyOwner, Signals
from bridge.kafka.ownership import Ownership
from bridge.kafka.ownership_session import OwnershipSession
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.security import faststream_security
from bridge.kafka.settings import IntakeSettings
from contracts.containment import in_short, trace_of
from contracts.lifecycle import Lifecycle, Phase

RawBatch = tuple[ConsumerRecord[bytes, bytes], ...]

RESTART_WAIT_S = 1.0

log = structlog.get_logger(__name__)


class CompanyIntake:
    """Consumes the event topics for one company. `run` serves until `stop`, or raises what the company failed with."""

    def __init__(  # noqa: PLR0913 - the parts of one company's intake
        self,
        *,
        company: str,
        topics: tuple[str, ...],
        connection: KafkaConnection,
        owner: CompanyOwner,
        publisher: CompanyPublisher,
        process: str,
        lifecycle: Lifecycle,
        settings: IntakeSettings | None = None,
        signals: Signals | None = None,
        middlewares: Sequence[Any] = (),
    ) -> None:
        self.company = company
        self._middlewares = middlewares
        self._missed: str | None = None
        self._broken_joins = 0
        self._broken_by: Exception | None = None
        self._failure = ""
        self._topics = topics
        self._connection = connection
        self._settings = settings or IntakeSettings()
        self._health = PollHealth()
        self._ownership = Ownership(company, process)
        self._session = OwnershipSession(
            company=company,
            owner=owner,
            publisher=publisher,
            lifecycle=lifecycle,
            settings=self._settings,
            signals=signals,
        )
        self._listener = _Listener(self)
        self._broker: KafkaBroker | None = None
        self._consumer: WatchedConsumer | None = None
        self._stopping = asyncio.Event()

    @property
    def phase(self) -> Phase:
        """Where the company stands in this process."""
        return self._session.phase

    @property
    def trouble(self) -> str | None:
        """What is wrong with Kafka though this process has joined, in words.

        It is away, a topic is missing, or its records cannot be read (a damaged batch, an unknown codec).
        """
        unread = self._health.error
        if self._broken_joins:
            return (
                f"reading {', '.join(self._topics)} failed {self._broken_joins} times, the last time by {self._failure}"
            )
        return self._missed or (f"records of {', '.join(self._topics)} cannot be read: {unread}" if unread else None)

    @property
    def epoch(self) -> int:
        """The epoch of the newest assignment that this process has seen."""
        return self._ownership.epoch

    @property
    def joined(self) -> bool:
        """Whether the group has told this process its part."""
        return self._session.owns is not None and self.phase is not Phase.STOPPED

    @property
    def owned_elsewhere(self) -> bool:
        """True when the newest assignment gives the company to another member."""
        return self._session.owns is False

    def poll_age_s(self) -> float | None:
        """Seconds since the last good poll, None while Kafka is waited for: for `/livez`."""
        return self._health.age_s()

    def resume(self) -> None:
        """End a pause of this company early."""
        self._session.resume()

    async def run(self) -> None:
        """Join, consume, and rebuild a consumer that died, until `stop` is called or the company fails."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set() and not self._session.failure.done():
                served = asyncio.create_task(self._serve_once())
                endings: set[asyncio.Future[Any]] = {served, stopping, self._session.failure}
                await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
                served.cancel()
                (ended,) = await asyncio.gather(served, return_exceptions=True)
                if isinstance(ended, Exception):
                    await self._wait_after(ended)
        finally:
            stopping.cancel()
            try:
                await self._session.drain()
            finally:
                await self._disconnect()
        if self._session.failure.done():
            self._session.failure.result()

    async def _wait_after(self, error: Exception) -> None:
        """A bug in joining or leaving ends nothing: it is told, and joined is again, each time a little later."""
        wait_s = min(self._settings.backoff_max_s, RESTART_WAIT_S * 2 ** min(self._broken_joins, 16))
        self._broken_joins += 1
        self._failure = in_short(error)
        log.error("kafka.join_failed", company=self.company, reason=self._failure, trace=trace_of(error), wait_s=wait_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def stop(self) -> None:
        """Ask `run` to drain, to leave the group and to return."""
        self._stopping.set()

    # One consumer's life -----------------------------------------------------------------------------------------

    async def _serve_once(self) -> None:
        """Join and stay until the watchdog wants a new consumer; Kafka being away is waited for.

        Raises the bug of ours that a rebalance or a poll has met, once everything of this consumer is let go.
        """
        self._broken_by = None
        try:
            await self._connect()
            looking = asyncio.create_task(self._keep_checking())
            try:
                await self._watch()
            finally:
                looking.cancel()
        except (KafkaError, OSError) as error:
            log.warning("kafka.unreachable", company=self.company, topics=self._topics, error=repr(error))
        try:
            await self._session.end()
        finally:
            await self._disconnect()
        await self._session.end()  # a last rebalance of the old consumer may have begun another
        if self._broken_by is not None:
            raise self._broken_by
        self._broken_joins = 0
        await asyncio.sleep(RESTART_WAIT_S)

    async def _connect(self) -> None:
        """Start a subscriber; returns when the group has assigned its part."""
        self._broker = broker = self._build_broker()
        await broker.connect()
        config = broker.config.broker_config
        config.builder = functools.partial(
            WatchedConsumer,
            **config.builder.keywords,  # type: ignore[attr-defined] # a partial, that FastStream types as a callable
            health=self._health,
            generation=lambda: self._session.generation,
            settings=self._settings,
            on_built=self._built,
        )
        await broker.start()
        self._health.renewed()

    def _built(self, consumer: WatchedConsumer) -> None:
        """FastStream sets its `consumer` too late for the listener, which runs while the consumer starts."""
        self._consumer = consumer

    async def _watch(self) -> None:
        """Return when polling has failed or stalled for good, or when a bug of ours has lost what was polled."""
        well_at_s = time.monotonic() + self._settings.backoff_max_s
        while True:
            await asyncio.sleep(self._settings.watch_interval_s)
            if self._broken_by is not None:
                return
            if time.monotonic() >= well_at_s:
                # because a consumer that lives longer than the longest wait has left the bug behind
                self._broken_joins = 0
            age_s = self._health.age_s() or 0.0
            if self._health.is_broken or age_s > self._settings.poll_age_max_s:
                log.warning("kafka.consumer_rebuilt", company=self.company, poll_age_s=round(age_s, 1))
                return

    async def _keep_checking(self) -> None:
        """Ask Kafka itself now and then: a poll of a broker that is away comes back empty, as if all were well."""
        while True:
            self._note(await self._check())
            await asyncio.sleep(self._settings.check_interval_s)

    async def _check(self) -> str | None:
        try:
            there = await asyncio.wait_for(self._polling().topics(), self._settings.check_timeout_s)
        except (KafkaError, OSError, TimeoutError):
            return f"Kafka at {self._connection.bootstrap_servers} does not answer"
        missing = [topic for topic in self._topics if topic not in there]
        return f"the topics {', '.join(missing)} do not exist" if missing else None

    def _note(self, trouble: str | None) -> None:
        """Say it once when it begins and once when it ends."""
        if trouble is not None and trouble != self._missed:
            log.warning("kafka.trouble", company=self.company, reason=trouble)
        elif trouble is None and self._missed is not None:
            log.info("kafka.recovered", company=self.company)
        self._missed = trouble

    async def _disconnect(self) -> None:
        if self._broker is not None:
            await self._broker.stop()
            self._broker = None
        self._health.ended()

    def _build_broker(self) -> KafkaBroker:
        broker = KafkaBroker(
            self._connection.addresses,
            security=faststream_security(self._connection),
            client_id=self._connection.client_id,
            request_timeout_ms=self._connection.request_timeout_ms,
            metadata_max_age_ms=self._connection.metadata_max_age_ms,
            consumer_only=True,
            middlewares=self._middlewares,
            allow_auto_create_topics=False,
            graceful_timeout=self._settings.drain_timeout_s,
            logger=None,
            apply_types=False,
        )
        subscriber = broker.subscriber(
            *self._topics,
            batch=True,
            group_id=self._connection.group_id(self.company),
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            isolation_level=self._connection.isolation_level,
            partition_assignment_strategy=(self._ownership.assignor(),),
            listener=self._listener,
            parser=self.parse,
            decoder=_raw,
            max_records=self._settings.max_records,
            batch_timeout_ms=self._settings.idle_sleep_ms,
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.heartbeat_interval_ms,
            max_poll_interval_ms=self._settings.max_poll_interval_ms,
            rebalance_timeout_ms=int(self._settings.drain_timeout_s * 1000) + self._settings.session_timeout_ms,
            no_reply=True,
        )
        subscriber(self.on_records)
        return broker

    # Records -----------------------------------------------------------------------------------------------------

    async def parse(self, records: RawBatch) -> KafkaMessage:
        """A FastStream message that carries the records as they are."""
        first = records[0]
        return KafkaMessage(
            body=b"",
            raw_message=records,
            headers={},
            batch_headers=[],
            message_id=f"{first.topic}:{first.partition}:{first.offset}",
            consumer=self._polling(),
        )

    async def on_records(self, records: RawBatch) -> None:
        """Hand one poll's records to the session and return, so that polling (and with it the membership) goes on.

        FastStream would swallow what is raised here, and the next commit would skip the records.
        """
        try:
            inbounds = tuple(inbound_or_unread(record) for record in records)
            self._session.offer(MicroBatch(records=inbounds, generation=self._polling().polled_in))
        except Exception as error:  # noqa: BLE001 - a bug of ours, which must not pass unseen
            self._break(error)

    async def partitions_revoked(self) -> None:
        """A rebalance began. An error here would only be logged by aiokafka."""
        try:
            await self._session.revoked()
        except Exception as error:  # noqa: BLE001 - see above
            self._break(error)

    async def partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """A rebalance ended; the assignor has learned the epoch just before."""
        try:
            await self._session.assigned(self._polling(), assigned, self._ownership.epoch)
        except Exception as error:  # noqa: BLE001 - see above
            self._break(error)

    def _break(self, error: Exception) -> None:
        """A bug of ours: take nothing more from this consumer, which is given up soon."""
        # because the position has moved past what was lost, only what is committed says where to go on
        self._broken_by = self._broken_by or error
        self._session.lose_positions()

    def _polling(self) -> WatchedConsumer:
        if self._consumer is None:
            raise RuntimeError("no consumer was built yet")
        return self._consumer


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """What aiokafka calls; it takes nothing that is not of its own class."""

    def __init__(self, intake: CompanyIntake) -> None:
        self._intake = intake

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - aiokafka's signature
        await self._intake.partitions_revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._intake.partitions_assigned(assigned)


async def _raw(message: Any) -> RawBatch:
    """The decoder: whatever the bytes are, our own decoding owns them."""
    records: RawBatch = message.raw_message
    return records
