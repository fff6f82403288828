"""What the benches measured: a table, JSON, and the page that keeps the last with its machine and commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from rich.table import Table

PAGE = Path(__file__).parent / "RESULTS.md"
SECTION = "\n## "
HEAD = """# What was measured last

`make bench` prints this table; `.venv/bin/python -m tests.bench.results --write` writes this page. Ratios are of CPU
time, floor and machine in turn in one process, the median over all micro-batches of all runs.

{machine} {given}

"""


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a bench, and the most that it is meant to be; None where nothing says.

    `why` says what keeps it from there, where it is more.
    """

    verb: str
    what: str
    measured: float
    unit: str
    reach: float | None
    why: str = "no reason is known"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as people read it."""
        most = "" if self.reach is None else f"≤ {self.reach:g} {self.unit}".rstrip()
        kept = self.reach is None or self.measured <= self.reach
        return (
            self.verb,
            self.what,
            f"{self.measured:.4g} {self.unit}".rstrip(),
            most if kept else f"{most}, missed: {self.why}",
        )


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    made = Table("bench", "what", "measured", "reach")
    for row in rows:
        made.add_row(*row.cells)
    return made


def as_json(rows: Sequence[Row]) -> str:
    """The rows for a machine, one object a line."""
    return "\n".join(orjson.dumps(asdict(row)).decode() for row in rows)


def page(rows: Sequence[Row], given: str, kept: Sequence[str] = ()) -> str:
    """The page that keeps them; `given` says what was run, `kept` are lines of it that stay as they are."""
    return HEAD.format(machine=_machine(), given=given) + "\n".join([as_markdown(rows), *kept]) + "\n"


def rows_of(verbs: Collection[str]) -> list[str]:
    """The lines of these benches in the page's table."""
    lines = PAGE.read_text(encoding="utf-8").partition(SECTION)[0].splitlines()
    return [each for each in lines if any(each.startswith(f"| {verb} |") for verb in verbs)]


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as a table of a page."""
    lines = ["| bench | what | measured | reach |", "|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row.cells) + " |" for row in rows)])


def sections() -> str:
    """What the page keeps below its table: sections that other benches wrote."""
    _, mark, rest = PAGE.read_text(encoding="utf-8").partition(SECTION)
    return mark + rest


def write_section(name: str, text: str) -> None:
    """Write one section of the page anew, with the machine; all others stay."""
    head, *others = PAGE.read_text(encoding="utf-8").split(SECTION)
    kept = [each.strip() for each in others if each.splitlines()[0] != name]
    written = f"{name}\n\n{_machine()} {text}"
    PAGE.write_text(
        "".join([head.rstrip() + "\n", *(f"{SECTION}{each}\n" for each in [*kept, written])]), encoding="utf-8"
    )


def _machine() -> str:
    described = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit = described.stdout.strip() or "unknown"
    cores = os.cpu_count()
    return f"Python {platform.python_version()} on {platform.machine()}, {cores} cores; commit {commit}."
