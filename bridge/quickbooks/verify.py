"""Is the answer what was sent? A known request id is answered with its *first* answer, whatever the body says now.

So a collision of ids looks like success, and a Payment can come back without the link it was sent for (200 does not
mean linked). Whoever gets an entity back asks `mismatch` before believing it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.entities import Entity, number

_MARKER = re.compile(r"\[qbb:[^\]\n]*\]")

Link = tuple[str, str, Decimal | None]
"""What a line is applied to: type, id and amount."""


def mismatch(sent: Mapping[str, Any], answered: Entity) -> str | None:
    """How the answered entity differs from the body that was sent, in one sentence; None when it is the same.

    Compared where sent: Id, the marker in PrivateNote (Notes of a customer), DocNumber, TotalAmt, and every
    (TxnType, TxnId, Amount) that a Payment's or Deposit's lines are linked to. The sentence has ids and numbers only.
    """
    for name in ("Id", "DocNumber"):
        if name in sent and sent[name] not in (None, "") and str(answered.get(name, "")) != str(sent[name]):
            return f"{name} is {answered.get(name, 'missing')} and not {sent[name]}"
    for name in ("PrivateNote", "Notes"):
        if wanted := markers(sent.get(name)) - markers(answered.get(name)):
            return f"{name} does not hold the marker {min(wanted)}"
    total = number(sent.get("TotalAmt"))
    if total is not None and number(answered.get("TotalAmt")) != total:
        return f"TotalAmt is {answered.get('TotalAmt', 'missing')} and not {total}"
    missing = _links(sent) - _links(answered)
    return _unlinked(next(iter(missing))) if missing else None


def other_total(sent: Mapping[str, Any], answered: Entity) -> tuple[Decimal, Decimal] | None:
    """The total that was sent and the one that was answered, where nothing else differs."""
    wanted, found = number(sent.get("TotalAmt")), number(answered.get("TotalAmt"))
    if wanted is None or found is None or wanted == found:
        return None
    return None if mismatch({**sent, "TotalAmt": found}, answered) else (wanted, found)


def markers(note: object) -> frozenset[str]:
    """The bridge's markers in a note, wherever they stand."""
    return frozenset(_MARKER.findall(note)) if isinstance(note, str) else frozenset()


def _links(entity: Mapping[str, Any]) -> Counter[Link]:
    """The links of the lines; an invoice's own LinkedTxn is derived by QBO and not looked at."""
    lines = entity.get("Line")
    return Counter(
        (str(link.get("TxnType")), str(link.get("TxnId")), number(line.get("Amount")))
        for line in (lines if isinstance(lines, list | tuple) else ())
        if isinstance(line, Mapping)
        for link in line.get("LinkedTxn") or ()
    )


def _unlinked(link: Link) -> str:
    txn_type, txn_id, amount = link
    return f"it is not linked to {txn_type} {txn_id} with {amount}"
