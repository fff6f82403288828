"""What a long run says of its pace."""

from __future__ import annotations

import pytest

from bridge.commands.backfill.pace import pace


@pytest.mark.parametrize(
    ("seconds", "done", "said"),
    [
        (10.0, 50, "5.0 a second, 7 reads, about 10 s left"),
        (600.0, 25, "0.1 a second, 7 reads, about 30 min left"),
        (36_000.0, 50, "0.0 a second, 7 reads, about 10.0 h left"),
        (10.0, 100, "5.0 a second, 7 reads"),
        (0.0, 0, "7 reads"),
    ],
)
def test_rate_reads_and_end_are_said(seconds: float, done: int, said: str) -> None:
    """The end follows from the offsets that are behind; it is left out where nothing is left."""
    assert pace(50, seconds=seconds, done=done, total=100, reads=7) == said


def test_the_end_is_not_guessed_from_nothing() -> None:
    """One offset of a million says nothing about the others."""
    assert pace(1, seconds=60.0, done=1, total=1_000_000, reads=0) == "0.0 a second, 0 reads"
