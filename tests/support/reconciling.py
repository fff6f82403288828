"""What `reconcile` finds of events and books, asked as the command asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from bridge.commands.sides import SourceSide, both_sides, read_books, read_company
from bridge.decoding.decision import EventMapper
from bridge.index.index import Index
from bridge.journal.identities import read_identities
from bridge.journal.versions import read_versions
from bridge.reconciliation.controls import Given
from bridge.reconciliation.documents import documents
from bridge.reconciliation.reconciled import Reconciled, reconciled
from contracts.results import Result, ResultStatus
from mappings.rules import MappingRules
from tests.support.assembly import COMPANY, router_of
from tests.support.orders import Json, order, shopify_event, taxed, transaction
from tests.support.seals import SEAL
from tests.support.world import World

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


async def balanced(
    world: World,
    rules: MappingRules,
    events: Sequence[Json],
    first: date = FIRST,
    last: date = LAST,
    given: Given | None = None,
    *,
    as_told: bool = False,
) -> Reconciled:
    """What reconcile says of `events` and the world's books.

    With `as_told` they are all that was delivered, in that order: what was ignored then explains what is not there.
    """
    source, mapper = SourceSide(), EventMapper(COMPANY, router_of(rules), rules)
    records = world.records(*events)
    found = [mapper.map_record(each) for each in records]
    source.add(records, [each for each in found if each is not None])
    assert not source.events.other_companies, "an event that no route takes would agree with anything"
    assert "unknown_source" not in source.events.ignored
    index = Index(SEAL, complete_since=datetime(2010, 1, 1, tzinfo=UTC))
    for document, version in read_versions(await world.journal.read()).items():
        index.note_version(document, version)
    ids = await world.journal.ids.read()
    index.identities.restore(read_identities({key.removeprefix(f"{COMPANY}:"): each for key, each in ids.items()}))
    books = await read_books(
        world.client, await read_company(world.client, rules), index, datetime(2010, 1, 1, tzinfo=UTC)
    )
    ignored = (
        {
            record.place: result.reason.code
            for record, result in zip(records, last_results(world), strict=True)
            if result.status is ResultStatus.IGNORED and result.reason is not None
        }
        if as_told
        else {}
    )
    sides = both_sides(source, books, documents(source.events, index, {}, ignored), rules)
    return reconciled(sides, rules, first, last, given)


def last_results(world: World) -> list[Result]:
    """What became of each record, in the order of delivery."""
    return [world.results[offset][-1] for offset in sorted(world.results)]


def named(found: Reconciled) -> list[tuple[str, str]]:
    """What differs: how, and which document."""
    return [(each.kind.value, str(each.key or each.name)) for each in found.differences]


def sold(ident: int, price: str, tax: str, day: str) -> list[Json]:
    """An order by card and its money, of one day."""
    moment, total = f"{day}T09:00:00-05:00", str(Decimal(price) + Decimal(tax))
    times = {"created_at": moment, "processed_at": moment}
    line = taxed(price, 1, tax, id=ident * 10, sku=f"S{ident}")
    named_so = {"admin_graphql_api_id": None, "name": f"#{ident}", "email": f"buyer{ident}@example.com"}
    body = order([line], id=ident, updated_at=moment, **named_so, **times)
    money = transaction(id=ident + 10_000, order_id=ident, amount=total, admin_graphql_api_id=None, **times)
    return [shopify_event("orders/create", body), shopify_event("order_transactions/create", money)]
