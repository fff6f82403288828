"""Where the facts of `status` come from: Kafka, from anywhere, and the service's own /status where it answers.

All of it is asked at once, and whoever does not answer makes only its own facts unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar

from bridge.clock import SystemClock
from bridge.commands.booked import LastBooked
from bridge.commands.dead_letters.causes import money_at_risk
from bridge.commands.dead_letters.standing import StandingLetter, standing_letters
from bridge.commands.glance import glance_at
from bridge.commands.reading import company_journal, quiet, read_records
from bridge.commands.status.facts import CompanyStatus, OpenLetters, PeoplesChanges, WaitingEvents
from bridge.commands.status.phase import of_the_owner, phase_of
from bridge.commands.status.service import ServiceWord, address_of, ask_service, of_owner
from bridge.commands.status.unknown import Unknown
from bridge.config.settings import CompanySettings, Settings
from bridge.journal.entries import LOST_MARKER
from bridge.journal.jobs import Job, read_jobs
from bridge.journal.known_until import read_known_until
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.reads import reads_of_month
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.journal.waiting import waiting_since
from bridge.kafka.backlog import backlog_of
from bridge.kafka.errors import BrokerError, said
from bridge.kafka.membership import members_of
from bridge.service.connections import connection_settings, token_store
from bridge.service.settings import kafka_connection
from contracts.errors import BridgeError, ConfigurationError, UnreadableJournal

BOOKED_AMONG = (200, 5_000, None)
"""How many of each partition's newest results are searched for what was booked last, one after the other."""
T = TypeVar("T")


async def gather_status(
    settings: Settings, companies: Sequence[CompanySettings], url: str | None
) -> list[CompanyStatus]:
    """The facts of these companies. `url` is where their service answers, None for the address of the settings."""
    quiet()
    seen = LastBooked()
    letters, service = await asyncio.gather(
        _known(standing_letters(settings, booked=seen)), ask_service(url or address_of(settings))
    )
    # because all results are read for what became of the letters, they are not read a second time
    booked = seen.at if seen.is_whole else await _known(_last_booked(settings, [each.name for each in companies]))
    return list(await asyncio.gather(*(company_status(settings, each, letters, booked, service) for each in companies)))


async def company_status(
    settings: Settings,
    company: CompanySettings,
    letters: Sequence[StandingLetter] | Unknown,
    booked: Mapping[str, datetime] | Unknown,
    service: ServiceWord | Unknown,
) -> CompanyStatus:
    """The facts of one company beside what is known of all: dead letters, last bookings, and their service's word."""
    connection, name = kafka_connection(settings.kafka), company.name
    backlog, members, journal, token = await asyncio.gather(
        _known(backlog_of(connection, name, settings.topics.events)),
        _known(members_of(connection, name)),
        _known(company_journal(settings, name).read()),
        _known(_token_until(settings, company)),
    )
    said_there = service.companies.get((name, company.realm_id)) if isinstance(service, ServiceWord) else None
    word = of_the_owner(said_there, members)
    now = datetime.now(UTC)
    in_journal = _InJournal(journal)
    reads = in_journal.says(lambda entries: reads_of_month(entries, now))
    return CompanyStatus(
        company=name,
        realm_id=company.realm_id,
        now=now,
        phase=phase_of(word, members, in_journal.says(_stop), in_journal.says(_pauses)),
        backlog=backlog,
        last_booked=booked if isinstance(booked, Unknown) else booked.get(name),
        letters=_open_letters(letters, name),
        waiting=in_journal.says(_waiting),
        jobs=in_journal.says(_open_jobs),
        changes=PeoplesChanges(
            removed=in_journal.says(lambda entries: sum(map(LOST_MARKER.holds, entries))),
            changed=of_owner(service, word, "drifted", len),
            known_until=in_journal.says(read_known_until),
        ),
        token_until=token,
        reads=Unknown("no process has counted any this month") if reads is None else reads,
        limits=of_owner(service, word, "limits", dict),
        version=version("qbo-bridge"),
        service_version=service.version if isinstance(service, ServiceWord) else service,
    )


class _InJournal:
    """What a journal says, where it could be read and this release understands that entry."""

    def __init__(self, entries: Mapping[str, bytes] | Unknown) -> None:
        self._entries = entries

    def says(self, read: Callable[[Mapping[str, bytes]], T]) -> T | Unknown:
        if isinstance(self._entries, Unknown):
            return self._entries
        try:
            return read(self._entries)
        except UnreadableJournal as error:
            return Unknown(str(error))


def _stop(entries: Mapping[str, bytes]) -> Stop | None:
    note = entries.get(STOPPED_KEY)
    return Stop.from_bytes(note) if note is not None else None


def _pauses(entries: Mapping[str, bytes]) -> Pauses:
    return Pauses.from_bytes(entries.get(PAUSED_KEY))


def _open_jobs(entries: Mapping[str, bytes]) -> list[Job]:
    return [job for job in read_jobs(entries) if not job.state.is_over]


def _waiting(entries: Mapping[str, bytes]) -> WaitingEvents:
    since = waiting_since(entries)
    return WaitingEvents(len(since), min(since, default=None))


def _open_letters(letters: Sequence[StandingLetter] | Unknown, company: str) -> OpenLetters | Unknown:
    if isinstance(letters, Unknown):
        return letters
    found = [each for each in letters if each.is_open and each.letter.company == company]
    amounts, unknown = money_at_risk(found)
    return OpenLetters(count=len(found), amounts=amounts, unknown_amounts=unknown)


async def _known(asked: Awaitable[T]) -> T | Unknown:
    """What was asked for, or why nobody could tell."""
    try:
        return await asked
    except BrokerError as error:
        return Unknown(f"Kafka: {said(error)}")
    except (BridgeError, OSError) as error:
        return Unknown(str(error))


async def _last_booked(settings: Settings, companies: Sequence[str]) -> dict[str, datetime]:
    """When each company booked something last, of the results that the topic still has."""
    found = LastBooked()
    for last in BOOKED_AMONG:
        async with contextlib.aclosing(read_records(settings, settings.topics.results, last=last)) as records:
            async for record in records:
                if (result := glance_at(record)) is not None:
                    found.take(result)
        if found.at.keys() >= set(companies):
            break
    return found.at


async def _token_until(settings: Settings, company: CompanySettings) -> datetime:
    """When the company's refresh token ends if nobody uses it. ConfigurationError where it cannot be read."""
    store = token_store(settings.tokens, kafka_connection(settings.kafka), SystemClock())
    tokens = await store.load(connection_settings(company).credentials.store_key)
    if tokens is None or tokens.refresh_expires_at is None:
        raise ConfigurationError("the token store holds nothing of it" if tokens is None else "its end was not told")
    return tokens.refresh_expires_at
