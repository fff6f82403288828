"""What the doctor says about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` is empty when all is well, `rare` true where only few companies ever meet it."""

    about: str
    said: str
    remedy: str = ""
    rare: bool = False

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
        return {"kind": self.kind, "what": self.about, "found": self.said, "remedy": self.remedy or None}
