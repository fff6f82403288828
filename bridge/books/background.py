"""One reading of QBO beside the work: begun, and taken once it is done. Nothing here waits for QBO."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class BackgroundReading(Generic[Found]):
    """At most one reading at a time; `name` is that of its task."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[Found] | None = None

    @property
    def is_begun(self) -> bool:
        """True until what was begun is taken or ended."""
        return self._task is not None

    def begin(self, reading: Coroutine[Any, Any, Found]) -> None:
        """Read from now on."""
        self._task = asyncio.create_task(reading, name=self._name)

    def take(self) -> Found | None:
        """What was read, once; None while it is under way. Whatever the reading raised."""
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return task.result()

    def end(self) -> None:
        """Read no more, and forget what was read."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
