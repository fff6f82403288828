"""A process that shares a token store: counts the refresh token up, as often as it is told, never losing a count.

python -m tests.support.token_worker file PATH KEY REALM TIMES
python -m tests.support.token_worker kafka ADDRESS/TOPIC KEY REALM TIMES
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bridge.clock import SystemClock
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.token_topic import KafkaTokenStore
from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import Overtaken, Tokens, TokenStore, token_key
from contracts.errors import Unavailable


def open_store(kind: str, place: str, key: str) -> TokenStore:
    """The store that two processes share."""
    if kind == "file":
        return FileTokenStore(Path(place), token_key(key), SystemClock())
    address, _, topic = place.partition("/")
    return KafkaTokenStore(topic, token_key(key), KafkaConnection(bootstrap_servers=address), SystemClock())


async def count_up(store: TokenStore, realm: str, times: int) -> None:
    """Each count says what it was counted from; one that was overtaken counts again."""
    done = 0
    while done < times:
        old = await store.load(realm)
        new = Tokens(refresh_token=str(int(old.refresh_token) + 1 if old else 1))
        try:
            await store.supersede(realm, old, new)
        except (Overtaken, Unavailable):
            continue
        done += 1


if __name__ == "__main__":
    kind, place, key, realm, times = sys.argv[1:6]
    asyncio.run(count_up(open_store(kind, place, key), realm, int(times)))
