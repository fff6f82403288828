"""What `reconcile` reads of QuickBooks: a page of a thousand documents is one read, whatever kind they are of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.commands.sides import read_books, read_company
from bridge.index.index import Index
from mappings.rules import MappingRules
from tests.support.reconciling import sold
from tests.support.seals import SEAL
from tests.support.world import opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
SINCE = datetime(2010, 1, 1, tzinfo=UTC)
READS_MAX, PAGE = 20, 1_000


@pytest.mark.parametrize("copies", [0, 1_000, 2_500])
async def test_the_reads_are_twenty_and_one_a_thousand_documents(copies: int) -> None:
    """Copies of an invoice and of its payment, as many people's own. Guard: the page of `transactions`."""
    async with opened(RULES) as world:
        for event in sold(1001, "100.00", "8.00", "2026-03-02"):
            await world.deliver(event)
        tables = world.sandbox.company().tables
        for entity, first in (("Invoice", 10_000), ("Payment", 20_000)):
            row = next(iter(tables[entity].values()))
            for ident in map(str, range(first, first + copies)):
                tables[entity][ident] = {**row, "Id": ident, "PrivateNote": ""}
        before = world.client.counts.reads
        company = await read_company(world.client, RULES)
        books = await read_books(world.client, company, Index(SEAL, complete_since=SINCE), SINCE)
        reads = world.client.counts.reads - before
    assert len(books.rows) == 2 + 2 * copies
    assert reads <= READS_MAX + len(books.rows) // PAGE
