"""What goes wrong, at random instants: kills, freezes, changes of owner, broker restarts, and QBO's own troubles."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.support.fleet import Fleet
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
BLOWS = {"fault": 10, "kill": 4, "freeze": 3, "terminate": 2, "outage": 1, "broker": 1}


@dataclass(slots=True)
class Storm:
    """Strikes until it is over; what it did is counted."""

    fleet: Fleet
    cluster: KafkaCluster | None
    chance: Random
    blows: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest_stop_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    """What a process did that it must not do, whatever happens."""
    _idle: list[Replica] = field(default_factory=list)
    _asked: dict[int, tuple[str, int]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _broker_is_up: bool = True

    async def rage(self, seconds: float, replicas: int) -> None:
        """Start the processes, strike for so long, and leave everything up and whole."""
        self._idle = [self.fleet.start(f"bridge-{number + 1}") for number in range(replicas)]
        self.fleet.break_qbo("delay", count=None, probability=0.5, seconds=0.1, seed=self.chance.randrange(10**6))
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await asyncio.sleep(min(self.chance.expovariate(1 / PAUSE_MEAN_S), max(0.0, until - loop.time())))
            self._strike()
        await asyncio.gather(*self._running)
        self.count_faults()
        self.fleet.heal_qbo()

    def count_faults(self) -> None:
        """How often each fault has struck so far."""
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
        except IndexError:  # every process is struck already
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
        self._idle.append(self.fleet.start(replica.name))

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
