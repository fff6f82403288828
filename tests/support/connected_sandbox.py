"""A sandbox in memory with hands on its clock, and a small client for it: for tests of the sandbox itself."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from starlette.applications import Starlette

from bridge.sandbox import Sandbox, SandboxLimits, SandboxSettings, create_app
from bridge.sandbox.clock import ManualClock
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.stats import ledger_shown
from bridge.sandbox.wire import Doc, dumps, loads

UNLIMITED = SandboxLimits(enforced=False)


@dataclass
class ConnectedSandbox:
    """One sandbox and one connected client."""

    app: Starlette
    http: httpx.AsyncClient
    clock: ManualClock

    @property
    def sandbox(self) -> Sandbox:
        found: Sandbox = self.app.state.sandbox
        return found

    @property
    def company(self) -> SandboxCompany:
        return self.sandbox.company()

    async def post(self, path: str, body: Any = None, status: int = 200, **params: str) -> Doc:
        """POST to the API; the body of the answer, whose status must be the expected one."""
        content = body if isinstance(body, bytes) else dumps(body)
        answer = await self.http.post(path, content=content, params=params)
        assert answer.status_code == status, answer.text
        document: Doc = loads(answer.content)
        return document

    async def get(self, path: str, status: int = 200, **params: str) -> Doc:
        """GET from the API."""
        answer = await self.http.get(path, params=params)
        assert answer.status_code == status, answer.text
        document: Doc = loads(answer.content)
        return document

    async def fault(self, path: str, body: Any, status: int = 400, **params: str) -> Doc:
        """The single error of a write that QuickBooks refuses."""
        answer = await self.post(path, body, status, **params)
        (error,) = answer["Fault"]["Error"]
        return {**error, "type": answer["Fault"]["type"]}

    async def query(self, text: str) -> Doc:
        """The QueryResponse of a query."""
        found: Doc = (await self.get("query", query=text))["QueryResponse"]
        return found

    async def read(self, entity: str, entity_id: str) -> Doc:
        """One entity."""
        found: Doc = (await self.get(f"{entity.lower()}/{entity_id}"))[entity]
        return found

    async def create(self, entity: str, **properties: Any) -> Doc:
        """Create an entity."""
        found: Doc = (await self.post(entity.lower(), properties))[entity]
        return found

    async def update(self, entity: str, doc: Doc, **properties: Any) -> Doc:
        """Sparse update of an entity as last seen."""
        body = {"Id": doc["Id"], "SyncToken": doc["SyncToken"], "sparse": True, **properties}
        found: Doc = (await self.post(entity.lower(), body))[entity]
        return found

    async def customer(self, name: str = "Xun Flower", **properties: Any) -> Doc:
        return await self.create("Customer", DisplayName=name, **properties)

    async def item(self, name: str = "Concrete", **properties: Any) -> Doc:
        given = {"Type": "NonInventory", "IncomeAccountRef": {"value": "79"}, **properties}
        return await self.create("Item", Name=name, **given)

    async def invoice(self, customer: Doc, item: Doc, amount: str = "100.00", **properties: Any) -> Doc:
        return await self.create("Invoice", **sale(customer, item, amount), **properties)

    async def payment(self, customer: Doc, total: str, *links: tuple[str, str, Doc], **properties: Any) -> Doc:
        lines = [
            {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": doc["Id"], "TxnType": kind}]}
            for amount, kind, doc in links
        ]
        given = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": Decimal(total), "Line": lines}
        return await self.create("Payment", **given, **properties)

    def assert_sound(self) -> None:
        """The two invariants of the ledger."""
        shown = ledger_shown(self.company)
        assert shown["balanced"], shown
        assert shown["receivable_agrees"], shown["accounts_receivable"]


def line(item: Doc, amount: str = "100.00", **detail: Any) -> Doc:
    """An item line of a sales form."""
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": Decimal(amount),
        "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}, **detail},
    }


def sale(customer: Doc, item: Doc, amount: str = "100.00") -> Doc:
    """Customer and one line."""
    return {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, amount)]}


async def connected(settings: SandboxSettings) -> ConnectedSandbox:
    """A sandbox of those settings; the caller closes `http`."""
    clock = ManualClock()
    app = create_app(settings, clock)
    realm = settings.realms[0]
    headers = {"authorization": f"Bearer {app.state.sandbox.access_token()}", "accept": "application/json"}
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"http://sandbox/v3/company/{realm}", headers=headers
    )
    return ConnectedSandbox(app, http, clock)
