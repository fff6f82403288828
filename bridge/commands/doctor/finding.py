"""What the doctor says about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` is empty when all is well, `rare` true where only few companies ever meet it.

    `company` is whose it is, None for what concerns all, and `open_since` since which day money is open.
    """

    about: str
    said: str
    remedy: str = ""
    rare: bool = False
    company: str | None = None
    open_since: date | None = None

    @property
    def is_problem(self) -> bool:
        """Whether something would fail later, for a company like most."""
        return bool(self.remedy) and not self.rare

    @property
    def kind(self) -> str:
        """`problem`, `note` for what concerns few companies, or `ok`."""
        return "problem" if self.is_problem else "note" if self.remedy else "ok"

    def as_json(self) -> dict[str, str | None]:
        """The finding as a program reads it."""
        since = {"open_since": self.open_since.isoformat()} if self.open_since else {}
        facts = {"company": self.company, "found": self.said, "remedy": self.remedy or None}
        return {"kind": self.kind, "what": self.about, **facts, **since}
