"""What must have become of each event, by what was produced; and how much was read for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bridge.demo.events import SampleEvent
from contracts.records import Place
from contracts.results import Result
from tests.support.fleet import Fleet
from tests.support.installation import Tenant
from tests.support.verdict import CommittedRecords

GIVEN_UP = frozenset({"rejected", "orphan"})
"""How events of a document end that QBO fails at every time, and the money that waits for it."""
READS_PER_EVENT = 1
READS_PER_TAKE_OVER = 200
"""Lists, and every document of the storm in pages of 1000; what is recorded and not shown is read by Id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Metered reads of one company, and how often it was taken over."""

    company: str
    reads: int
    take_overs: int
    bound: int

    @property
    def problems(self) -> list[str]:
        """One sentence when they are too many."""
        return (
            [f"{self.company}: {self.reads} metered reads, more than {self.bound}"] if self.reads > self.bound else []
        )


def wrong_ends(produced: Mapping[Place, SampleEvent], failing: Collection[str], bus: CommittedRecords) -> list[str]:
    """Events that ended otherwise than they must; those of the documents `failing` may have been given up."""
    ended = {each.source.place: each for each in bus.results if each.status != "waiting"}
    found: Counter[str] = Counter()
    for place, event in produced.items():
        result = ended.get(place)
        if result is None or _is_right(event, result):
            continue
        if not (_code(result) in GIVEN_UP and any(name in (event.record.value or b"") for name in names(failing))):
            found[f"{event.ends_as} {event.code or ''} ended as {result.status} {_code(result) or ''}"] += 1
    return [f"{count} events: {text}" for text, count in sorted(found.items())]


def names(idents: Iterable[str]) -> list[bytes]:
    """How bodies name these orders."""
    return [name.encode() for ident in idents for name in (f'"id":{ident},', f'"order_id":{ident},')]


def reads_of(fleet: Fleet, company: Tenant, *, events: int, by_people: int) -> Reads:
    """What the bridge has read so far."""
    logs = {replica.name: replica for replica in fleet.replicas}.values()
    take_overs = sum(len(replica.events("company.owned", company=company.name)) for replica in logs)
    reads = int(fleet.stats(company)["requests"]["metered_reads"]) - by_people
    bound = READS_PER_EVENT * events + READS_PER_TAKE_OVER * max(1, take_overs)
    return Reads(company=company.name, reads=reads, take_overs=take_overs, bound=bound)


def stopped(fleet: Fleet) -> list[str]:
    """Companies that nobody works for, each process asked."""
    alive = [replica for replica in fleet.replicas if replica.lives]
    found = []
    for company in fleet.companies:
        phases = [replica.phase(company.name) for replica in alive]
        if sorted({*phases} - {"standby"}) != ["running"] or not all(replica.is_ready for replica in alive):
            found.append(f"{company.name} is {', '.join(phases)}")
    return found


def _is_right(event: SampleEvent, result: Result) -> bool:
    if event.ends_as == "books":
        return result.status != "dead_lettered"
    return (result.status, _code(result)) == (event.ends_as, event.code)


def _code(result: Result) -> str | None:
    return result.reason.code if result.reason else None
