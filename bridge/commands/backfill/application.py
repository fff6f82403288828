"""What of a plan may still be done: a line is, where a rehearsal of the same range says the same of it now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.commands.backfill.planned_documents import PlannedDocument, Rehearsed


@dataclass(frozen=True, slots=True)
class Application:
    """Which documents are left as they are, each with why; all others are done as planned."""

    left: Mapping[str, str]


def application_of(plan: Mapping[str, PlannedDocument], now: Rehearsed) -> Application:
    """Compare the lines of a plan with what would be done now.

    What needs a document that is left, such as a payment its invoice, is left with it.
    """
    left = {name: why for name, line in plan.items() if (why := _difference(line, now.lines.get(name))) is not None}
    left |= dict.fromkeys(now.lines.keys() - plan.keys(), "the plan does not have it")
    for name in sorted(now.with_others(left) - left.keys()):
        left[name] = "it goes with a document that is left"
    return Application(left)


def _difference(planned: PlannedDocument, now: PlannedDocument | None) -> str | None:
    """Why a line cannot be done as it was planned, None where it can."""
    if now is None:
        return "no record of the range tells of it now"
    moved = [name for name in planned.sync_tokens if now.sync_tokens.get(name) != planned.sync_tokens[name]]
    if moved:
        return f"{', '.join(moved)} changed in QuickBooks since"
    if planned.would != now.would:
        return f"the plan would {planned.would} it, and now it would be: {now.would} ({now.why})"
    if planned.digest != now.digest or planned.sync_tokens != now.sync_tokens:
        return "what would be written is not what was planned"
    return None
