"""What the doctor says about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` is empty when all is well."""

    about: str
    said: str
    remedy: str = ""

    @property
    def is_problem(self) -> bool:
        """Whether something would fail later."""
        return bool(self.remedy)
