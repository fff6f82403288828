"""Reading a company's own events for the commands that map them anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.commands.progress import ProgressBar
from bridge.config.settings import Settings
from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.kafka.range import Missing, TimeSpan, open_range
from bridge.service.settings import company_router, kafka_connection
from contracts.records import InboundRecord
from mappings.rules import MappingRules

BATCH_RECORDS = 500

Take = Callable[[Sequence[InboundRecord], Sequence[MappedRecord]], None]
"""Takes in a micro-batch: the records that were read, and what those of the company mean."""


async def read_events(
    settings: Settings, company: str, rules: MappingRules, span: TimeSpan, bar: ProgressBar, take: Take
) -> Sequence[Missing]:
    """Map every record of the span by `rules` and hand it on; what retention has removed of it.

    KafkaError when Kafka is away.
    """
    mapper, read = EventMapper(company, company_router(settings), rules), 0
    async with open_range(kafka_connection(settings.kafka), settings.topics.events, span) as reader:
        async for batch in reader.batches(BATCH_RECORDS):
            take(
                batch.records,
                [each for record in batch.records if (each := mapper.map_record(record)) is not None],
            )
            read += len(batch.records)
            bar.show(batch.passed, reader.offsets, f"{read} records read")
        return reader.missing
