"""What goes wrong, at random instants: kills, freezes, changes of owner, broker restarts, QBO's troubles, people."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from contracts.keys import SourceKey
from tests.chaos.person import Person
from tests.support.consenting import connecting, decide
from tests.support.fleet import Fleet
from tests.support.installation import Tenant
from tests.support.kafka.cluster import KafkaCluster
from tests.support.processes import Replica

PAUSE_MEAN_S = 3.0
"""Between two blows, on average."""
FAULTS = (
    "fail_before",
    "fail_after",
    "reset_before",
    "reset_after",
    "delay",
    "delay_after",
    "late_apply",
    "html",
    "truncate",
    "batch_item",
    "token_expired",
)
BLOWS = {
    "fault": 10,
    "kill": 4,
    "freeze": 3,
    "terminate": 2,
    "outage": 1,
    "broker": 1,
    "revoked": 1,
    "refused": 1,
    "memo cleared": 4,
    "memo edited": 4,
    "memo pasted": 2,
    "invoice copied": 2,
}
"""What strikes, and how often beside the others."""
CONSENTS_MAX = 20
"""How often a person tries to connect a company while QBO has troubles of its own."""


@dataclass(slots=True)
class Storm:
    """Strikes until it is over; what it did is counted."""

    fleet: Fleet
    cluster: KafkaCluster | None
    chance: Random
    person: Person
    command: Sequence[str] = ()
    """What replaces `qbo-bridge run`; nothing does by default."""
    blows: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest_stop_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    """What a process did that it must not do, whatever happens."""
    _idle: list[Replica] = field(default_factory=list)
    _asked: dict[int, tuple[str, int]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _broker_is_up: bool = True
    _connecting: set[str] = field(default_factory=set)
    _is_over: bool = False

    def fail_always(self, documents: Sequence[SourceKey]) -> None:
        """QBO answers every request that holds one of these with 500, until the storm is over."""
        for document in documents:
            rule = {"operation": "write", "status": 500, "body": f"[qbb:{document} "}
            self._asked[self.fleet.break_qbo("fail_before", count=None, **rule)] = ("always 500", 0)

    async def rage(self, seconds: float, replicas: int) -> None:
        """Start the processes, strike for so long, and leave everything up and whole."""
        self._idle = [self._start(f"bridge-{number + 1}") for number in range(replicas)]
        self.fleet.break_qbo("delay", count=None, probability=0.5, seconds=0.1, seed=self.chance.randrange(10**6))
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await asyncio.sleep(min(self.chance.expovariate(1 / PAUSE_MEAN_S), max(0.0, until - loop.time())))
            self._strike()
        await asyncio.gather(*self._running)
        self.count_faults()
        self._is_over = True
        self.fleet.heal_qbo()
        for company in self.fleet.companies:
            if company.realm in self._connecting:
                # because a fault struck each consent, and a person goes on until the company is connected
                await self._connect(company)

    def count_faults(self) -> None:
        """How often each fault has struck so far; once all are healed, what they had."""
        if self._is_over:
            return
        left = {rule["id"]: rule["applied"] for rule in self.fleet.faults()}
        self.faults = Counter()
        for number, (kind, count) in self._asked.items():
            self.faults[kind] += int(left.get(number, count))

    def _strike(self) -> None:
        blow = self.chance.choices(list(BLOWS), list(BLOWS.values()))[0]
        blows: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "terminate": self._terminate,
            "broker": self._restart_broker,
            "revoked": self._revoke,
            "refused": self._refuse,
            "memo cleared": lambda: self._person(self.person.clear),
            "memo edited": lambda: self._person(self.person.edit),
            "memo pasted": lambda: self._person(self.person.paste),
            "invoice copied": lambda: self._person(self.person.copy),
        }
        if blow == "fault":
            self._fault()
        elif blow == "outage":
            self._outage()
        else:
            task = asyncio.create_task(self._counted(blow, blows[blow]))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _counted(self, name: str, blow: Callable[[], Awaitable[None]]) -> None:
        self.blows[name] += 1
        try:
            await blow()
        except IndexError:  # everything that it could strike is struck already
            self.blows[name] -= 1

    def _fault(self) -> None:
        kind = self.chance.choice(FAULTS)
        count = self.chance.randint(1, 4)
        seconds = round(self.chance.uniform(0.5, 8), 1)
        operation = None if kind in {"delay", "html", "token_expired"} else self.chance.choice(("write", "batch", None))
        rule = {"count": count, "seconds": seconds, "operation": operation, "seed": self.chance.randrange(10**6)}
        realm = self.chance.choice(self.fleet.companies).realm
        self._asked[self.fleet.break_qbo(kind, realm=realm, **rule)] = (kind, count)

    def _outage(self) -> None:
        realm = self.chance.choice(self.fleet.companies).realm
        status = self.chance.choice((0, 502, 503))
        self.fleet.break_qbo("outage", realm=realm, seconds=round(self.chance.uniform(2, 20), 1), status=status)
        self.blows["outage"] += 1

    async def _person(self, act: Callable[[], None]) -> None:
        """What a person does at QBO, who meets its troubles as well."""
        try:
            await asyncio.to_thread(act)
        except (httpx.HTTPError, LookupError, ValueError) as error:
            raise IndexError from error

    async def _revoke(self) -> None:
        """The grant ends, until a person connects the company again."""
        company = self._to_connect()
        self.fleet.break_qbo("token_revoked", realm=company.realm, count=1)
        await self._connect(company)

    async def _refuse(self) -> None:
        """QBO refuses even fresh tokens for a while; a person connects, because nobody knows that it will be over."""
        company = self._to_connect()
        made = self.fleet.break_qbo("fail_before", realm=company.realm, count=None, status=401)
        await asyncio.sleep(self.chance.uniform(1, 8))
        self.fleet.heal_qbo(made)
        await self._connect(company)

    def _to_connect(self) -> Tenant:
        """A company that nobody is connecting."""
        free = [company for company in self.fleet.companies if company.realm not in self._connecting]
        company = free[self.chance.randrange(len(free)) if free else 0]
        self._connecting.add(company.realm)
        return company

    async def _connect(self, company: Tenant) -> None:
        await asyncio.sleep(self.chance.uniform(1, 10))
        for _ in range(CONSENTS_MAX):
            if await asyncio.to_thread(self._consent, company):
                self._connecting.discard(company.realm)
                return
        if self._is_over:
            self.problems.append(f"{company.name} could not be connected again")

    def _consent(self, company: Tenant) -> bool:
        """`qbo-bridge connect`, and a person who says yes; whether it went well."""
        with connecting(self.fleet.config(), company=company.name, environ=self.fleet.environment()) as command:
            try:
                decide(command.address(), realm=company.realm)
                return command.ended()[0] == 0
            except (AssertionError, httpx.HTTPError, subprocess.TimeoutExpired):
                return False

    def _start(self, name: str) -> Replica:
        return self.fleet.start(name, *self.command)

    def _take(self) -> Replica:
        """A process that nobody else strikes meanwhile."""
        return self._idle.pop(self.chance.randrange(len(self._idle)) if self._idle else 0)

    async def _kill(self) -> None:
        replica = self._take()
        replica.kill()
        await self._start_again(replica, self.chance.uniform(0, 8))

    async def _terminate(self) -> None:
        replica = self._take()
        try:
            self.slowest_stop_s = max(self.slowest_stop_s, await asyncio.to_thread(replica.terminate))
        except (AssertionError, subprocess.TimeoutExpired) as error:
            self.problems.append(str(error))
            replica.kill()
        await self._start_again(replica, self.chance.uniform(0, 4))

    async def _freeze(self) -> None:
        replica = self._take()
        replica.freeze()
        await asyncio.sleep(self.chance.uniform(0.5, 15))
        replica.wake()
        self._idle.append(replica)

    async def _start_again(self, replica: Replica, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._idle.append(self._start(replica.name))

    async def _restart_broker(self) -> None:
        if self.cluster is None or not self._broker_is_up:
            raise IndexError
        self._broker_is_up = False
        node = self.chance.choice(self.cluster.nodes)
        await asyncio.to_thread(self.chance.choice((node.kill, node.stop)))
        await asyncio.sleep(self.chance.uniform(0, 5))
        node.start()
        await asyncio.to_thread(self.cluster.wait_until_ready)
        self._broker_is_up = True
