"""Clients that we did not write, unchanged but for a base URL and a discovery document.

They speak HTTP to a real socket, with all the null and empty properties that they send by default.
"""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.sandbox import SandboxLimits, SandboxSettings, served
from bridge.sandbox.settings import DEFAULT_REALM

OTHER_REALM = "9130000000000002"
quickbooks: Any = pytest.importorskip("quickbooks")
client: Any = pytest.importorskip("intuitlib.client")
objects: Any = pytest.importorskip("quickbooks.objects")
lines: Any = pytest.importorskip("quickbooks.objects.detailline")
payments: Any = pytest.importorskip("quickbooks.objects.payment")
base: Any = pytest.importorskip("quickbooks.objects.base")
batch: Any = pytest.importorskip("quickbooks.batch")
cdc: Any = pytest.importorskip("quickbooks.cdc")
exceptions: Any = pytest.importorskip("intuitlib.exceptions")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The sample company on a socket, in a thread of its own: these clients block."""
    ready, addresses, stops = threading.Event(), [], []

    async def serve() -> None:
        settings = SandboxSettings(port=0, realms=(DEFAULT_REALM, OTHER_REALM), limits=SandboxLimits(enforced=False))
        async with served(settings) as address:
            stop = asyncio.Event()
            addresses.append(address)
            stops.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    yield addresses[0]
    loop, stop = stops[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()


def connect(url: str, *, suffix: str = "") -> Any:
    """intuit-oauth pointed at the sandbox's discovery document."""
    discovery = f"{url}/.well-known/openid_sandbox_configuration"
    return client.AuthClient(
        "sandbox-client",
        "sandbox-secret",
        "http://localhost/cb",
        discovery,
        refresh_token=f"sandbox-refresh-token{suffix}",
    )


@pytest.fixture
def books(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """python-quickbooks with its base URL replaced; oauthlib is told that http is meant."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(quickbooks.QuickBooks, "sandbox_api_url_v3", f"{url}/v3")
    auth = connect(url)
    auth.refresh()
    connected = quickbooks.QuickBooks(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=DEFAULT_REALM, minorversion=75
    )
    connected.sandbox = True
    return connected


def sale(customer: Any, item: Any) -> Any:
    invoice = objects.Invoice()
    line = lines.SalesItemLine()
    line.Amount = 100
    line.SalesItemLineDetail = lines.SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = item.to_ref()
    invoice.Line.append(line)
    invoice.CustomerRef = customer.to_ref()
    return invoice


def test_python_quickbooks_creates_pays_updates_and_voids(books: Any) -> None:
    """The life of an invoice through its objects."""
    customer = objects.Customer()
    customer.DisplayName = "Python Client"
    customer.save(qb=books)
    (item,) = objects.Item.filter(Name="Design", qb=books)
    invoice = sale(customer, item)
    invoice.save(qb=books)
    payment, line, link = payments.Payment(), payments.PaymentLine(), base.LinkedTxn()
    link.TxnId, link.TxnType, line.Amount = invoice.Id, "Invoice", 60
    line.LinkedTxn.append(link)
    payment.CustomerRef, payment.TotalAmt = customer.to_ref(), 60
    payment.Line.append(line)
    payment.save(qb=books)
    invoice = objects.Invoice.get(invoice.Id, qb=books)
    assert invoice.Balance == 40
    invoice.PrivateNote = "seen"
    invoice.save(qb=books)
    payments.Payment.get(payment.Id, qb=books).void(qb=books)
    invoice = objects.Invoice.get(invoice.Id, qb=books)
    assert (invoice.Balance, invoice.PrivateNote) == (100, "seen")
    invoice.void(qb=books)
    assert objects.Invoice.get(invoice.Id, qb=books).TotalAmt == 0
    assert objects.Invoice.get(invoice.Id, qb=books).download_pdf(qb=books).startswith(b"%PDF")


def test_python_quickbooks_queries_with_an_escaped_apostrophe(books: Any) -> None:
    """Filters, counts and plain queries."""
    text = "select * from Customer where DisplayName = 'Amy\\'s Bird Sanctuary'"
    (customer,) = objects.Customer.query(text, qb=books)
    assert customer.Id == "1"
    assert objects.Invoice.count(qb=books) >= 31


def test_python_quickbooks_batches_and_reads_changes(books: Any) -> None:
    """Three good items and one fault, then all of them in change data capture."""
    customers = []
    for name in ("B0", "B1", "B2", "B0"):
        customer = objects.Customer()
        customer.DisplayName = name
        customers.append(customer)
    answer = batch.batch_create(customers, qb=books)
    assert (len(answer.successes), len(answer.faults)) == (3, 1)
    assert answer.faults[0].Error[0].code == "6240"
    changed = cdc.change_data_capture([objects.Customer], answer.successes[0].MetaData["CreateTime"], qb=books)
    assert {"B0", "B1", "B2"} <= {customer.DisplayName for customer in changed.Customer}


@pytest.mark.parametrize("kind", ["Vendor", "Employee", "PaymentMethod", "Term", "Class", "Department", "SalesReceipt"])
def test_python_quickbooks_defaults_are_accepted(books: Any, kind: str) -> None:
    """Every object goes through with its null and empty properties, also when it is saved again as read."""
    thing = getattr(objects, kind)()
    if kind == "SalesReceipt":
        thing = objects.SalesReceipt()
        (item,) = objects.Item.filter(Name="Design", qb=books)
        thing.Line = sale(objects.Customer.get(1, qb=books), item).Line
    for name in ("DisplayName", "Name"):
        if hasattr(thing, name):
            setattr(thing, name, f"Plain {kind}")
    thing.save(qb=books)
    again = type(thing).get(thing.Id, qb=books)
    again.save(qb=books)
    assert type(thing).get(thing.Id, qb=books).SyncToken == "1"


def test_intuit_oauth_refreshes_and_revokes(url: str) -> None:
    """After the revocation the refresh token is dead."""
    auth = connect(url, suffix=f"-{OTHER_REALM}")
    auth.refresh()
    assert auth.access_token
    assert auth.x_refresh_token_expires_in == 8726400
    assert auth.revoke() is True
    with pytest.raises(exceptions.AuthClientError) as refused:
        auth.refresh()
    assert b"invalid_grant" in refused.value.content
