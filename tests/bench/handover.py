"""How soon a standby serves a company after a SIGTERM to its owner, by how many documents are recorded.

    python -m tests.bench.handover [DOCUMENTS]

A Kafka, a sandbox and two processes of the bridge, all real (Java 17+, Maven). The recorded documents lie before the
start of the books, so that nothing but the record of them is read.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from bridge.index.identities import Recorded
from bridge.journal.identities import identity_value
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import entry_record, home_partition
from bridge.kafka.reader import publish, read_topic
from contracts.keys import SourceKey
from contracts.records import OutboundRecord
from tests.support.fleet import PARTITIONS, Fleet, fleet_of, until
from tests.support.installation import Tenant
from tests.support.kafka.cluster import running_cluster
from tests.support.kafka.jars import KafkaMissing, find_java
from tests.support.verdict import all_told

DOCUMENTS = 100_000
ORDERS = 30
PATIENCE_S = 300.0


def main(arguments: Sequence[str]) -> None:
    """Run and print."""
    documents = int(arguments[0]) if arguments else DOCUMENTS
    try:
        find_java()
    except KafkaMissing as error:
        raise SystemExit(f"the hand-over is not measured: {error}") from None
    with running_cluster() as cluster, tempfile.TemporaryDirectory(prefix="qbo-bridge-handover-") as folder:
        connection = KafkaConnection(bootstrap_servers=cluster.bootstrap_servers)
        rows = asyncio.run(measure(connection, Path(folder), documents))
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows.items()))


async def measure(connection: KafkaConnection, folder: Path, documents: int) -> dict[str, str]:
    """Everything that is printed, by its name."""
    chance = Random(7)  # noqa: S311 - which partition an event goes to
    async with fleet_of(connection, folder) as fleet:
        (company,) = fleet.companies
        await publish(connection, _recorded(fleet, company, documents))
        owner = fleet.start("owner")
        await until(lambda: owner.phase(company.name) == "running", "the start", PATIENCE_S)
        heir = fleet.start("heir")
        await until(lambda: heir.phase(company.name) == "standby", "the standby", PATIENCE_S)
        sample = company.sample(7, ORDERS)
        half = len(sample.events) // 2
        await fleet.produce(sample.events[:half], chance)
        await all_told(fleet, half)
        asked_at = time.time()
        exit_s = await asyncio.to_thread(owner.terminate)
        await fleet.produce(sample.events[half:], chance)
        served_s = await _first_result_after(fleet, asked_at + exit_s) - asked_at
        await all_told(fleet, len(sample.events))
    return {
        "recorded documents": str(documents),
        "seconds from SIGTERM to the end of the owner": f"{exit_s:.2f}",
        "seconds from SIGTERM to the first result of its heir": f"{served_s:.2f}",
    }


def _recorded(fleet: Fleet, company: Tenant, documents: int) -> Iterator[OutboundRecord]:
    partition = home_partition(company.name, PARTITIONS)
    for number in range(documents):
        key = str(SourceKey("shopify", "order", str(6_000_000_000_000 + number)))
        value = identity_value(f"{company.name}:{key}", Recorded(left_out="before_start"))
        yield entry_record(fleet.topic("qbo.ids"), company.name, key, value, partition=partition)


async def _first_result_after(fleet: Fleet, since: float) -> float:
    """When the first result after this was published, by Kafka's clock."""
    while True:
        results = [record async for record in read_topic(fleet.kafka, fleet.topic("qbo.results"))]
        late = [record.timestamp_ms / 1000 for record in results if record.timestamp_ms / 1000 > since]
        if late:
            return min(late)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
