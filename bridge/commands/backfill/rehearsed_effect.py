"""The effect on the books of what a rehearsal would have sent: what stands there afterwards less what stood there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from bridge.commands.backfill.effect import Chart, Effect, book_account, sides_of
from bridge.index.company_profile import CompanyProfile
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.queries import Select, where_in
from contracts.entities import NAME_LISTS, Entity, ref_id
from contracts.posting import Operation
from contracts.rehearsal import RehearsedWrite, is_rehearsed

IDS_PER_QUERY = 100
ABOUT_MONEY = frozenset({"Line", "TotalAmt", "TxnTaxDetail", "DepositToAccountRef"})
"""A sparse update without any of these moves no money."""

Key = tuple[str, str]


async def effect_of(writes: Iterable[RehearsedWrite], profile: CompanyProfile, client: QuickBooksClient) -> Effect:
    """Sum up `writes`. What they change is read as it is in QBO now; Unavailable while QBO does not answer."""
    changed = _by_entity(writes)
    before = await _read(client, [key for key in changed if not is_rehearsed(key[1])])
    after = {key: _after(before.get(key), each) for key, each in changed.items()}
    made = {key: body for key, body in after.items() if key[0] == "Item" and body is not None}
    sold = _items_of([*before.values(), *(body for body in after.values() if body is not None)])
    known = await _read(client, [("Item", ident) for ident in sold if not is_rehearsed(ident)])
    chart = Chart(
        accounts={
            each.id: book_account(each.name, each.account_type, each.sub_type) for each in profile.accounts.values()
        },
        items={ident: account for (_, ident), row in (known | made).items() if (account := _income(row)) is not None},
    )
    effect = Effect()
    for key, body in after.items():
        for sign, state in ((-1, before.get(key)), (1, body)):
            if state is not None:
                effect.add(sides_of(key[0], state, chart), _currency(state, profile), sign)
    return effect


def _by_entity(writes: Iterable[RehearsedWrite]) -> dict[Key, list[RehearsedWrite]]:
    """The writes of each entity, in order, of those that may move money. What was adopted stays as it is."""
    changed: dict[Key, list[RehearsedWrite]] = defaultdict(list)
    for write in writes:
        is_kept = write.operation is Operation.ADOPT or (
            write.operation is Operation.UPDATE and (write.entity in NAME_LISTS or not ABOUT_MONEY & write.sent.keys())
        )
        if not is_kept:
            changed[write.place].append(write)
    return changed


def _after(before: Entity | None, writes: Sequence[RehearsedWrite]) -> Entity | None:
    """The entity once all is sent: a sparse update replaces what it names, nothing is left of a void."""
    body: dict[str, Any] | None = dict(before) if before is not None else None
    for write in writes:
        is_left = write.operation not in (Operation.VOID, Operation.DELETE)
        body = {**(body or {}), **write.sent} if is_left else None
    return body


async def _read(client: QuickBooksClient, keys: Iterable[Key]) -> dict[Key, Entity]:
    return {key: row async for key, row in _rows(client, sorted(set(keys)))}


async def _rows(client: QuickBooksClient, keys: Sequence[Key]) -> AsyncIterator[tuple[Key, Entity]]:
    for entity in dict.fromkeys(entity for entity, _ in keys):
        idents = [ident for kind, ident in keys if kind == entity]
        for start in range(0, len(idents), IDS_PER_QUERY):
            wanted = where_in("Id", tuple(idents[start : start + IDS_PER_QUERY]))
            for row in await client.query(Select(entity, conditions=(wanted,)), priority=Priority.BACKFILL):
                yield (entity, str(row["Id"])), row


def _items_of(bodies: Iterable[Entity]) -> set[str]:
    """The items on the lines of all forms; also those that a person sold in a bundle."""
    lines = [line for body in bodies for line in body.get("Line") or ()]
    inner = [each for line in lines for each in (line.get("GroupLineDetail") or {}).get("Line") or [line]]
    named = (ref_id(line.get("SalesItemLineDetail") or {}, "ItemRef") for line in inner)
    return {ident for ident in named if ident is not None and ident.isdigit()}


def _income(item: Entity) -> str | None:
    return ref_id(item, "IncomeAccountRef")


def _currency(body: Entity, profile: CompanyProfile) -> str:
    return ref_id(body, "CurrencyRef") or profile.home_currency
