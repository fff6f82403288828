"""Tables as they are read: whole rows in a pipe, and on a narrow screen fewer columns, but never half a word."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.commands.tables import Table, fitted, whole

WORDS = st.text(alphabet="abc-_:/#0123456789", min_size=1, max_size=30)
SENTENCES = st.lists(WORDS, max_size=12).map(" ".join)
ROWS = st.lists(st.tuples(WORDS, WORDS, SENTENCES), min_size=1, max_size=5)
COLUMNS = ("document", "from", "why")


def filled(rows: Sequence[Sequence[object]], **options: Sequence[str]) -> Table:
    table = Table(COLUMNS, prose=options.get("prose", ("why",)), optional=options.get("optional", ("from",)))
    for row in rows:
        table.add_row(*row)
    return table


@given(ROWS, st.sampled_from([60, 80, 160]))
@example([("a" * 30, "b" * 30, "c" * 40 + " d")], 60)
def test_no_width_breaks_a_word(rows: list[tuple[str, str, str]], width: int) -> None:
    """What is shown of a row is its words, each whole. Guard: `break_long_words` in `_wrapped`."""
    lines, left_out = fitted(filled(rows), width)
    shown = set(" ".join(lines).split())
    wanted = {
        word
        for row in rows
        for name, cell in zip(COLUMNS, row, strict=True)
        if name not in left_out
        for word in cell.split()
    }
    assert wanted <= shown
    assert shown <= wanted | set(COLUMNS)


@given(ROWS)
def test_in_a_pipe_a_row_is_one_line_with_everything(rows: list[tuple[str, str, str]]) -> None:
    """So that `grep` finds whole rows."""
    _, *lines = whole(filled(rows))
    assert [line.split() for line in lines] == [" ".join(row).split() for row in rows]


@pytest.mark.parametrize(("width", "left_out"), [(60, ["from"]), (80, []), (160, [])])
def test_columns_go_only_where_the_screen_is_too_narrow(width: int, left_out: list[str]) -> None:
    """Sentences wrap first. Guard: the loop over `optional` in `fitted`."""
    row = ("shopify:order:450789469", "shopify.events/0/1204", "the lines miss the total by one dollar and ten cents")
    lines, found = fitted(filled([row]), width)
    assert found == left_out
    assert all(len(line) <= width for line in lines)


def test_what_comes_from_outside_moves_no_cursor() -> None:
    """Escapes and line breaks are shown as text."""
    (_, line) = whole(filled([("a\x1b[2J", None, "two\nlines")]))
    assert line.split() == ["a\\x1b[2J", "two", "lines"]
