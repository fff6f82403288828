"""`qbo-bridge run` that strikes itself at one exact instant, has a bug, or whose waits inside a call are shorter.

    python -m tests.support.launch --at journalled --signal KILL --config bridge.toml
    python -m tests.support.launch --faster 20 --config bridge.toml
    python -m tests.support.launch --bug planning=450789469 --config bridge.toml

Random instants are for `tests.chaos`; these are the ones between two steps, which random instants seldom hit. The
program is the product's own; one of its functions is wrapped, in this process only.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bridge.books.books import Books
from bridge.cli.app import main
from bridge.company import pipeline
from bridge.journal.requests import WriteAhead
from bridge.kafka.publisher import CompanyPublisher
from bridge.posting.quickbooks_sender import QuickBooksSender
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.retry import RetryingSender
from bridge.quickbooks.retry_policy import RetryPolicy

Function = Callable[..., Awaitable[Any]]

INSTANTS: dict[str, tuple[type, str]] = {
    "journalled": (WriteAhead, "append"),
    "in_flight": (QuickBooksClient, "send"),
    "answered": (QuickBooksSender, "_answers"),
    "settling": (CompanyPublisher, "_send_all"),
    "settled": (CompanyPublisher, "settle"),
}
"""After the journal and before the send; while QBO is at work; after its answers and before the settlement; inside the
settlement's transaction; after it and before the next poll."""
IN_FLIGHT_S = 0.15
BUGS: dict[str, tuple[object, str]] = {"planning": (pipeline, "schedule"), "reading": (Books, "read_recorded")}
"""One step that only computes, and one that speaks to QBO."""


def strike_at(instant: str, number: signal.Signals, *, skip: int) -> None:
    """Send ourselves the signal when the instant has come and gone `skip` times."""
    owner, name = INSTANTS[instant]
    original: Function = getattr(owner, name)
    left = iter(range(skip, -1, -1))

    def strike() -> None:
        if next(left, -1) == 0:
            os.kill(os.getpid(), number)

    @functools.wraps(original)
    async def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        if instant == "in_flight":
            asyncio.get_running_loop().call_later(IN_FLIGHT_S, strike)
            return await original(self, *arguments, **options)
        found = await original(self, *arguments, **options)
        settles = instant not in {"settling", "settled"} or _has_results(arguments)
        if settles:
            strike()
        return found

    setattr(owner, name, wrapped)


def be_quicker(times: float) -> None:
    """Divide what a call waits between its tries, so that an outage of minutes takes seconds."""
    original = RetryingSender.__init__

    def quicker(self: RetryingSender, *arguments: Any, policy: RetryPolicy, **options: Any) -> None:
        shorter = replace(
            policy,
            initial_s=policy.initial_s / times,
            wait_max_s=policy.wait_max_s / times,
            elapsed_max_s=policy.elapsed_max_s / times,
        )
        original(self, *arguments, policy=shorter, **options)

    RetryingSender.__init__ = quicker  # type: ignore[method-assign]


def break_for(step: str, ident: str) -> None:
    """Give a step of the program a bug that shows with one document only."""
    owner, name = BUGS[step]
    original = getattr(owner, name)

    @functools.wraps(original)
    def broken(*arguments: Any, **options: Any) -> Any:
        if ident in repr(arguments[isinstance(owner, type) :]):
            raise ZeroDivisionError(f"a bug of {step} with {ident}")
        return original(*arguments, **options)

    setattr(owner, name, broken)


def _has_results(arguments: tuple[Any, ...]) -> bool:
    """Of the publisher's writes, the settlements: the journal's own have no results."""
    records = next((each for each in arguments if isinstance(each, list | tuple)), ())
    return any("results" in record.topic for record in records)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.support.launch", description=__doc__)
    parser.add_argument("--at", choices=INSTANTS)
    parser.add_argument("--signal", choices=("KILL", "STOP"), default="KILL")
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--faster", type=float, default=1.0)
    parser.add_argument("--bug", action="append", default=[], metavar="STEP=ID")
    parser.add_argument("--config", required=True)
    wanted = parser.parse_args()
    if wanted.at:
        strike_at(wanted.at, signal.Signals[f"SIG{wanted.signal}"], skip=wanted.skip)
    for bug in wanted.bug:
        break_for(*bug.split("=", 1))
    be_quicker(wanted.faster)
    sys.argv = ["qbo-bridge", "run", "--config", wanted.config]
    main()
