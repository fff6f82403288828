"""How a long run shows itself on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bridge.commands.output import WIDE, printable

LINE_EVERY_S = 10.0


class ProgressBar:
    """One bar; use it in a `with` block. What is said stands above it."""

    def __init__(self, title: str, *, line_every_s: float = LINE_EVERY_S) -> None:
        self._console = Console(stderr=True, highlight=False)
        if not self._console.is_terminal:
            self._console = Console(stderr=True, highlight=False, width=WIDE)
        self._title = title
        self._line_every_s = line_every_s
        self._line_at = time.monotonic() + line_every_s
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._progress.add_task(title, total=None)

    def __enter__(self) -> ProgressBar:
        """Show it."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it where it stands."""
        self._progress.stop()

    def show(self, done: int, total: int, words: str) -> None:
        """Where the run stands: `done` of `total`, and what it is doing."""
        self._progress.update(self._task, completed=done, total=total, description=f"{self._title}: {words}")
        if not self._console.is_terminal and time.monotonic() >= self._line_at:
            self._line_at = time.monotonic() + self._line_every_s
            self.say(f"{self._title}: {words}, {100 * done // max(1, total)} % of the range")

    def say(self, sentence: str) -> None:
        """One line that stays."""
        self._console.print(printable(sentence), markup=False, soft_wrap=True)
