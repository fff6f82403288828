"""The books of one company in a sandbox of the same process: what stands in them, what people do to them, what breaks.

No sockets: QBO's clients reach the sandbox through its ASGI application.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import httpx
from starlette.applications import Starlette

from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.connection import ConnectionSettings
from bridge.quickbooks.limiter import Limits as ClientLimits
from bridge.quickbooks.wire import dumps
from bridge.sandbox.faults import FaultRule, Kind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.settings import DEFAULT_REALM, SandboxLimits, SandboxSettings
from contracts.entities import EntityName
from contracts.keys import SourceKey
from tests.support.seals import SEAL

BASE_URL = "http://127.0.0.1:8100"
SETTINGS = SandboxSettings(empty=True, limits=SandboxLimits(enforced=False))
CONNECTION = ConnectionSettings(
    credentials=Credentials(
        realm_id=DEFAULT_REALM,
        client_id=SETTINGS.client_id,
        client_secret=SETTINGS.client_secret,
        refresh_token=SETTINGS.refresh_token,
        token_url=f"{BASE_URL}/oauth2/v1/tokens/bearer",
    ),
    base_url=BASE_URL,
    limits=ClientLimits(requests_per_minute=100_000, requests_per_second=10_000, batches_per_minute=10_000),
)


@dataclass(slots=True)
class SandboxBooks:
    """The sandbox that answers, and its one company's books."""

    app: Starlette

    @property
    def sandbox(self) -> Sandbox:
        """The QBO that answers."""
        sandbox: Sandbox = self.app.state.sandbox
        return sandbox

    def breaks(self, kind: Kind, **rule: Any) -> None:
        """From now on QBO misbehaves."""
        self.sandbox.faults.add(FaultRule(kind=kind, **rule))

    def heals(self) -> None:
        """No fault is in force any more."""
        self.sandbox.faults.clear()

    # What stands in the books ------------------------------------------------------------------------------------

    def held(self, entity: str) -> list[dict[str, Any]]:
        """Everything of one type, whoever wrote it."""
        return list(self.sandbox.company().tables[entity].values())

    def ours(self, entity: str) -> dict[SourceKey, dict[str, Any]]:
        """Our transactions of one type, by their marker; two with one marker are a failure."""
        found: dict[SourceKey, dict[str, Any]] = {}
        for body in self.held(entity):
            marker = SEAL.find(entity, body.get("PrivateNote"))
            if marker is not None:
                assert marker.key not in found
                found[marker.key] = body
        return found

    def written(self) -> int:
        """How many writes the books have seen, as the sum of all versions."""
        return sum(int(row["SyncToken"]) + 1 for entity in get_args(EntityName) for row in self.held(entity))

    def trial_balance(self) -> dict[str, Decimal]:
        """Every account that is not at zero, by name, debits positive."""
        company = self.sandbox.company()
        named = {row["Id"]: row["Name"] for row in company.tables["Account"].values()}
        return {named[ident]: amount for ident, amount in sorted(company.ledger.home.items()) if amount}

    def balance(self, sub_type: str) -> Decimal:
        """The sum of all accounts of this sub type; debits positive."""
        found = [each["Id"] for each in self.held("Account") if each["AccountSubType"] == sub_type]
        return sum(map(self.sandbox.company().ledger.balance, found), Decimal(0))

    def in_transit(self) -> Decimal:
        """What lies between a buyer and the bank: undeposited funds and the clearing accounts of processors."""
        found = [each["Id"] for each in self.held("Account") if each["Name"].endswith(" clearing")]
        clearing = sum(map(self.sandbox.company().ledger.balance, found), Decimal(0))
        return self.balance("UndepositedFunds") + clearing

    def owed(self) -> dict[str, Decimal]:
        """What each customer owes, by name; below zero what they are owed."""
        names = {row["Id"]: row["DisplayName"] for row in self.held("Customer")}
        by_name = self.sandbox.company().ledger.by_name
        return {names[ident]: amount for (_, ident), amount in by_name.items() if amount}

    def payments(self) -> list[tuple[str, Decimal]]:
        """The live payments by marker and amount."""
        live = [row for row in self.held("Payment") if row["TotalAmt"]]
        return sorted((marker_of("Payment", row), row["TotalAmt"]) for row in live)

    def invoices(self) -> list[tuple[str, Decimal, Decimal, tuple[str, ...]]]:
        """The live invoices: marker, total, balance and what each line says."""
        live = [row for row in self.held("Invoice") if row["TotalAmt"]]
        return sorted((marker_of("Invoice", row), row["TotalAmt"], row["Balance"], _lines(row)) for row in live)

    # What people do ----------------------------------------------------------------------------------------------

    async def by_hand(self, entity: str, body: Mapping[str, object], **params: str) -> dict[str, Any]:
        """Write an entity past the bridge, as a person or another app does."""
        headers = {"Authorization": f"Bearer {self.sandbox.access_token()}"}
        answer = await self._post(f"/v3/company/{DEFAULT_REALM}/{entity.lower()}", body, params, headers)
        (found,) = (value for value in answer.values() if isinstance(value, dict))
        return found

    async def by_a_person(self, action: str, entity: str, ident: str, **more: Any) -> dict[str, Any]:
        """What a person does at the keyboard: edit, rename, void, delete, deactivate."""
        return await self._post("/sandbox/human", {"action": action, "entity": entity, "id": ident, **more}, {}, {})

    async def _post(
        self, path: str, body: Mapping[str, object], params: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE_URL) as http:
            wanted = {"Accept": "application/json", **headers}
            answer = await http.post(path, content=dumps(body), params=params, headers=wanted)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def marker_of(entity: str, row: Mapping[str, Any]) -> str:
    """The key in a row's note, its whole note where there is none."""
    marker = SEAL.find(entity, row.get("PrivateNote"))
    return str(marker.key) if marker else str(row.get("PrivateNote"))


def _lines(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{line.get('Description')}: {line['Amount']}" for line in row["Line"] if "Id" in line)
