"""The same orders through `python-quickbooks`, as its README shows, and through the bridge, against the same sandbox.

Both speak HTTP to a sandbox on a socket whose answers take `ANSWER_S`. The peer books each order once: it looks the
customer and each item up by name, makes what is not there, then saves the invoice and its payment. The bridge gets all
events of these orders, those that come twice and late among them. Intuit's limits are off: what counts is how many
calls and metered reads each needs, and how long they take one after the other.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import orjson
import quickbooks
from intuitlib.client import AuthClient
from quickbooks.objects import Account, Customer, Invoice, Item, Payment
from quickbooks.objects.base import LinkedTxn
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.payment import PaymentLine

from bridge.demo.events import ORDERS_ONLY, EventSettings, Sample, generate
from bridge.sandbox import SandboxLimits, SandboxSettings, served
from bridge.sandbox.settings import DEFAULT_REALM
from tests.bench.report import Row
from tests.support.inbound import inbound
from tests.support.world import opened

ORDERS = 100
MICRO_BATCH = 500
ANSWER_S = 0.05
OTHER = "Delivery, tax and discount"
Counts = Mapping[str, int]


def measure(orders: int = ORDERS) -> list[Row]:
    """Calls, metered reads and seconds of both."""
    sample = generate(EventSettings(orders=orders, mix=ORDERS_ONLY))
    rows = []
    for name, work in (("python-quickbooks", _by_the_peer), ("qbo-bridge", _by_the_bridge)):
        counts, seconds = asyncio.run(_counted(work, sample))
        rows += [
            Row("peers", f"{name}: calls an order", counts["total"] / orders, "", None),
            Row("peers", f"{name}: metered reads an order", counts["metered_reads"] / orders, "", None),
            Row("peers", f"{name}: seconds for {orders} orders", seconds, "s", None),
        ]
    return rows


async def _counted(work: Any, sample: Sample) -> tuple[Counts, float]:
    settings = SandboxSettings(port=0, empty=True, limits=SandboxLimits(enforced=False))
    async with served(settings) as url, httpx.AsyncClient(base_url=url) as sandbox:
        await sandbox.post("/sandbox/faults", json={"kind": "delay", "seconds": ANSWER_S, "count": None})
        began = time.perf_counter()
        await work(url, sample)
        seconds = time.perf_counter() - began
        return (await sandbox.get("/sandbox/stats")).json()["requests"], seconds


# The bridge ----------------------------------------------------------------------------------------------------------


class _Served(httpx.AsyncBaseTransport):
    """What is meant for the sandbox of this process goes to the one on a socket."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._real = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=self._url.host, port=self._url.port)
        return await self._real.handle_async_request(request)

    async def aclose(self) -> None:
        await self._real.aclose()


async def _by_the_bridge(url: str, sample: Sample) -> None:
    records = [inbound(event, offset) for offset, event in enumerate(sample.events)]
    async with opened(through=lambda _: _Served(url)) as world:
        while records:
            records = records[await world.take(records[:MICRO_BATCH]) :]


# The peer ------------------------------------------------------------------------------------------------------------


async def _by_the_peer(url: str, sample: Sample) -> None:
    bodies: dict[int, dict[str, Any]] = {}
    for event in sample.events:
        body = orjson.loads(event.record.value or b"{}")
        if "line_items" in body:
            bodies[body["id"]] = body  # its newest
    await asyncio.to_thread(_book_all, url, list(bodies.values()))


def _book_all(url: str, bodies: list[dict[str, Any]]) -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    quickbooks.QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = AuthClient(
        "sandbox-client",
        "sandbox-secret",
        "http://localhost/cb",
        f"{url}/.well-known/openid_sandbox_configuration",
        refresh_token="sandbox-refresh-token",
    )
    auth.refresh()
    books = quickbooks.QuickBooks(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=DEFAULT_REALM, minorversion=75
    )
    books.sandbox = True
    income = Account.filter(AccountType="Income", max_results=1, qb=books)[0]
    for body in bodies:
        _book(body, income, books)


def _book(body: dict[str, Any], income: Any, books: Any) -> None:

    invoice = Invoice()
    invoice.CustomerRef = _customer(body, books).to_ref()
    invoice.DocNumber = body["name"]
    rest = Decimal(body["total_price"])
    for row in body["line_items"]:
        amount = Decimal(row["price"]) * row["quantity"]
        rest -= amount
        invoice.Line.append(_line(row["name"], amount, income, books))
    if rest:
        invoice.Line.append(_line(OTHER, rest, income, books))
    invoice.save(qb=books)
    received = Decimal(body["total_price"]) - Decimal(body["total_outstanding"])
    if received <= 0:
        return
    payment, line, link = Payment(), PaymentLine(), LinkedTxn()
    link.TxnId, link.TxnType, line.Amount = invoice.Id, "Invoice", float(received)
    line.LinkedTxn.append(link)
    payment.CustomerRef, payment.TotalAmt = invoice.CustomerRef, float(received)
    payment.Line.append(line)
    payment.save(qb=books)


def _customer(body: dict[str, Any], books: Any) -> Any:

    buyer = body.get("customer") or {}
    name = f"{buyer.get('first_name') or 'Walk-in'} {buyer.get('last_name') or 'customer'}"
    found = Customer.filter(DisplayName=name, qb=books)
    if found:
        return found[0]
    customer = Customer()
    customer.DisplayName = name
    customer.save(qb=books)
    return customer


def _line(name: str, amount: Decimal, income: Any, books: Any) -> Any:

    line = SalesItemLine()
    line.Amount = float(amount)
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = _item(name, income, books).to_ref()
    return line


def _item(name: str, income: Any, books: Any) -> Any:

    name = " ".join(name.replace(":", " ").split())[:100]  # what QuickBooks takes as a name
    found = Item.filter(Name=name, qb=books)
    if found:
        return found[0]
    item = Item()
    item.Name, item.Type, item.IncomeAccountRef = name, "Service", income.to_ref()
    item.save(qb=books)
    return item
