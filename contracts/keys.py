"""Identity: of documents at their source, and of calls to QBO.

A SourceKey names the business document, never the delivery: two deliveries of one order have one key. Request ids
are derived from what is said, so that saying the same thing again is the same request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

REQUEST_ID_MAX = 50
"""Longest `requestid` of a single request (Intuit, learn-basic-field-definitions)."""
BATCH_REQUEST_ID_MAX = 36
"""Longest `requestid` of a batch (same source)."""
BATCH_ITEM_ID_MAX = 10
"""Longest `bId` when a batch carries a requestid (same source)."""


BODY_MONEY = "payment"
"""The kind of a key of money that is known from the body of an order or an invoice only."""


@dataclass(frozen=True, slots=True, order=True)
class SourceKey:
    """`system:kind:id` of a document at its source, for example `shopify:order:450789469`."""

    system: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> SourceKey:
        """The key that `str` wrote; the id may hold colons. ValueError when there are fewer than three parts."""
        system, kind, ident = text.split(":", 2)
        return cls(system, kind, ident)


UNNAMED = "any"
"""The id of a shop's order that a charge pays and does not name."""
_UNSAFE = re.compile(r"[\s\]%\x00-\x1f\x7f-\x9f\ufffe\uffff]")
"""What the grammar of markers has no place for, and the escape itself."""


def escape(text: str) -> str:
    """`text` as the id of a key, percent-encoded where it must be: two texts that differ make two keys."""
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def unescape(ident: str) -> str:
    """The text that `escape` was given."""
    return unquote(ident, errors="strict")


def _digest(parts: Iterable[str]) -> bytes:
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hashed.update(len(encoded).to_bytes(4, "big"))
        hashed.update(encoded)
    return hashed.digest()


def _text(digest: bytes, length: int) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")[:length]


def step_request_id(
    realm_id: str,
    key: SourceKey,
    entity: str,
    operation: str,
    *,
    target: str | None = None,
    sync_token: str | None,
    attempt: int,
) -> str:
    """The `requestid` of one step sent alone.

    The same step always has the same id; another entity (`target`: the Id that is changed, None for a create: a
    document that was voided and is made once more begins at SyncToken 0 again), a new SyncToken (an update that was
    rebased) or a new `attempt` (after a definitive fault) makes a new one. 40 characters of base64url of SHA-256, by
    hash and never by truncation of meaning, so that two steps cannot collide.
    """
    parts = (realm_id, str(key), entity, operation, target or "", sync_token or "", str(attempt))
    return "qbb-" + _text(_digest(parts), 40)


def batch_item_id(request_id: str) -> str:
    """The `bId` of a step inside a batch: 10 characters derived from its own request id."""
    return _text(_digest(("bid", request_id)), BATCH_ITEM_ID_MAX)


def batch_request_id(item_request_ids: Iterable[str]) -> str:
    """The `requestid` of a batch, derived from the steps in it: another set of steps is another request."""
    return "qbb-" + _text(_digest(("batch", *item_request_ids)), BATCH_REQUEST_ID_MAX - 4)
