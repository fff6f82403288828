"""What cannot be known, told as such: neither a number nor an empty word stands for it."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that nobody could tell, and why not."""

    why: str

    def __str__(self) -> str:
        return f"{UNKNOWN} ({self.why})"
