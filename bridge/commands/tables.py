"""Tables that break no id and no word, however narrow the screen is, and that write thousands of rows at once.

Whole rows of one line each where nobody looks at a screen. On a screen that is too narrow columns of prose wrap between
words, and when that is not enough columns are left out, the least important first; what is left out is named below.
Where even that is too wide each row becomes a block of its own, a line for each column.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from bridge.commands.output import VIEW, printable, say, screen

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

    @property
    def heads(self) -> list[str]:
        """The names of the columns as they are shown: times are in the zone of the person who looks."""
        return [each.replace("(UTC)", f"({VIEW.zone_name})") for each in self.columns]

    def add_row(self, *values: object) -> None:
        """A row with one value for each column; nothing where a value is None."""
        self.rows.append(tuple("" if each is None else printable(str(each)).replace("\n", " ") for each in values))

    def print(self) -> None:
        """Write it to standard output."""
        out = screen()
        is_narrow = out.is_terminal and not VIEW.is_wide
        lines, left_out = fitted(self, out.width) if is_narrow else (whole(self), [])
        if self.headed:
            out.print(next(lines), style="bold", markup=False, soft_wrap=True)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        if left_out:
            said = f"Left out: {', '.join(left_out)} (-o wide, a wider screen or a pipe shows all)."
            say(said, style="dim")


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
    else:
        return stacked(table, width), []
    places = [place for place, name in enumerate(table.columns) if name in shrunk]
    rows = ([row[place] for place in places] for row in _all_rows(table))
    return _wrapped(rows, list(shrunk.values())), left_out


def stacked(table: Table, width: int) -> Iterator[str]:
    """Each row as a block: a line for each value that there is, behind the name of its column, wrapped between words.

    Without heads the first value is the name of the others, which are indented.
    """
    label = max(map(cell_len, table.heads)) if table.headed else 0
    for row in table.rows:
        if table.headed:
            yield ""
        for place, (head, text) in enumerate(zip(table.heads, row, strict=True)):
            is_name = not table.headed and not place
            pieces = _pieces(text, max(1, width - (0 if is_name else label + len(GAP))))
            for number, piece in enumerate(pieces):
                yield piece if is_name else _line([head if table.headed and not number else "", piece], [label, 0])


def _pieces(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _shrunk(widths: dict[str, int], prose: Collection[str], width: int) -> dict[str, int]:
    """The widths with what is left over for the sentences, but never less than they need."""
    fixed = sum(each for name, each in widths.items() if name not in prose) + len(GAP) * (len(widths) - 1)
    sentences = [name for name in widths if name in prose]
    share = max(PROSE_MIN, (width - fixed) // len(sentences)) if sentences else 0
    return {name: min(each, share) if name in prose else each for name, each in widths.items()}


def _wrapped(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for row in rows:
        cells = [
            [text] if cell_len(text) <= width else _pieces(text, width) for text, width in zip(row, widths, strict=True)
        ]
        for depth in range(max(map(len, cells), default=0)):
            yield _line([cell[depth] if depth < len(cell) else "" for cell in cells], widths)


def _all_rows(table: Table) -> Iterator[Sequence[str]]:
    if table.headed:
        yield table.heads
    yield from table.rows


def _widths(table: Table) -> list[int]:
    heads = table.heads if table.headed else ["" for _ in table.columns]
    return [max(map(cell_len, column)) for column in zip(heads, *table.rows, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
    return GAP.join(padded).rstrip()
