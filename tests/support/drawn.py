"""Which kinds of stories the properties of a run have drawn, how often: what was never drawn was never tested."""

from __future__ import annotations

from collections import Counter

DRAWN: Counter[str] = Counter()
"""Of this process; the conftest adds up those of the workers and prints them after a run of `make nightly`."""


def note_drawn(*kinds: str) -> None:
    """One more of each of these kinds, in the words of the trade."""
    DRAWN.update(kinds)


def said_of_drawn(counts: Counter[str]) -> list[str]:
    """A line for each kind, the most frequent first, and how many stories these are."""
    return [f"{count:7,}  {kind}" for kind, count in counts.most_common()] + [f"{counts.total():7,}  in all"]
