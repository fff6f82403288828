"""What the record of Ids costs at a take-over, by how much of it a standby has followed before.

    python -m tests.bench.record [DOCUMENTS]

A hand-over has to end within two seconds of a SIGTERM, and decoding a hundred thousand entries takes longer than that.
Measured without Kafka and without QBO: CPU seconds of this process.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from bridge.index.identities import Identity, Recorded
from bridge.journal.identities import RecordOfIds, identity_value
from contracts.keys import SourceKey
from tests.support.assembly import MemoryTable
from tests.support.orders import ORDER_ID

DOCUMENTS = 100_000
BEHIND = 100
"""How many entries the last owner has written that its standby has not read."""


def main(arguments: Sequence[str]) -> None:
    """Run and print."""
    documents = int(arguments[0]) if arguments else DOCUMENTS
    rows = asyncio.run(measure(documents))
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows.items()))


async def measure(documents: int) -> dict[str, str]:
    """Everything that is printed, by its name."""
    table = MemoryTable()
    for number in range(documents):
        key, recorded = _entry(number)
        table.put(str(key), identity_value(str(key), recorded))
    unfollowed = await _read_s(RecordOfIds(table))
    standby = RecordOfIds(table)
    began = time.process_time()
    for key_text, value in list(table.entries.items())[: max(documents - BEHIND, 0)]:
        standby.take(key_text, value)
    following = time.process_time() - began
    followed = await _read_s(standby)
    return {
        "recorded documents": str(documents),
        "CPU s at a take-over that has followed nothing": f"{unfollowed:.3f}",
        "CPU s of following, before a take-over": f"{following:.3f}",
        f"CPU s at a take-over, {BEHIND} entries behind": f"{followed:.3f}",
    }


async def _read_s(record: RecordOfIds) -> float:
    began = time.process_time()
    await record.read()
    return time.process_time() - began


def _entry(number: int) -> tuple[SourceKey, Recorded]:
    """An invoice, or the payment of the one before."""
    ident, order = str(1_000 + number), str(ORDER_ID + number - number % 2)
    if number % 2:
        payment = Identity(ident, {"t": "42.90", "o": order})
        return SourceKey("shopify", "transaction", str(9_000_000 + number)), Recorded({"Payment": payment})
    sale = Identity(ident, {"t": "42.90", "c": "60", "v": "1772514270.4", "h": "2000b6cd69"})
    return SourceKey("shopify", "order", order), Recorded({"Invoice": sale})


if __name__ == "__main__":
    main(sys.argv[1:])
