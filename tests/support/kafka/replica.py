"""One replica in a process of its own, for tests that kill and freeze.

    python -m tests.support.kafka.replica ADDRESS COMPANY NAME

It journals every micro-batch, takes its time (as QBO would), and settles results together with the journal's
tombstones. It says on standard output what it does, one word and one number a line, and ends on SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import KafkaJournal
from contracts.records import InboundRecord, OutboundRecord
from tests.support.kafka.bus import Bus, Owner, member

WORK_S = 0.5


class JournallingOwner(Owner):
    """Journal, work, settle: the machine's order of things."""

    journal: KafkaJournal

    async def take_over(self, epoch: int) -> None:
        await super().take_over(epoch)
        unsettled = await self.journal.read()
        say("owner", epoch)
        say("unsettled", len(unsettled))

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        entry = f"wave-{records[0].partition}-{records[0].offset}"
        await self.journal.append([(entry, b"bytes")])
        say("journalled", len(records))
        await asyncio.sleep(WORK_S)
        results = await super().process(records)
        return (*results, self.journal.journal_record(entry, None))

    async def released(self) -> None:
        await super().released()
        say("released", self.epochs[-1] if self.epochs else 0)


def say(word: str, number: int) -> None:
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


async def run(address: str, company: str, name: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    bus = Bus(KafkaConnection(bootstrap_servers=address), company)
    owner = JournallingOwner(bus)
    async with member(bus, owner, process=name, max_records=40) as one:
        owner.journal = bus.journal(one.publisher)
        await bus.until(lambda: one.intake.joined)
        say("joined", one.intake.epoch)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
