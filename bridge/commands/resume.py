"""`qbo-bridge resume`: a company that stopped after too many dead letters goes on.

The stop is an entry in the company's journal, which the owner follows while it is stopped, on whatever machine it runs.
This ends the entry; without an owner just now, the next one finds nothing that stops it.
"""

from __future__ import annotations

from bridge.commands.output import screen
from bridge.commands.reading import company_journal
from bridge.config.settings import Settings
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.kafka.reader import publish
from bridge.service.app import kafka_connection
from contracts.errors import BridgeError


async def resume(settings: Settings, company: str) -> None:
    """End the stop of `company`. BridgeError when it is not stopped."""
    journal = company_journal(settings, settings.company(company).name)
    note = (await journal.read()).get(STOPPED_KEY)
    if note is None:
        raise BridgeError(
            f"There is nothing to resume: {company} has not stopped after too many dead letters. "
            "What else stops a company stands in /status and ends with a restart."
        )
    stop = Stop.from_bytes(note)
    await publish(kafka_connection(settings.kafka), [journal.journal_record(STOPPED_KEY, None)])
    out = screen()
    out.print(f"{company} goes on. It had {stop} at {stop.at[:19]}Z.", markup=False, soft_wrap=True)
    again = f"qbo-bridge dead-letters redrive --company {company} --reason {stop.code}"
    out.print(f"What was refused can be tried again: {again}", markup=False, soft_wrap=True)
