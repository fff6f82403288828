"""Tables that break no id and no word, however narrow the screen is, and that write thousands of rows at once.

Whole rows of one line each where nobody looks at a screen. On a screen that is too narrow columns of prose wrap between
words, and when that is not enough columns are left out, the least important first; what is left out is named below.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from bridge.commands.output import printable, screen

GAP = "  "
PROSE_MIN = 24
"""Characters that a column of sentences needs to be read."""


@dataclass(slots=True)
class Table:
    """Rows under `columns`. `prose` are columns of sentences, `optional` those that may go, the first one first."""

    columns: Sequence[str]
    prose: Collection[str] = ()
    optional: Sequence[str] = ()
    headed: bool = True
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add_row(self, *values: object) -> None:
        """A row with one value for each column; nothing where a value is None."""
        self.rows.append(tuple("" if each is None else printable(str(each)).replace("\n", " ") for each in values))

    def print(self) -> None:
        """Write it to standard output."""
        out = screen()
        lines, left_out = fitted(self, out.width) if out.is_terminal else (whole(self), [])
        if self.headed:
            out.print(next(lines), style="bold", markup=False, soft_wrap=True)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        if left_out:
            said = f"Left out: {', '.join(left_out)} (a wider screen or a pipe shows all)."
            out.print(said, style="dim", markup=False, soft_wrap=True)


def whole(table: Table) -> Iterator[str]:
    """Every row on one line, in full."""
    widths = _widths(table)
    return (_line(row, widths) for row in _all_rows(table))


def fitted(table: Table, width: int) -> tuple[Iterator[str], list[str]]:
    """The lines of a table no wider than `width` as far as its words allow, and the columns that are left out."""
    widths, left_out = dict(zip(table.columns, _widths(table), strict=True)), []
    for name in (None, *table.optional):
        if name is not None and name in widths:
            left_out.append(name)
            del widths[name]
        shrunk = _shrunk(widths, set(table.prose), width)
        if sum(shrunk.values()) + len(GAP) * (len(shrunk) - 1) <= width:
            break
    places = [place for place, name in enumerate(table.columns) if name in shrunk]
    rows = ([row[place] for place in places] for row in _all_rows(table))
    return _wrapped(rows, list(shrunk.values())), left_out


def _shrunk(widths: dict[str, int], prose: Collection[str], width: int) -> dict[str, int]:
    """The widths with what is left over for the sentences, but never less than they need."""
    fixed = sum(each for name, each in widths.items() if name not in prose) + len(GAP) * (len(widths) - 1)
    sentences = [name for name in widths if name in prose]
    share = max(PROSE_MIN, (width - fixed) // len(sentences)) if sentences else 0
    return {name: min(each, share) if name in prose else each for name, each in widths.items()}


def _wrapped(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for row in rows:
        cells = [
            [text]
            if cell_len(text) <= width
            else textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
            for text, width in zip(row, widths, strict=True)
        ]
        for depth in range(max(map(len, cells), default=0)):
            yield _line([cell[depth] if depth < len(cell) else "" for cell in cells], widths)


def _all_rows(table: Table) -> Iterator[Sequence[str]]:
    if table.headed:
        yield table.columns
    yield from table.rows


def _widths(table: Table) -> list[int]:
    heads = table.columns if table.headed else ["" for _ in table.columns]
    return [max(map(cell_len, column)) for column in zip(heads, *table.rows, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
    return GAP.join(padded).rstrip()
