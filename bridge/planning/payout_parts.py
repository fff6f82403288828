"""A payout that is too large for one record comes in parts: it is put together when all of them are told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.planning.steps import Waiting
from contracts.quickbooks import DepositDraft


def put_together(drafts: Sequence[DepositDraft]) -> DepositDraft | Waiting:
    """The payout that `drafts` tell, or what is missing. UnbalancedDocument when all of them miss its amount."""
    alone = next((draft for draft in drafts if draft.part is None), None)
    if alone is not None:
        return alone
    found = {draft.part: draft for draft in reversed(drafts) if draft.part is not None}
    wanted = max(of for _, of in found)
    missing = [str(number) for number in range(1, wanted + 1) if (number, wanted) not in found]
    if missing:
        return Waiting(f"of the {wanted} parts of the payout {', '.join(missing)} are not told yet")
    parts = [found[number, wanted] for number in range(1, wanted + 1)]
    whole = replace(
        parts[0],
        payments=tuple(each for part in parts for each in part.payments),
        lines=tuple(line for part in parts for line in part.lines),
        refunds=tuple(each for part in parts for each in part.refunds),
        rows=tuple(row for part in parts for row in part.rows),
        near_start=tuple(row for part in parts for row in part.near_start),
        moved=tuple(each for part in parts for each in part.moved),
        orders=tuple(dict.fromkeys(order for part in parts for order in part.orders)),
    )
    whole.must_add_up()
    return whole
