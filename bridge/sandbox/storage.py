"""`--data FILE`: a company outlives the process. One SQLite row per document, written when its write commits.

Indexes and sums are not stored: they are rebuilt from the documents and postings, so the file holds each fact once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.company import Change, Kind, SandboxCompany
from bridge.sandbox.entities.credits import keep_waiting
from bridge.sandbox.entities.numbers import index_number
from bridge.sandbox.ledger import Posting
from bridge.sandbox.oauth import Grant, GrantedTokens
from bridge.sandbox.references import ref_id
from bridge.sandbox.requests import Reply, RequestIds
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.wire import dumps

SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (realm TEXT, entity TEXT, id TEXT, live INTEGER, doc BLOB, postings BLOB,
  PRIMARY KEY (realm, entity, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replies (realm TEXT, key TEXT, print BLOB, status INTEGER, fault INTEGER, body BLOB,
  PRIMARY KEY (realm, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (realm TEXT, name TEXT, value BLOB, PRIMARY KEY (realm, name)) WITHOUT ROWID;
"""
GRANT_COLUMNS = (
    "realm",
    "client_id",
    "refresh",
    "rotated_at",
    "refresh_until",
    "hard_until",
    "previous",
    "previous_until",
    "revoked",
)
PERSONS = ("Customer", "Vendor", "Employee")
NUMBERED = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")


def _loads(blob: bytes) -> Any:
    return json.loads(blob, parse_float=Decimal, parse_int=Decimal)


def _id_order(entity_id: str) -> tuple[bool, int]:
    return (not entity_id.isdigit(), int(entity_id) if entity_id.isdigit() else 0)


class Storage:
    """One file for all realms of a sandbox."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(SCHEMA)

    def holds(self, realm: str) -> bool:
        """Whether the file knows this company."""
        return self._db.execute("SELECT 1 FROM docs WHERE realm = ? LIMIT 1", (realm,)).fetchone() is not None

    def save_all(self, company: SandboxCompany) -> None:
        """A whole new company."""
        self.changed(
            company, tuple(Change(name, key, "Create") for name, table in company.tables.items() for key in table)
        )

    def changed(self, company: SandboxCompany, changes: tuple[Change, ...]) -> None:
        """One committed write; a listener of `SandboxCompany`."""
        rows = []
        for change in changes:
            doc = company.tables[change.entity].get(change.entity_id)
            live = doc is not None
            stored = doc if doc is not None else company.deleted[change.entity].get(change.entity_id)
            postings = company.ledger.postings.get((change.entity, change.entity_id), ())
            sides = [[side.account_id, str(side.home), str(side.foreign), side.name_id] for side in postings]
            rows.append((company.realm, change.entity, change.entity_id, live, dumps(stored), dumps(sides)))
        state = {
            "sequences": company.sequences,
            "roles": [[subtype, code, account] for (subtype, code), account in company.roles.items()],
            "agencies": company.agency_accounts,
            "stock": {item: str(quantity) for item, quantity in company.stock.items()},
        }
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO docs VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._save_state(company.realm, "company", state)
        self._db.execute("COMMIT")

    def _save_state(self, realm: str, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (realm, name, dumps(value)))

    def _state(self, realm: str, name: str) -> Any:
        found = self._db.execute("SELECT value FROM state WHERE realm = ? AND name = ?", (realm, name)).fetchone()
        return None if found is None else json.loads(found[0])

    def load(
        self, realm: str, settings: SandboxSettings, clock: SandboxClock, kinds: Mapping[str, Kind]
    ) -> SandboxCompany:
        """The company as it was."""
        company = SandboxCompany(realm, settings, clock, kinds)
        state = self._state(realm, "company")
        company.sequences.update(state["sequences"])
        company.roles.update({(subtype, code): account for subtype, code, account in state["roles"]})
        company.agency_accounts.update(state["agencies"])
        company.stock.update({item: Decimal(quantity) for item, quantity in state["stock"].items()})
        rows = self._db.execute("SELECT entity, id, live, doc, postings FROM docs WHERE realm = ?", (realm,)).fetchall()
        for entity, entity_id, live, doc, _ in sorted(rows, key=lambda row: _id_order(row[1])):
            (company.tables if live else company.deleted)[entity][entity_id] = _loads(doc)
        for entity, entity_id, live, _, postings in rows:
            if live:
                sides = [Posting(side[0], Decimal(side[1]), Decimal(side[2]), side[3]) for side in json.loads(postings)]
                at = company.tables[entity][entity_id]["MetaData"]["LastUpdatedTime"]
                company.ledger.post((entity, entity_id), sides, at)
        _reindex(company)
        company.undo.commit()
        return company

    def keep_replies(self, realm: str, requests: RequestIds) -> None:
        """Remember answered request ids, those of earlier runs included."""
        found = self._db.execute("SELECT key, print, status, fault, body FROM replies WHERE realm = ?", (realm,))
        for key, print_, status, fault, body in found:
            requests.remember(key, print_, Reply(status, _loads(body), fault=bool(fault)))

        def answered(key: str, print_: bytes, reply: Reply) -> None:
            row = (realm, key, print_, reply.status, reply.fault, dumps(reply.body))
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)

        requests.on_answered = answered

    def keep_grants(self, tokens: GrantedTokens) -> None:
        """Bring back the refresh tokens of earlier runs and keep them from now on."""
        stored = self._state("", "grants")
        if stored is not None:
            tokens.restore([Grant(**grant) for grant in stored])

        def changed(grants: list[Grant]) -> None:
            self._save_state("", "grants", [{name: getattr(grant, name) for name in GRANT_COLUMNS} for grant in grants])

        tokens.on_change = changed
        changed(tokens.grants)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _reindex(company: SandboxCompany) -> None:
    for entity, table in company.tables.items():
        scope = "Name" if entity in PERSONS else entity
        for doc in table.values():
            name = doc.get("Code") if entity == "CompanyCurrency" else doc.get("FullyQualifiedName") or doc.get("Name")
            if entity in PERSONS:
                name = doc["DisplayName"]
            if name and not company.kinds[entity].transaction:
                company.names[scope, name.casefold()] = doc["Id"]
            parent = ref_id(doc.get("ParentRef"))
            if parent and entity in ("Customer", "Account"):
                below = company.jobs if entity == "Customer" else company.children
                below[parent] = (*below.get(parent, ()), doc["Id"])
            if entity in NUMBERED:
                index_number(company, entity, None, doc)
    for credit in company.tables["CreditMemo"].values():
        keep_waiting(company, credit["CustomerRef"]["value"], credit["Id"])
