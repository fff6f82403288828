"""How fast a run gets on, when it will have ended, and what it has read: words for its progress. Pure."""

from __future__ import annotations

SOON_S = 90.0


def pace(records: int, *, seconds: float, done: int, total: int, reads: int) -> str:
    """`records` of which the offsets `done` of `total` are behind, in `seconds`, with `reads` of QuickBooks.

    Nothing is said of the end before a tenth of a percent is done: it would be a guess.
    """
    if seconds <= 0 or not records:
        return f"{reads} reads"
    said = f"{records / seconds:.1f} a second, {reads} reads"
    if done * 1000 < total or done >= total:
        return said
    return f"{said}, {_length(seconds * (total - done) / done)} left"


def _length(seconds: float) -> str:
    if seconds < SOON_S:
        return f"about {seconds:.0f} s"
    minutes = seconds / 60
    return f"about {minutes:.0f} min" if minutes < 90 else f"about {minutes / 60:.1f} h"
