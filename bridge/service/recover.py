"""Looks up in the results topic which documents some entities of QBO stood for; see `bridge.books.recovery`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping

from bridge.books.recovery import EntityId, PublishedDocuments
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import read_topic
from contracts.entities import Entity
from contracts.marker_seal import MarkerSeal
from contracts.results import read_result


async def look_up_results(
    connection: KafkaConnection, results: str, company: str, seal: MarkerSeal, wanted: Collection[EntityId]
) -> Mapping[EntityId, Entity]:
    """What the results of the company say of these entities: the topic is read once, from its beginning."""
    published = PublishedDocuments(wanted, seal)
    async with contextlib.aclosing(read_topic(connection, results)) as records:
        async for record in records:
            if record.value and published.may_name(record.value):
                with contextlib.suppress(ValueError):  # the topic may be shared
                    published.add(read_result(record.value), company)
    return published.rows()
