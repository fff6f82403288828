"""Reading the bridge's own topics for the commands that show them."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

from bridge.commands.together import together
from bridge.config.settings import Settings
from bridge.kafka.journal import KafkaJournal
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.reader import read_topic
from bridge.service.settings import kafka_connection
from contracts.records import InboundRecord


def read_records(
    settings: Settings, topic: str, *, last: int | None = None, follow: bool = False
) -> AsyncGenerator[InboundRecord, None]:
    """The records of one topic; a broker that is away is one sentence and not its library's log lines.

    Whoever stops before the end closes it (`contextlib.aclosing`), or the consumer is left open.
    """
    quiet()
    return read_topic(kafka_connection(settings.kafka), topic, last=last, follow=follow)


async def read_tables(settings: Settings, company: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The record of Ids and the journal of a company, by their keys; a topic that is not there is empty."""
    journal = _table(settings, company, settings.topics.journal, view=True)
    return await together(company_ids(settings, company).read(), journal.read())


def company_journal(settings: Settings, company: str) -> KafkaJournal:
    """The journal of a company, for reading: its publisher is not open, so nothing can be written through it."""
    return _table(settings, company, settings.topics.journal, view=False)


def company_ids(settings: Settings, company: str) -> KafkaJournal:
    """The record of Ids of a company, for reading; a topic that is not there is empty."""
    return _table(settings, company, settings.topics.ids, view=True)


def _table(settings: Settings, company: str, topic: str, *, view: bool) -> KafkaJournal:
    quiet()
    connection = kafka_connection(settings.kafka)
    publisher = CompanyPublisher(company=company, connection=connection, dead_letters=settings.topics.dead_letters)
    return KafkaJournal(company=company, topic=topic, connection=connection, publisher=publisher, view=view)


def quiet() -> None:
    """A broker that is away is one sentence of ours, not its library's log lines."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
