"""However much a record holds, the event loop turns while we compute: heartbeats, probes, other companies go on."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any

import pytest

from bridge.company import pipeline
from bridge.decoding import decision
from bridge.index.index import Index
from bridge.posting import poster, quickbooks_sender, wave_binding
from bridge.quickbooks import faults
from tests.support.orders import bought, line, order
from tests.support.world import opened

LONG: dict[str, tuple[object, str]] = {
    "decoding": (decision, "decode_record"),
    "mapping": (decision, "map_event"),
    "planning": (pipeline, "schedule"),
    "binding": (poster, "bind_wave"),
    "proving": (wave_binding, "pack"),
    "packing": (quickbooks_sender, "pack"),
}
"""What takes the longer, the more lines an order has."""


def waits_for_the_loop(monkeypatch: pytest.MonkeyPatch, step: str) -> list[bool]:
    """From now on a step goes on only when the event loop has turned meanwhile; whether it did, each time."""
    owner, name = LONG[step]
    original, loop = getattr(owner, name), asyncio.get_running_loop()
    turned: list[bool] = []

    @functools.wraps(original)
    def slow(*arguments: Any, **options: Any) -> Any:
        turn = threading.Event()
        loop.call_soon_threadsafe(turn.set)
        turned.append(turn.wait(10.0 if all(turned) else 0.0))
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, slow)
    return turned


@pytest.mark.parametrize("step", LONG)
async def test_the_loop_turns_while_an_order_of_many_products_is_computed(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Guards: `computed` around each of these, and its thread."""
    async with opened() as world:
        body = order([line("1.00", 1, id=number, sku=f"S-{number}") for number in range(300)])
        turned = waits_for_the_loop(monkeypatch, step)
        (result,) = await world.deliver(body)
    assert result.status == "posted"
    # because the invoice of all these items is one step, and takes no longer than a small one
    assert any(turned) if step in ("binding", "proving", "packing") else all(turned)
    assert turned


TAKEN_OVER: dict[str, tuple[object, str]] = {"decoding": (faults, "read"), "taking in": (Index, "load")}


@pytest.mark.parametrize("step", TAKEN_OVER)
async def test_the_loop_turns_while_a_page_of_documents_is_taken_over(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The other companies of the process go on. Guards: the threads of `QuickBooksClient` and of `Books.warm`."""
    owner, name = TAKEN_OVER[step]
    original, threads = getattr(owner, name), set[int]()

    @functools.wraps(original)
    def noted(*arguments: Any, **options: Any) -> Any:
        threads.add(threading.get_ident())
        return original(*arguments, **options)

    async with opened() as world:
        for first in range(0, 150, 50):
            await world.deliver(*(bought(number) for number in range(first, first + 50)))
            world.company.committed()
        monkeypatch.setattr(owner, name, noted)
        await world.restart()
    assert threads - {threading.get_ident()}
