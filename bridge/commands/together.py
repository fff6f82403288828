"""Questions to Kafka and QuickBooks that do not depend on each other, asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


async def together(first: Coroutine[Any, Any, First], second: Coroutine[Any, Any, Second]) -> tuple[First, Second]:
    """Both answers; what the first one that fails raises ends the other."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        of_first, of_second = await asyncio.gather(*tasks)
        return of_first, of_second
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
