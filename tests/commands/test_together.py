"""Two questions at once: both answers, or what the first that fails raises."""

from __future__ import annotations

import asyncio

import pytest

from bridge.commands.together import together
from contracts.errors import Unavailable


async def test_both_are_asked_before_either_has_answered() -> None:
    """Each waits for the other to have begun."""
    first, second = asyncio.Event(), asyncio.Event()

    async def ask(own: asyncio.Event, other: asyncio.Event, answer: str) -> str:
        own.set()
        await other.wait()
        return answer

    assert await together(ask(first, second, "kafka"), ask(second, first, "books")) == ("kafka", "books")


async def test_a_failure_is_raised_as_it_is_and_ends_the_other() -> None:
    """A client that is closed after it must not be in use any more. Guard: the cancellation."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def away() -> None:
        await begun.wait()
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await together(never(), away())
    assert ended.is_set()
