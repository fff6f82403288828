"""What the metrics say of topics and books: how far each company is behind, and now and then what commands tell.

The backlog is asked of the brokers every few seconds. The rest means reading whole topics, or the books, which would
hold up the companies of this process: so `status` and, seldom, `doctor` are run for it, in processes of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import structlog

from bridge.kafka.backlog import backlog_of
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import BrokerError
from bridge.telemetry.status import CompanyBoard

BACKLOG_EVERY_S = 15.0
FIRST_SURVEY_AFTER_S = 60.0
"""A service that starts has better to do."""
SURVEY_EVERY_S = 300.0
SURVEY_MAX_S = 120.0
FIRST_EXAMINATION_AFTER_S = 180.0
EXAMINE_EVERY_S = 6 * 3600.0
"""Each costs some twenty metered reads a company: a day's are a two-hundredth of a day's free ones."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RepeatedCommand:
    """A command whose words are shown: run once so many seconds after the start, and then every so many."""

    words: Sequence[str]
    first_after_s: float
    every_s: float


async def watch_backlog(connection: KafkaConnection, topics: Sequence[str], board: CompanyBoard) -> None:
    """Keep telling how far the company is behind in `topics`, owned here or not."""
    while True:
        await asyncio.sleep(BACKLOG_EVERY_S)
        try:
            backlog = await backlog_of(connection, board.name, topics)
        except (BrokerError, OSError):  # who owns the company tells of Kafka's trouble
            board.measures.behind_unknown()
        else:
            board.measures.behind(backlog.records, backlog.seconds(time.time()))


async def keep_surveying(survey: RepeatedCommand, boards: Mapping[str, CompanyBoard]) -> None:
    """Run `survey`, which is `qbo-bridge status --json`, again and again, and show what it says."""
    await asyncio.sleep(survey.first_after_s)
    while True:
        took_in = take_in(await run_survey(survey.words), boards)
        if took_in < len(boards):
            log.warning("survey.failed", companies=len(boards) - took_in)
        await asyncio.sleep(survey.every_s)


async def keep_examining(examination: RepeatedCommand, boards: Mapping[str, CompanyBoard]) -> None:
    """Run `examination`, which is `qbo-bridge doctor --json`, again and again, and show what it says of the books."""
    await asyncio.sleep(examination.first_after_s)
    while True:
        take_in_findings(await run_survey(examination.words), boards)
        await asyncio.sleep(examination.every_s)


async def run_survey(command: Sequence[str], wait_s: float = SURVEY_MAX_S) -> bytes:
    """What the command prints; nothing where it takes longer than `wait_s` seconds."""
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        printed, _ = await asyncio.wait_for(child.communicate(), wait_s)
    except TimeoutError:
        return b""
    else:
        return printed
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.communicate()  # waited for: neither a zombie nor an open pipe stays with the service


def take_in(printed: bytes, boards: Mapping[str, CompanyBoard]) -> int:
    """Show each line's facts on the board of its company; of how many companies there were any."""
    found = {name: facts for name, facts in _facts(printed.splitlines()) if name in boards}
    for name, facts in found.items():
        boards[name].measures.surveyed(facts)
    return len(found)


def take_in_findings(printed: bytes, boards: Mapping[str, CompanyBoard]) -> None:
    """Show the findings of each company on its board; without any nothing is known of it."""
    found = list(_facts(printed.splitlines()))
    for name, board in boards.items():
        board.measures.examined([facts for company, facts in found if company == name])


def _facts(lines: Iterable[bytes]) -> Iterable[tuple[str, Mapping[str, object]]]:
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            facts = orjson.loads(line)
            yield str(facts["company"]), facts
