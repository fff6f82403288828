"""Do the books say what the events said? Read from the sandbox over its public API, never from the bridge's results."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from bridge.demo.events import ExpectedSale
from contracts.keys import SourceKey
from contracts.marker_seal import MarkerSeal
from contracts.money import plain

Json = dict[str, Any]
PAGE = 1000
WRITES = ("writes", "batches")
THROTTLED_MAX = 90


@dataclass(frozen=True, slots=True)
class AuditedBooks:
    """Every invoice and payment of a realm that carries one of our markers, and how many calls it took."""

    documents: Mapping[SourceKey, tuple[Json, ...]]
    """The invoices by the document that their marker names."""
    payments: tuple[Json, ...]
    requests: dict[str, int]
    entities: dict[str, int]
    pages: int
    """Queries that this very reading took; `requests` was counted before them."""

    @property
    def invoices(self) -> tuple[Json, ...]:
        """All of them."""
        return tuple(invoice for found in self.documents.values() for invoice in found)

    @property
    def received(self) -> dict[str, Decimal]:
        """What was paid on each invoice, by the invoice's Id."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for payment in self.payments:
            for line in payment.get("Line", ()):
                for linked in line["LinkedTxn"]:
                    sums[linked["TxnId"]] += Decimal(line["Amount"])
        return sums

    def totals(self, kind: str) -> dict[str, Decimal]:
        """The sum of TotalAmt by currency, of `invoices` or `payments`."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for document in self.invoices if kind == "invoices" else self.payments:
            sums[document["CurrencyRef"]["value"]] += Decimal(document["TotalAmt"])
        return dict(sums)

    @property
    def redeemed(self) -> dict[str, Decimal]:
        """What gift cards paid on the invoices, by currency; no entry where none did."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for invoice in self.invoices:
            if redeemed := redeemed_on(invoice):
                sums[invoice["CurrencyRef"]["value"]] += redeemed
        return dict(sums)


def read_books(base_url: str, realm: str, seal: MarkerSeal) -> AuditedBooks:
    """The books as they are now; `seal` tells which documents are the bridge's."""
    with httpx.Client(base_url=base_url, timeout=30) as client:
        stats = _json(client.get("/sandbox/stats", params={"realm": realm}))
        token = _json(client.post("/sandbox/token", params={"realm": realm}))["access_token"]
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        invoices, invoice_pages = _all(client, headers, realm, "Invoice")
        payments, payment_pages = _all(client, headers, realm, "Payment")
    pages = invoice_pages + payment_pages
    documents: dict[SourceKey, tuple[Json, ...]] = {}
    for invoice in invoices:
        if marker := seal.find("Invoice", invoice.get("PrivateNote")):
            documents[marker.key] = (*documents.get(marker.key, ()), invoice)
    ours = tuple(payment for payment in payments if seal.find("Payment", payment.get("PrivateNote")))
    return AuditedBooks(documents, ours, dict(stats["requests"]), dict(stats["entities"]), pages)


def differences(sales: Iterable[ExpectedSale], books: AuditedBooks) -> tuple[str, ...]:
    """Where the books are not what `sales` say, one sentence each; empty when they are equal to the cent."""
    expected = {sale.document: sale for sale in sales}
    documents, received = books.documents, books.received
    found: list[str] = []
    for key, sale in expected.items():
        found += _difference(sale, documents.get(key, ()), received)
    found += [f"{key}: an invoice that no event asked for" for key in documents if key not in expected]
    return tuple(found)


def _difference(sale: ExpectedSale, invoices: Sequence[Json], received: dict[str, Decimal]) -> list[str]:
    if sale.cancelled:
        open_ones = [invoice for invoice in invoices if Decimal(invoice["TotalAmt"])]
        return [f"{sale.document}: cancelled, and its invoice counts still"] if open_ones else []
    if len(invoices) != 1:
        return [f"{sale.document}: {len(invoices)} invoices instead of one"]
    invoice = invoices[0]
    redeemed = redeemed_on(invoice)
    pairs = (
        ("total", Decimal(invoice["TotalAmt"]) + redeemed, sale.total),
        ("received", received.get(invoice["Id"], Decimal(0)) + redeemed, sale.received),
        ("balance", Decimal(invoice["Balance"]), sale.total - sale.received),
    )
    return [
        f"{sale.document}: {name} {plain(booked, sale.currency)} instead of {plain(expected, sale.currency)}"
        for name, booked, expected in pairs
        if booked != expected
    ]


def redeemed_on(invoice: Json) -> Decimal:
    """What gift cards paid: negative lines of their liability, because QBO takes no payment into one."""
    amounts = (Decimal(line["Amount"]) for line in invoice.get("Line", ()) if line.get("SalesItemLineDetail"))
    return -sum((amount for amount in amounts if amount < 0), Decimal(0))


def _all(client: httpx.Client, headers: dict[str, str], realm: str, entity: str) -> tuple[tuple[Json, ...], int]:
    """Every document of one kind, and the pages that it took."""
    found: list[Json] = []
    pages = 0
    while True:
        query = f"select * from {entity} orderby Id startposition {len(found) + 1} maxresults {PAGE}"  # noqa: S608 - QBO's language, our words
        answer = _patiently(client, f"/v3/company/{realm}/query", {"query": query}, headers)
        page = answer["QueryResponse"].get(entity, [])
        found += page
        pages += 1
        if len(page) < PAGE:
            return tuple(found), pages


def _patiently(client: httpx.Client, path: str, params: dict[str, str], headers: dict[str, str]) -> Json:
    """A read that gives way: the limits are shared with the bridge, which may be using them."""
    for _ in range(THROTTLED_MAX):
        response = client.get(path, params=params, headers=headers)
        if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
            return _json(response)
        time.sleep(1)
    return _json(response)


def _json(response: httpx.Response) -> Json:
    """The answer with exact numbers."""
    response.raise_for_status()
    document: Json = json.loads(response.content, parse_float=Decimal)
    return document
