"""A decision as plain values: the drafts with every reference said, as JSON can hold them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

from contracts.posting import Ignored, PostingPlan


def as_values(decision: PostingPlan | Ignored) -> dict[str, object]:
    """`{"plan": …}` or `{"ignored": …}`: keys of documents in one line, amounts as text, nothing that is empty."""
    name = "ignored" if isinstance(decision, Ignored) else "plan"
    return {name: _plain(asdict(decision))}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() == {"system", "kind", "id"}:
            return f"{value['system']}:{value['kind']}:{value['id']}"
        return {name: _plain(item) for name, item in value.items() if item not in (None, (), "")}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime) else value
