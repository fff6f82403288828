"""`qbo-bridge demo`: the whole bridge on one machine, over real sockets, and the proof that nothing is posted twice.

An embedded Kafka broker, the QBO sandbox as an HTTP server, sample events, the bridge as a process of its own. Then the
bridge is stopped, the same events come once more, and a fresh bridge, which knows only what QBO holds, must find
nothing to post. The verdict is read from the sandbox's books, not from what the bridge says about itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bridge.demo.audit import WRITES, AuditedBooks, differences, read_books
from bridge.demo.events import EventSettings, Sample, generate
from bridge.demo.processes import DemoFailed, Process
from bridge.demo.report import report
from bridge.demo.stage import Stage, first_words, set_stage
from bridge.kafka.reader import publish, read_topic
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.results import Result, ResultStatus, read_result

STALLED_S = 90.0
RESULTS = "qbo.results"


def run_demo(*, orders: int, seed: int, serve: bool, rules: Path | None = None) -> int:
    """The exit code: 0 when the books say what the events said and the replay wrote nothing."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    out = Console(highlight=False)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    sample = generate(EventSettings(orders=orders, seed=seed, start=start, spacing=timedelta(minutes=1)))
    with _stoppable(), set_stage(rules) as stage:
        try:
            return asyncio.run(_play(stage, sample, out, serve=serve))
        except KeyboardInterrupt:
            out.print("Stopped before the end.")
            return 1


async def _play(stage: Stage, sample: Sample, out: Console, *, serve: bool) -> int:
    began = time.monotonic()
    out.print(f"Kafka, embedded, on {stage.broker}")
    out.print(f"QBO sandbox on {stage.sandbox}, with the limits that Intuit publishes")
    results: dict[str, Result] = {}
    empty = read_books(stage.sandbox, DEFAULT_REALM, stage.seal)
    records = [event.record for event in sample.events]
    await publish(stage.connection, records)
    collecting = asyncio.create_task(_collect(stage, results))
    try:
        with stage.bridge("bridge") as bridge:
            await _until_published(results, len(records), bridge, "Posting", out)
        first, books = dict(results), read_books(stage.sandbox, DEFAULT_REALM, stage.seal)
        seconds = time.monotonic() - began
        await publish(stage.connection, records)
        with stage.bridge("replay") as bridge:
            await _until_published(results, 2 * len(records), bridge, "The same events again, a fresh bridge", out)
            again = read_books(stage.sandbox, DEFAULT_REALM, stage.seal)
            problems = [*differences(sample.sales, books), *_surprises(sample, first), *_written_twice(books, again)]
            report(
                out,
                sample=sample,
                results=first,
                books=(empty, books, again),
                seconds=seconds,
                problems=problems,
            )
            if serve:
                await _serve(stage, bridge, out)
    finally:
        collecting.cancel()
    return 1 if problems else 0


async def _serve(stage: Stage, bridge: Process, out: Console) -> None:
    address = await first_words(bridge, re.compile(r"http://[\d.]+:\d+"))
    out.print(
        f"\nStill running, until Ctrl-C:\n"
        f"  status   {address}/  {address}/metrics\n"
        f"  sandbox  {stage.sandbox}/sandbox/stats\n"
        f"  Kafka    {stage.broker}\n"
        f"  try      export QBO_BRIDGE_CONFIG={stage.config}\n"
        f"           qbo-bridge results, explain '#1003', dead-letters list, doctor, status, reconcile --help",
        soft_wrap=True,
    )
    with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is how this ends
        while True:
            bridge.check()
            await asyncio.sleep(1)


async def _collect(stage: Stage, results: dict[str, Result]) -> None:
    """The terminal result of each record, as they come; the topic appears with the first of them."""
    while True:
        async for record in read_topic(stage.connection, RESULTS, follow=True):
            result = read_result(record.value or b"")
            if result.status is not ResultStatus.WAITING:
                results[result.result_id] = result
        await asyncio.sleep(0.2)


async def _until_published(results: dict[str, Result], wanted: int, bridge: Process, title: str, out: Console) -> None:
    """Wait until each record has its result, with a bar; DemoFailed when the bridge ends or nothing moves."""
    before, moved_at = len(results), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    if not out.is_terminal:
        out.print(f"{title}: {wanted - before} records ...")
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        bar = progress.add_task(title, total=wanted - before)
        seen = before
        while len(results) < wanted:
            bridge.check()
            if len(results) > seen:
                seen, moved_at = len(results), time.monotonic()
            elif time.monotonic() - moved_at > STALLED_S:
                raise DemoFailed(f"no result for {STALLED_S:.0f} s; {seen} of {wanted} came")
            progress.update(bar, completed=seen - before)
            await asyncio.sleep(0.1)
        progress.update(bar, completed=wanted - before)


def _surprises(sample: Sample, results: dict[str, Result]) -> list[str]:
    """Records that were to be ignored or dead-lettered, or were not, and are not what they were to be."""
    ends = ((str(event.ends_as), event.code) for event in sample.events if event.ends_as != "books")
    wanted = Counter(ends)
    got = Counter(
        (result.status.value, result.reason.code if result.reason else None)
        for result in results.values()
        if result.status in {ResultStatus.IGNORED, ResultStatus.DEAD_LETTERED}
    )
    # Whether a cancelled order still had nothing to void depends on which of its events came first.
    depends = ("ignored", "skipped_by_rule")
    return [
        f"{status} {code}: {got[status, code]} records instead of {wanted[status, code]}"
        for status, code in sorted(set(wanted) | set(got), key=str)
        if got[status, code] != wanted[status, code] and (status, code) != depends
    ]


def _written_twice(before: AuditedBooks, after: AuditedBooks) -> list[str]:
    """What the replay wrote; it must be nothing."""
    calls = [
        f"the replay sent {after.requests[kind] - before.requests[kind]} {kind}"
        for kind in WRITES
        if after.requests[kind] != before.requests[kind]
    ]
    same = (before.entities, before.invoices, before.payments) == (after.entities, after.invoices, after.payments)
    return calls if same else [*calls, "the replay changed the books"]


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops the demo as Ctrl-C does, so that nothing is left running."""
    before: Callable[..., object] | int | None = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
