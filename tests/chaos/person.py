"""A person at the memos: clears, edits and pastes them, and copies invoices for somebody else; puts all right at last.

Whether the bridge was led astray is then read from books in which every memo is as it was: a document that it made
again because its memo was gone is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.support.fleet import Fleet
from tests.support.installation import Tenant
from tests.support.memos import hostile_memo
from tests.support.seals import seal_of

ENTITIES = ("Invoice", "Invoice", "Invoice", "Payment", "JournalEntry")
STRANGER = "A person's own customer"
AT_HAND = 5
"""Documents that the person looks at before choosing one."""
Row = dict[str, Any]


@dataclass(slots=True)
class Person:
    """Works in the books of all companies; knows what each memo was, and reads as Intuit meters it."""

    fleet: Fleet
    chance: Random
    reads: dict[str, int] = field(default_factory=dict)
    _memos: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """What stood in a memo before the first blow, by realm, type and Id."""
    _strangers: dict[str, str] = field(default_factory=dict)

    def arrive(self) -> None:
        """Make a customer of the person's own in each company."""
        for company in self.fleet.companies:
            with self._books(company) as books:
                made = books.post("customer", json={"DisplayName": STRANGER}).raise_for_status().json()
                self._strangers[company.realm] = made["Customer"]["Id"]

    def clear(self) -> None:
        """Empty a memo."""
        self._edit(lambda _: "")

    def edit(self) -> None:
        """Write something into a memo: nonsense, a damaged marker, facts that are none."""
        self._edit(lambda row: self._hostile(row, [row["PrivateNote"]]))

    def paste(self) -> None:
        """Put the memo of another document over a memo."""
        company, _, rows = self._look()
        if len(rows) > 1:
            self._write(company, "Invoice", rows[0], rows[1]["PrivateNote"])

    def copy(self) -> None:
        """Make an invoice for the person's own customer that has everything of ours, its memo too."""
        company, _, rows = self._look("Invoice")
        row = next((row for row in rows if row["TotalAmt"]), None)
        if row is None:
            raise LookupError(f"{company.name} has no invoice there")
        line = next(line for line in row["Line"] if line["DetailType"] == "SalesItemLineDetail")
        detail = {"ItemRef": line["SalesItemLineDetail"]["ItemRef"]}
        sold = {"Amount": line["Amount"], "DetailType": line["DetailType"], "SalesItemLineDetail": detail}
        stranger = {"value": self._strangers[company.realm]}
        body = {"CustomerRef": stranger, "PrivateNote": row["PrivateNote"], "Line": [sold]}
        with self._books(company) as books:
            books.post("invoice", json=body).raise_for_status()

    def leave(self) -> list[str]:
        """Put all memos right and take the copies away; what somebody did to a copy, in words."""
        changed = []
        for company in self.fleet.companies:
            customer = self._strangers[company.realm]
            rows = self._read(company, "Invoice", f"where CustomerRef = '{customer}' maxresults 1000")
            changed += [
                f"{company.name}: a person's invoice {row['Id']} was changed" for row in rows if row["SyncToken"] != "0"
            ]
            for row in rows:
                self._act(company, "delete", "Invoice", row["Id"])
        for (realm, entity, ident), memo in self._memos.items():
            company = next(each for each in self.fleet.companies if each.realm == realm)
            for row in self._read(company, entity, f"where Id = '{ident}'"):
                marker = seal_of(realm).find(entity, row.get("PrivateNote"))
                known = seal_of(realm).find(entity, memo)
                if known is not None and (marker is None or marker.key != known.key):
                    self._act(company, "edit", entity, ident, changes={"PrivateNote": memo})
        return changed

    def _edit(self, words: Any) -> None:
        company, entity, rows = self._look(self.chance.choice(ENTITIES))
        if rows:
            self._write(company, entity, rows[0], words({**rows[0], "entity": entity, "realm": company.realm}))

    def _hostile(self, row: Row, others: list[str]) -> str:
        own = seal_of(row["realm"]).find(row["entity"], row["PrivateNote"])
        return hostile_memo(self.chance, row["entity"], own, others, facts=False)

    def _look(self, entity: str = "Invoice") -> tuple[Tenant, str, list[Row]]:
        """Some documents of a company that carry a marker, anywhere in its books."""
        company = self.chance.choice(self.fleet.companies)
        held = int(self.fleet.stats(company)["entities"].get(entity, 0))
        first = self.chance.randrange(held) + 1 if held else 1
        rows = self._read(company, entity, f"orderby Id startposition {first} maxresults {AT_HAND}")
        stranger = self._strangers[company.realm]
        ours = [row for row in rows if row.get("CustomerRef", {}).get("value") != stranger]
        return company, entity, [row for row in ours if seal_of(company.realm).find(entity, row.get("PrivateNote"))]

    def _write(self, company: Tenant, entity: str, row: Row, memo: str) -> None:
        self._memos.setdefault((company.realm, entity, row["Id"]), row["PrivateNote"])
        self._act(company, "edit", entity, row["Id"], changes={"PrivateNote": memo})

    def _act(self, company: Tenant, action: str, entity: str, ident: str, **more: object) -> None:
        wanted = {"action": action, "entity": entity, "id": ident, **more}
        url = f"{self.fleet.sandbox_url}/sandbox/human"
        httpx.post(url, params={"realm": company.realm}, json=wanted).raise_for_status()

    def _read(self, company: Tenant, entity: str, rest: str) -> list[Row]:
        self.reads[company.realm] = self.reads.get(company.realm, 0) + 1
        with self._books(company) as books:
            answer = books.get("query", params={"query": f"select * from {entity} {rest}"}).raise_for_status()  # noqa: S608
        found: list[Row] = answer.json()["QueryResponse"].get(entity, [])
        return found

    @contextmanager
    def _books(self, company: Tenant) -> Iterator[httpx.Client]:
        url = self.fleet.sandbox_url
        made = httpx.post(f"{url}/sandbox/token", params={"realm": company.realm}).raise_for_status()
        headers = {"authorization": f"Bearer {made.json()['access_token']}", "accept": "application/json"}
        with httpx.Client(base_url=f"{url}/v3/company/{company.realm}/", headers=headers, timeout=30) as client:
            yield client
