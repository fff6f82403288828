"""What a document is in the books now, of the row that QuickBooks shows, and where a person finds it there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bridge.index.identities import Identity
from bridge.index.posted import VOIDED
from contracts.entities import Entity, number, part
from contracts.marker import MarkerField, amount_in, text_in
from contracts.money import plain

HOSTS = {"production": "https://app.qbo.intuit.com", "sandbox": "https://app.sandbox.qbo.intuit.com"}
"""Where people work, by the company's environment (Intuit)."""
PAGES = {
    "Invoice": "invoice",
    "Payment": "recvpayment",
    "SalesReceipt": "salesreceipt",
    "CreditMemo": "creditmemo",
    "RefundReceipt": "refundreceipt",
    "Deposit": "deposit",
    "JournalEntry": "journal",
    "Transfer": "transfer",
}
"""The page of each type in QuickBooks' own address bar."""
OWED = frozenset({"Invoice", "CreditMemo"})
PEOPLE, BRIDGE = "other", "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """One entity of a document: `state` is what it is now, `changed_by` whose state that is where it is known.

    `state` is `paid`, `open`, `partly_paid`, `posted`, `voided`, `deleted`, or `unknown` when QuickBooks was not asked.
    `user_id` is QuickBooks' number of the person, where it tells one. Amounts are in the currency's own decimals.
    """

    document: str
    entity: str
    id: str
    state: str
    link: str | None
    doc_number: str | None = None
    total: str | None = None
    balance: str | None = None
    currency: str | None = None
    changed_by: str | None = None
    user_id: str | None = None
    changed_at: str | None = None


def link_to(entity: str, ident: str, environment: str) -> str | None:
    """The address of a transaction in QuickBooks; None for what has no page of its own."""
    page = PAGES.get(entity)
    return f"{HOSTS[environment]}/app/{page}?txnId={ident}" if page else None


def live_state(document: str, entity: str, row: Entity, written: Identity | None, environment: str) -> EntityState:
    """The state of a document whose `row` QuickBooks shows; `written` is what the bridge has recorded of it."""
    total, balance = number(row.get("TotalAmt")), number(row.get("Balance"))
    currency = str(part(row, "CurrencyRef").get("value") or "") or None
    fields = written.fields if written else {}
    state = "voided" if _is_voided(row, total, fields) else _live(entity, total, balance)
    by = _changed_by(state, total, fields)
    meta = part(row, "MetaData")
    user = part(meta, "LastModifiedByRef").get("value") if by == PEOPLE else None
    ident = str(row.get("Id"))
    return EntityState(
        document=document,
        entity=entity,
        id=ident,
        state=state,
        link=link_to(entity, ident, environment),
        doc_number=str(row["DocNumber"]) if row.get("DocNumber") else None,
        total=None if total is None else plain(total, currency),
        balance=None if balance is None or entity not in OWED else plain(balance, currency),
        currency=currency,
        changed_by=by,
        user_id=str(user) if user else None,
        changed_at=str(meta["LastUpdatedTime"]) if meta.get("LastUpdatedTime") else None,
    )


def _is_voided(row: Entity, total: Decimal | None, fields: Mapping[str, str]) -> bool:
    """QuickBooks says so in the note, which our own void puts back; either way nothing is left of the total."""
    says_so = str(row.get("PrivateNote", "")).startswith("Voided")
    return not total and (says_so or text_in(fields, MarkerField.CONTENT) == VOIDED)


def _live(entity: str, total: Decimal | None, balance: Decimal | None) -> str:
    if entity not in OWED or balance is None:
        return "posted"
    if not balance:
        return "paid"
    return "open" if balance == total else "partly_paid"


def _changed_by(state: str, total: Decimal | None, fields: Mapping[str, str]) -> str | None:
    """Whose the state is: a void of ours is recorded as one, another total than we wrote is a person's."""
    if state == "voided":
        return BRIDGE if text_in(fields, MarkerField.CONTENT) == VOIDED else PEOPLE
    wrote = amount_in(fields, MarkerField.TOTAL)
    return None if wrote is None else BRIDGE if wrote == total else PEOPLE
