"""The batch endpoint: up to 30 items, each with its own outcome, answered in request order with HTTP 200.

Items do not see one another's results, so queries run first; a retried batch replays each item by its pair of
requestid and bId. Sources: limits page, batch reference, "batch without a scratch" (void by optionsData).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bridge.sandbox import select
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.errors import (
    QboFault,
    invalid_property,
    required,
    something_went_wrong,
    unsupported_operation,
)
from bridge.sandbox.faults import CallTraits
from bridge.sandbox.requests import Reply, check_length, fingerprint, once
from bridge.sandbox.sandbox import Realm, Sandbox
from bridge.sandbox.service import Call, fault_reply, item_traits, now
from bridge.sandbox.wire import Doc, dumps
from bridge.sandbox.writes import write

log = structlog.get_logger(__name__)


def check(call: Call, items_max: int) -> None:
    """What makes a whole batch invalid."""
    if call.problem is not None:
        raise call.problem
    if len(call.items) > items_max:
        raise QboFault(
            "1040",
            "Batch size exceeds allowed limit",
            f"Batch size exceeds allowed limit. Max: {items_max}",
            "BatchItemRequest",
        )
    if not call.items:
        raise required("BatchItemRequest")
    bids = []
    for item in call.items:
        if not isinstance(item, dict):
            raise invalid_property()
        bid = item.get("bId")
        if not isinstance(bid, str) or not bid:
            raise required("bId")
        bids.append(bid)
        if "Query" in item and "operation" in item:
            raise QboFault(
                "2600", "Invalid Request Conflict Element in Request", "Conflicting elements found in the request."
            )
    if len(set(bids)) != len(bids):
        raise QboFault(
            "2600", "Invalid Request Conflict Element in Request", "Conflicting elements found in the request.", "bId"
        )
    if call.request_id is not None:
        check_length(call.request_id, bids)


async def run(
    sandbox: Sandbox, realm: Realm, call: Call, request_id: str | None, before: Callable[[], Awaitable[None]]
) -> tuple[Reply, list[bool]]:
    """Answer a batch; the booleans say which items were replays. `before` is waited for once ids are reserved."""
    gate = asyncio.ensure_future(before())
    order = list(range(len(call.items)))
    if sandbox.settings.switches.batch_order == "shuffled":
        sandbox.random.shuffle(order)
    order.sort(key=lambda index: "Query" not in call.items[index])
    answers: dict[int, tuple[Doc, bool]] = {}
    tasks = (
        [asyncio.ensure_future(_item(sandbox, realm, call, index, request_id, gate)) for index in order]
        if request_id
        else []
    )
    if tasks:
        for index, task in zip(order, tasks, strict=True):
            answers[index] = await task
    else:
        for index in order:
            answers[index] = await _item(sandbox, realm, call, index, None, gate)
    await gate
    ordered = [answers[index] for index in range(len(call.items))]
    body = {"BatchItemResponse": [answer for answer, _ in ordered], "time": now(realm.company)}
    return Reply(200, body), [replayed for _, replayed in ordered]


async def _item(
    sandbox: Sandbox, realm: Realm, call: Call, index: int, request_id: str | None, gate: asyncio.Future[None]
) -> tuple[Doc, bool]:
    item = call.items[index]
    bid = item["bId"]

    async def apply() -> Reply:
        await gate
        return _apply(sandbox, realm.company, item, call.request_id)

    key = f"{request_id}/{bid}" if request_id and "Query" not in item else None
    print_ = fingerprint(dumps(item)) if key else b""
    try:
        reply, replayed = await once(realm.requests, key, print_, apply)
    except QboFault as fault:
        reply, replayed = fault_reply(realm.company, fault), False
    return {**{name: part for name, part in reply.body.items() if name != "time"}, "bId": bid}, replayed


def _apply(sandbox: Sandbox, company: SandboxCompany, item: Doc, request_id: str | None) -> Reply:
    entity, operation = item_traits(item)
    operations = frozenset((operation, "query" if operation == "query" else "write"))
    traits = CallTraits(company.realm, frozenset((entity.casefold(),)), operations, request_id, dumps(item))
    try:
        rule = sandbox.faults.take(traits, ("batch_item",)).get("batch_item")
        if rule is not None:
            return fault_reply(company, QboFault(rule.code, rule.message, rule.detail, ""))
        return Reply(200, _outcome(company, item, entity, operation))
    except QboFault as fault:
        return fault_reply(company, fault)
    except Exception:
        log.exception("sandbox.mistake", entity=entity, operation=operation)
        return fault_reply(company, something_went_wrong())


def _outcome(company: SandboxCompany, item: Doc, entity: str, operation: str) -> Doc:
    if operation == "query":
        return {"QueryResponse": select.run(company, _text(item["Query"]))}
    if entity == "":
        raise QboFault("2000", "Invalid or unsupported object name", f"Object Name: {_named(item)}")
    if operation not in ("create", "update", "delete", "void"):
        raise unsupported_operation(operation or "null")
    include = item.get("optionsData")
    body: Any = item[entity]
    if operation == "create" and isinstance(body, dict) and body.get("Id"):
        body = {name: value for name, value in body.items() if name not in ("Id", "SyncToken")}
    if operation == "update" and isinstance(body, dict) and not body.get("Id"):
        raise required("Id")
    return {entity: write(company, entity, body, operation, include if isinstance(include, str) else "")}


def _named(item: Doc) -> str:
    return ", ".join(name for name in item if name not in ("bId", "operation", "optionsData")) or "null"


def _text(query: Any) -> str:
    if not isinstance(query, str):
        raise invalid_property()
    return query
