"""The writes that go to QBO, as values that hold the exact bytes.

Whoever builds a request decides its bytes once; the journal stores them and every resend repeats them, because QBO
answers a known request id with its first answer whatever the body says. `requestid` is a query parameter on every
write (a header of that name belongs to another Intuit product).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["create", "update", "sparse_update", "void", "delete"]

MINOR_VERSION = "75"
"""The floor since 2025-08-01; lower values are answered as 75 (Intuit blog 2025-01-21)."""

_VOID_BY_UPDATE = frozenset({"Payment", "SalesReceipt", "BillPayment"})
VOIDABLE = frozenset({"Invoice"}) | _VOID_BY_UPDATE
"""Entities that QBO voids; CreditMemo, RefundReceipt, Deposit and JournalEntry can only be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """One write alone. `body` is the bare entity as JSON."""

    entity: str
    operation: Operation
    body: bytes
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """A step's place in a batch: `b_id` in the body answers for `request_id`, the step's own id."""

    b_id: str
    entity: str
    operation: Operation
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Up to 30 writes in one call. `body` is the whole `BatchItemRequest` object as JSON."""

    items: tuple[BatchItem, ...]
    body: bytes
    request_id: str


Request = Single | Batch


def path_of(request: Request) -> str:
    """The last part of the URL: `batch`, or the entity in lower case."""
    return "batch" if isinstance(request, Batch) else request.entity.lower()


def params_of(request: Request) -> dict[str, str]:
    """The query parameters of a write, `requestid` among them."""
    params = {"requestid": request.request_id, "minorversion": MINOR_VERSION}
    if isinstance(request, Single):
        params |= _operation_params(request.entity, request.operation)
    return params


def require_voidable(entity: str) -> None:
    """ValueError for an entity that QBO cannot void."""
    if entity not in VOIDABLE:
        raise ValueError(f"QBO cannot void a {entity}: delete it")


def _operation_params(entity: str, operation: Operation) -> dict[str, str]:
    """Void URLs differ by entity (recorded 2025-06, and the API reference)."""
    match operation:
        case "create" | "update" | "sparse_update":
            return {}
        case "delete":
            return {"operation": "delete"}
        case "void":
            require_voidable(entity)
            return {"operation": "update", "include": "void"} if entity in _VOID_BY_UPDATE else {"operation": "void"}
