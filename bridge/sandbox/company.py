"""One company (realm): its entities, its ledger, its preferences, and the primitives that entity rules are made of.

Documents are never changed in place: a write puts new ones, an undo log takes all of it back when a rule refuses, and
listeners (webhooks, storage) hear of a write only after it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.currencies import NAMES
from bridge.sandbox.entities.kind import Ask, EntityKind
from bridge.sandbox.ledger import Ledger, Posting, UndoLog
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.wire import ZERO, Doc, local, money, stamp

ONE = Decimal(1)
USER_ID = "9341454710333993"  # the user in the recorded bodies


@dataclass(frozen=True, slots=True)
class Change:
    """What a committed write did to one document; `operation` is Create, Update, Delete, Void or Emailed."""

    entity: str
    entity_id: str
    operation: str


class SandboxCompany:
    """The state of a realm. Entity rules read and write it through the methods below."""

    def __init__(self, realm: str, settings: SandboxSettings, clock: SandboxClock, kinds: Mapping[str, Kind]) -> None:
        self.realm = realm
        self.settings = settings
        self.switches = settings.switches
        self.country = settings.country
        self.home_currency = settings.home_currency
        self.zone = settings.time_zone
        self.clock = clock
        self.kinds = kinds
        self.undo = UndoLog()
        self.ledger = Ledger(self.undo)
        self.tables: dict[str, dict[str, Doc]] = {name: {} for name in kinds}
        self.deleted: dict[str, dict[str, Doc]] = {name: {} for name in kinds}
        self.sequences: dict[str, int] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.numbers: dict[tuple[str, str], tuple[str, ...]] = {}
        self.jobs: dict[str, tuple[str, ...]] = {}
        self.children: dict[str, tuple[str, ...]] = {}
        self.roles: dict[tuple[str, str], str] = {}
        self.agency_accounts: dict[str, str] = {}
        self.stock: dict[str, Decimal] = {}
        self.hidden: dict[tuple[str, str], tuple[float, Doc | None]] = {}
        self.listeners: list[Callable[[SandboxCompany, tuple[Change, ...]], None]] = []
        self.open_credits: dict[str, tuple[str, ...]] = {}
        self.suspended = False
        self.daily_rates: dict[str, dict[str, Decimal]] = {}
        self.default_rates: dict[str, Decimal] = {}
        self.moment = clock.now()
        self._changes: dict[tuple[str, str], str] = {}

    # -- one write -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A write starts: every time stamp that it makes is this one."""
        self.moment = self.clock.now()

    def rollback(self) -> None:
        """The write was refused: nothing of it stays."""
        self.undo.rollback()
        self._changes.clear()

    def note(self, entity: str, entity_id: str, operation: str) -> None:
        """Name what a write did to a document otherwise than by its first operation."""
        self._changes[entity, entity_id] = operation

    def commit(self) -> None:
        """The write is complete: tell the listeners."""
        self.undo.commit()
        changes = tuple(
            Change(entity, entity_id, operation) for (entity, entity_id), operation in self._changes.items()
        )
        self._changes.clear()
        for listener in self.listeners:
            listener(self, changes)

    # -- time, ids, preferences ------------------------------------------------------------------------------------

    def stamp(self) -> str:
        """The write's time as MetaData has it."""
        return stamp(self.moment, self.zone)

    def today(self) -> date:
        """The company's date."""
        return local(self.moment, self.zone).date()

    def next_number(self, sequence: str, first: int = 1) -> int:
        """The next of a sequence; a refused write gives its numbers back."""
        number = self.sequences.get(sequence, first)
        self.undo.set(self.sequences, sequence, number + 1)
        return number

    def preference(self, group: str, name: str) -> Any:
        """One preference, None when absent."""
        return self.tables["Preferences"]["1"].get(group, {}).get(name)

    @property
    def multicurrency(self) -> bool:
        """Whether foreign currencies are allowed; once on it stays on."""
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    def currency_ref(self, code: str) -> Doc:
        """`{"value": "USD", "name": "United States Dollar"}`."""
        return {"value": code, "name": NAMES.get(code, code)}

    # -- documents -------------------------------------------------------------------------------------------------

    def find(self, entity: str, entity_id: str | None) -> Doc | None:
        """A stored document."""
        return self.tables[entity].get(entity_id) if entity_id else None

    def visible(self, entity: str, doc: Doc) -> Doc | None:
        """The document as queries and change data capture see it at this moment: perhaps older, perhaps not yet."""
        late = self.hidden.get((entity, doc["Id"]))
        if late is None or late[0] <= self.clock.monotonic():
            return doc
        return late[1]

    def put(self, entity: str, doc: Doc, operation: str = "Update") -> None:
        """Store a document; the first operation of a write names its change."""
        self.undo.set(self.tables[entity], doc["Id"], doc)
        self._changes.setdefault((entity, doc["Id"]), operation)

    def remove(self, entity: str, entity_id: str) -> None:
        """Delete a document; change data capture keeps a stub."""
        self.undo.drop(self.tables[entity], entity_id)
        stub = {"domain": "QBO", "status": "Deleted", "Id": entity_id, "MetaData": {"LastUpdatedTime": self.stamp()}}
        self.undo.set(self.deleted[entity], entity_id, stub)
        self._changes[entity, entity_id] = "Delete"

    def touch(self, entity: str, entity_id: str, changes: Doc) -> Doc:
        """A derived change: new values, SyncToken up by one, LastUpdatedTime now."""
        old = self.tables[entity][entity_id]
        new = {**old, **changes, **self.bumped(old)}
        self.put(entity, new)
        return new

    def bumped(self, old: Doc) -> Doc:
        """The SyncToken and MetaData of a document's next version."""
        return {
            "SyncToken": str(int(old["SyncToken"]) + 1),
            "MetaData": {**old["MetaData"], "LastUpdatedTime": self.stamp()},
        }

    # -- ledger ----------------------------------------------------------------------------------------------------

    def account_currency(self, account_id: str) -> str:
        """The currency that an account is kept in."""
        account = self.tables["Account"].get(account_id, {})
        return str(account.get("CurrencyRef", {}).get("value", self.home_currency))

    def post(self, entity: str, doc: Doc, lines: Iterable[tuple[str, Decimal, str | None, Decimal | None]]) -> None:
        """Post a transaction from `(account, amount in its currency, name, home amount or None)`, debits positive.

        What rounding (or a payment at another rate than its invoice) leaves over goes to Exchange Gain or Loss.
        """
        currency = doc.get("CurrencyRef", {}).get("value", self.home_currency)
        rate: Decimal = doc.get("ExchangeRate", ONE) if currency != self.home_currency else ONE
        postings = []
        rest = ZERO
        for account_id, amount, name_id, given in lines:
            home = given if given is not None else money(amount * rate)
            kept_in = self.account_currency(account_id)
            if kept_in not in (self.home_currency, currency):
                raise errors.business("You can only use one foreign currency per transaction.")
            own = home if kept_in == self.home_currency else amount
            postings.append(Posting(account_id, home, own, name_id))
            rest += home
        if rest:
            if currency == self.home_currency:
                raise AssertionError(f"{entity} {doc['Id']} does not balance by {rest}")
            postings.append(Posting(self.role_account("ExchangeGainOrLoss"), -rest, -rest))
        self.ledger.post((entity, doc["Id"]), postings, self.stamp())

    def unpost(self, entity: str, entity_id: str) -> None:
        """Take a transaction out of the ledger."""
        self.ledger.post((entity, entity_id), (), self.stamp())

    def role_account(self, subtype: str, currency: str | None = None) -> str:
        """The id of the account that plays a part (by AccountSubType and currency), made on demand."""
        code = currency or self.home_currency
        found = self.roles.get((subtype, code))
        return found if found is not None else self.make_role_account(subtype, code)

    def make_role_account(self, subtype: str, code: str) -> str:
        """Accounts that QuickBooks makes by itself: receivables per currency, exchange differences, shipping."""
        name, account_type = {
            "AccountsReceivable": (f"Accounts Receivable (A/R) - {code}", "Accounts Receivable"),
            "AccountsPayable": (f"Accounts Payable (A/P) - {code}", "Accounts Payable"),
            "ExchangeGainOrLoss": ("Exchange Gain or Loss", "Other Expense"),
            "UndepositedFunds": ("Undeposited Funds", "Other Current Asset"),
            "ShippingIncome": ("Shipping Income", "Income"),
            "GratuityLiability": ("Gratuity Payable", "Other Current Liability"),
            "GlobalTaxPayable": ("Sales Tax Payable", "Other Current Liability"),
            "Inventory": ("Inventory Asset", "Other Current Asset"),
            "OpeningBalanceEquity": ("Opening Balance Equity", "Equity"),
            "DiscountsRefundsGiven": ("Discounts given", "Income"),
        }[subtype]
        plain = {"ShippingIncome": "SalesOfProductIncome", "GratuityLiability": "OtherCurrentLiabilities"}
        account_id = self.make_account(name, account_type, plain.get(subtype, subtype), code)
        self.undo.set(self.roles, (subtype, code), account_id)
        return account_id

    def make_account(self, name: str, account_type: str, subtype: str, code: str | None = None) -> str:
        """An account that QuickBooks itself adds in the middle of a write."""
        kind = self.kinds["Account"]
        given = {
            "Name": name,
            "AccountType": account_type,
            "AccountSubType": subtype,
            "CurrencyRef": {"value": code or self.home_currency},
        }
        doc = self.as_created("Account", kind.build(self, given, None, Ask()))
        self.put("Account", doc, "Create")
        kind.effects(self, None, doc)
        return str(doc["Id"])

    def as_created(self, entity: str, built: Doc) -> Doc:
        """A built document with the properties that QuickBooks adds at birth."""
        now = self.stamp()
        kind = self.kinds[entity]
        signed = {"LastModifiedByRef": {"value": USER_ID}} if kind.signed else {}
        return {
            **built,
            "domain": "QBO",
            "sparse": False,
            "Id": str(self.next_number(kind.sequence)),
            "SyncToken": "0",
            "MetaData": {"CreateTime": now, **signed, "LastUpdatedTime": now},
        }

    # -- unique names ----------------------------------------------------------------------------------------------

    def claim_name(self, scope: str, name: str, entity_id: str, old_name: str | None) -> None:
        """Take a name (case-insensitive) or fault with 6240."""
        key = (scope, name.casefold())
        holder = self.names.get(key)
        if holder is not None and holder != entity_id:
            raise errors.duplicate_name("null" if scope == "Name" else f"Id={holder}")
        if old_name is not None and old_name.casefold() != key[1]:
            self.undo.drop(self.names, (scope, old_name.casefold()))
        if holder is None:
            self.undo.set(self.names, key, entity_id)


Kind = EntityKind[SandboxCompany]  # an entity's rules over this state
