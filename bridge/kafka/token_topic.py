"""The token store as a compacted topic: for replicas on several machines, sealed all the same.

A record's key is the company, its value what `seal` wrote. Whoever writes first fences, by the company's transactional
id, everybody who was about to write for it, then looks at what is there, and only then writes: a process that was
frozen or cut off between looking and writing can overwrite nothing. A refresh in progress is a record too, so that
others wait for it; it counts for a few seconds only, since its holder may have been killed.

On a broker without transactions nobody is fenced, and looking before writing is all there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from bridge.clock import Clock
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import home_partition
from bridge.kafka.producing import drop, producer_options, send
from bridge.kafka.reader import read_topic
from bridge.kafka.topics import partitions_of
from bridge.quickbooks.tokens import Overtaken, Tokens, is_sealed_with, seal, unseal
from contracts.errors import ConfigurationError, Unavailable
from contracts.records import InboundRecord, OutboundRecord

REFRESHING = " refreshing"
"""Behind the company in the key of the record that says who is refreshing."""

REFRESH_MAX_S = 15.0
"""How long a refresh in progress holds back the others; a killed holder delays its successor by no more."""

_POLL_S = 0.25
_STEP_TIMEOUT_S = 30.0
_TRANSACTION_TIMEOUT_MS = 10_000
_RETRY_S = 5.0
_WRITES_MAX = 8

Newest = Mapping[str, InboundRecord]
"""The newest record of each key of one company; a tombstone is left out."""

log = structlog.get_logger(__name__)


class KafkaTokenStore:
    """A `TokenStore` in *topic*, sealed with the 32 bytes of *key*.

    What one of the *former* keys sealed is sealed anew when it is loaded.
    """

    def __init__(
        self, topic: str, key: bytes, connection: KafkaConnection, clock: Clock, *, former: Sequence[bytes] = ()
    ) -> None:
        self._topic = topic
        self._key = key
        self._former = tuple(former)
        self._connection = connection
        self._clock = clock

    def __repr__(self) -> str:
        return f"KafkaTokenStore({self._topic!r})"

    async def load(self, realm_id: str) -> Tokens | None:
        """The company's newest tokens; read to the end that the topic has now."""
        async with self._reachable():
            newest = await self._read(realm_id)
        tokens, record = self._tokens(realm_id, newest), newest.get(realm_id)
        if tokens is not None and record is not None and not is_sealed_with(self._key, realm_id, record.value or b""):
            with contextlib.suppress(Overtaken, Unavailable):  # because whoever was faster has sealed newer tokens
                await self.supersede(realm_id, tokens, tokens)
        return tokens

    async def save(self, realm_id: str, tokens: Tokens) -> None:
        """Keep the tokens whatever is there; acknowledged by all in-sync replicas before it returns."""
        await self._write(realm_id, realm_id, seal(self._key, realm_id, tokens), lambda _: True)

    async def supersede(self, realm_id: str, old: Tokens | None, new: Tokens) -> None:
        """Keep the tokens over `old` or over nothing."""
        sealed = seal(self._key, realm_id, new)
        await self._write(realm_id, realm_id, sealed, lambda newest: self._tokens(realm_id, newest) in (None, old))

    @contextlib.asynccontextmanager
    async def exclusive(self, realm_id: str) -> AsyncIterator[None]:
        """Whoever refreshes, over all processes; a holder that is silent for seconds is taken for dead."""
        name, mine = realm_id + REFRESHING, os.urandom(16)
        await self._begin_refresh(realm_id, name, mine)
        try:
            yield
        finally:
            with contextlib.suppress(Overtaken, Unavailable):  # it ends by itself
                await self._write(realm_id, name, None, lambda newest: name in newest and newest[name].value == mine)

    async def _begin_refresh(self, realm_id: str, name: str, mine: bytes) -> None:
        until = self._clock.monotonic() + REFRESH_MAX_S

        def may_begin(newest: Newest) -> bool:
            began = newest.get(name)
            age_s = self._clock.now().timestamp() - began.timestamp_ms / 1000 if began else REFRESH_MAX_S
            return age_s >= REFRESH_MAX_S or self._clock.monotonic() >= until  # the second for clocks that disagree

        while True:
            try:
                return await self._write(realm_id, name, mine, may_begin)
            except Overtaken:
                await self._clock.sleep(_POLL_S)

    def _tokens(self, realm_id: str, newest: Newest) -> Tokens | None:
        record = newest.get(realm_id)
        return unseal(self._key, realm_id, record.value or b"", former=self._former) if record is not None else None

    async def _read(self, realm_id: str) -> dict[str, InboundRecord]:
        """The company's records, with all that was committed before this moment."""
        partition, newest = await self._partition(realm_id), dict[str, InboundRecord]()
        wanted = {realm_id.encode(), (realm_id + REFRESHING).encode()}
        records = read_topic(self._connection, self._topic, partitions=(partition,), past_open_transactions=True)
        async for record in records:
            if record.key in wanted:
                key = record.key.decode()
                newest.pop(key, None)
                if record.value is not None:
                    newest[key] = record
        return newest

    async def _partition(self, realm_id: str) -> int:
        partitions = await partitions_of(self._connection, self._topic)
        if not partitions:
            raise ConfigurationError(
                f"the token topic {self._topic} does not exist: create it with cleanup.policy=compact, "
                "or let topics.create = true do it"
            )
        return home_partition(realm_id, len(partitions))

    async def _write(self, realm_id: str, key: str, value: bytes | None, may: Callable[[Newest], bool]) -> None:
        """Write one record if *may* says so of what is there; Overtaken when it says no."""
        for _ in range(_WRITES_MAX):
            try:
                async with self._reachable(), self._writer(realm_id) as producer:
                    newest = await self._read(realm_id)
                    if value is not None and key in newest and newest[key].value == value:
                        return  # an earlier try was committed after all
                    if not may(newest):
                        raise Overtaken(realm_id)
                    record = OutboundRecord(
                        topic=self._topic, key=key.encode(), value=value, partition=await self._partition(realm_id)
                    )
                    await self._send(producer, record)
                    return
            except (ProducerFenced, InvalidProducerEpoch):
                log.debug("qbo.token_writer_fenced", topic=self._topic)
                await self._clock.sleep(random.uniform(0.0, _POLL_S))  # noqa: S311 - so that two do not meet again
        raise Unavailable(f"others keep writing to the token topic {self._topic}", retry_after_s=_RETRY_S)

    @contextlib.asynccontextmanager
    async def _writer(self, realm_id: str) -> AsyncIterator[AIOKafkaProducer]:
        """The company's one writer: starting it fences the one before and waits for that one's transaction to end."""
        options = producer_options(self._connection)
        if self._connection.transactions:
            name = self._connection.token_writer_id(self._topic, realm_id)
            options |= {"transactional_id": name, "transaction_timeout_ms": _TRANSACTION_TIMEOUT_MS}
        producer = AIOKafkaProducer(**options)
        try:
            await producer.start()
            yield producer
        finally:
            await drop(producer)

    async def _send(self, producer: AIOKafkaProducer, record: OutboundRecord) -> None:
        if not self._connection.transactions:
            await (await send(producer, record))
            return
        await producer.begin_transaction()
        await (await send(producer, record))
        await producer.commit_transaction()

    @contextlib.asynccontextmanager
    async def _reachable(self) -> AsyncIterator[None]:
        """Kafka's own trouble, and its silence, as Unavailable; being fenced is for whoever writes."""
        try:
            async with asyncio.timeout(_STEP_TIMEOUT_S):
                yield
        except (ProducerFenced, InvalidProducerEpoch):
            raise
        except (KafkaError, OSError) as error:
            said = f"the token topic {self._topic} cannot be reached: {type(error).__name__}"
            raise Unavailable(said, retry_after_s=_RETRY_S) from error
