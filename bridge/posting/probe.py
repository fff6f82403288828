"""Does QBO take any write of this company now? A request that it fails at by itself and an outage look alike.

The probe updates a customer of ours without changing anything: it goes through all that a write goes through, and
leaves no trace but a SyncToken. It is no posting, so it is not journalled.
"""

from __future__ import annotations

from bridge.books.books import Books
from bridge.quickbooks.batching import WireStep, pack_batch, unpack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.faults import Fault
from contracts.errors import Unauthorised, Unavailable


class WriteProbe:
    """Asks QBO for one write that changes nothing."""

    def __init__(self, client: QuickBooksClient, books: Books) -> None:
        self._client = client
        self._books = books

    @property
    def is_possible(self) -> bool:
        """False while the company has no customer of ours to ask with."""
        return self._books.is_warm and self._books.index.customers.newest_listed is not None

    async def passes(self) -> bool:
        """True when QBO took it; False when it did not, or could not be asked.

        Unauthorised when the connection to QBO is dead.
        """
        try:
            return await self._tried()
        except Unauthorised:
            raise
        except Unavailable:
            return False

    async def _tried(self) -> bool:
        ident = self._books.index.customers.newest_listed
        row = await self._client.read("Customer", ident) if ident is not None else None
        if row is None or row.get("Active") is False:
            return False
        body = {"Id": str(row["Id"]), "SyncToken": str(row["SyncToken"]), "DisplayName": str(row["DisplayName"])}
        # because a probe that is repeated must be done again, and not be answered from memory
        name = f"qbb-probe-{row['Id']}-{row['SyncToken']}"
        step = WireStep(entity="Customer", operation="sparse_update", body=body, request_id=name)
        request = pack_batch([step])
        answer = await self._client.send(request, tries_max=1)
        found = unpack(request, answer)[name]
        if isinstance(found, Fault):
            return False
        self._books.remember("Customer", found, body)
        return True
