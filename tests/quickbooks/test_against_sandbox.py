"""The client and the sandbox, face to face: what each believes about QBO has to agree."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.batching import StepAnswer, WireStep, pack, unpack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault, classify
from bridge.quickbooks.queries import Select, where
from bridge.quickbooks.requests import Operation
from bridge.quickbooks.tokens import Tokens
from bridge.quickbooks.verify import mismatch
from bridge.quickbooks.warmup import TRANSACTIONS, load_company, transactions
from bridge.sandbox.app import create_app
from bridge.sandbox.faults import FaultRule, Kind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.settings import DEFAULT_REALM, SandboxLimits, SandboxSettings
from contracts.entities import Entity
from contracts.errors import Unauthorised, Unavailable
from tests.support.assembly import SharedClock
from tests.support.clocks import ManualClock
from tests.support.quickbooks import MemoryStore

MARKER = "[qbb:shopify:order:1]"


@dataclass
class Pair:
    """A client and the sandbox that it talks to, with a customer and an item in its books."""

    client: QuickBooksClient
    sandbox: Sandbox
    clock: ManualClock
    store: MemoryStore
    buyer: str = ""
    item: str = ""

    def breaks(self, kind: Kind, **rule: Any) -> None:
        self.sandbox.faults.add(FaultRule(kind=kind, **rule))

    def held(self, entity: str) -> dict[str, Any]:
        return self.sandbox.company().tables[entity]

    @property
    def statuses(self) -> dict[int, int]:
        return dict(self.sandbox.realms[DEFAULT_REALM].stats.statuses)

    async def write(self, *steps: WireStep) -> dict[str, StepAnswer]:
        """All steps as one wave."""
        fates: dict[str, StepAnswer] = {}
        for request in pack(steps):
            fates |= unpack(request, await self.client.send(request))
        return fates

    def invoice(self, number: str, amount: str = "100.00") -> WireStep:
        detail = {"ItemRef": {"value": self.item}}
        line = {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        body = {"CustomerRef": {"value": self.buyer}, "DocNumber": number, "PrivateNote": MARKER, "Line": [line]}
        return step(f"invoice {number}", "Invoice", body)

    def payment(self, invoice_id: str, amount: str = "100.00") -> WireStep:
        line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
        body = {
            "CustomerRef": {"value": self.buyer},
            "TotalAmt": Decimal(amount),
            "PrivateNote": MARKER,
            "Line": [line],
        }
        return step(f"payment of {invoice_id}", "Payment", body)

    async def made(self, step: WireStep) -> Entity:
        """One entity, made and compared with what was sent."""
        fate = (await self.write(step))[step.request_id]
        assert not isinstance(fate, Fault), fate
        assert mismatch(step.body, fate) is None
        return fate


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A young company with Intuit's limits."""
    async with connected(SandboxSettings(empty=True)) as found:
        yield found


@contextlib.asynccontextmanager
async def connected(settings: SandboxSettings) -> AsyncIterator[Pair]:
    clock = ManualClock()
    app = create_app(settings, SharedClock(clock))
    store = MemoryStore()
    connection = ConnectionSettings(
        credentials=Credentials(
            realm_id=DEFAULT_REALM,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            refresh_token=settings.refresh_token,
            token_url="http://127.0.0.1:8100/oauth2/v1/tokens/bearer",
        ),
        base_url="http://127.0.0.1:8100",
    )
    transport = httpx.ASGITransport(app)
    async with open_client(connection, store, clock, transport=transport, jitter=lambda: 0.0) as client:
        found = Pair(client, app.state.sandbox, clock, store)
        thing = {"Name": "Thing", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
        found.item = (await found.made(step("item", "Item", thing)))["Id"]
        found.buyer = (await found.made(customer("Buyer")))["Id"]
        yield found


def step(name: str, entity: str, body: dict[str, Any], operation: Operation = "create") -> WireStep:
    return WireStep(entity=entity, operation=operation, body=body, request_id=name)


def customer(name: str) -> WireStep:
    return step(f"customer {name}", "Customer", {"DisplayName": name, "Notes": f"[qbb:shopify:customer:{name}]"})


def disposition(fate: StepAnswer) -> Action:
    assert isinstance(fate, Fault), fate
    return classify(fate).action


async def test_an_order_is_posted_and_paid(pair: Pair) -> None:
    """Customer, invoice, payment: alone or in batches, each comes back as it was sent."""
    bill = await pair.made(pair.invoice("2001"))
    paid = await pair.made(pair.payment(bill["Id"]))
    assert (bill["TotalAmt"], paid["UnappliedAmt"]) == (100, 0)
    assert (await pair.client.read("Invoice", bill["Id"]) or {})["Balance"] == 0
    fates = await pair.write(pair.invoice("2002", "5.25"), pair.invoice("2003", "0.75"))
    assert [fate["TotalAmt"] for fate in fates.values() if not isinstance(fate, Fault)] == [
        Decimal("5.25"),
        Decimal("0.75"),
    ]


async def test_the_same_request_again_is_the_same_answer(pair: Pair) -> None:
    """A replay makes nothing, alone and in a batch."""
    steps = [customer("Ann"), customer("Bob")]
    first = await pair.write(*steps)
    before = len(pair.held("Customer"))
    assert await pair.write(*steps) == first
    lone = await pair.made(customer("Cid"))
    assert await pair.made(customer("Cid")) == lone
    assert len(pair.held("Customer")) == before + 1


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "fail_before", "fail_after", "html", "truncate"])
async def test_a_lost_reply_posts_once(pair: Pair, kind: Kind) -> None:
    """Whatever happens to the answer, and whether the work was done or not: one of each, alone and in a batch."""
    pair.breaks(kind, count=2, operation="write")
    await pair.made(customer("Ann"))
    pair.breaks(kind, count=2, operation="write")
    fates = await pair.write(customer("Bob"), customer("Cid"))
    assert not [fate for fate in fates.values() if isinstance(fate, Fault)]
    names = [row["DisplayName"] for row in pair.held("Customer").values()]
    assert [names.count(name) for name in ("Ann", "Bob", "Cid")] == [1, 1, 1]


async def test_a_write_that_is_applied_late_is_applied_once(pair: Pair) -> None:
    """The connection died, QBO works on for half a minute, and our resend waits for its answer."""
    pair.breaks("late_apply", seconds=30, operation="write")
    await pair.made(customer("Ann"))
    pair.breaks("late_apply", seconds=30, operation="write")
    fates = await pair.write(customer("Bob"), customer("Cid"))
    assert not [fate for fate in fates.values() if isinstance(fate, Fault)]
    names = [row["DisplayName"] for row in pair.held("Customer").values()]
    assert [names.count(name) for name in ("Ann", "Bob", "Cid")] == [1, 1, 1]


async def test_one_throttled_item_takes_its_batch_along(pair: Pair) -> None:
    """The whole batch goes again after the pause; what was done stays done once."""
    pair.breaks("batch_item", code="3001", entity="Customer")
    fates = await pair.write(customer("Ann"), customer("Bob"))
    assert not [fate for fate in fates.values() if isinstance(fate, Fault)]
    assert pair.clock.monotonic() >= 60
    assert pair.client.counts.batches == 2


async def test_a_poisonous_item_does_not_stop_the_others(pair: Pair) -> None:
    """It fails again and again in the generic way, while QBO takes everything else."""
    pair.breaks("batch_item", count=None, entity="Invoice")
    fates = await pair.write(customer("Ann"), pair.invoice("2001"))
    assert disposition(fates["invoice 2001"]) is Action.REJECT
    assert not isinstance(fates["customer Ann"], Fault)


async def test_an_outage_is_unavailable_and_ends(pair: Pair) -> None:
    """Nothing is dead-lettered for it, and the same request goes through afterwards."""
    pair.breaks("outage", seconds=100)
    with pytest.raises(Unavailable):
        await pair.made(customer("Ann"))
    await pair.clock.advance(100)
    await pair.made(customer("Ann"))


async def test_refusals_are_classified_as_the_sandbox_means_them(pair: Pair) -> None:
    """The faults that a person can cause, in their recorded bodies."""
    await pair.made(customer("Ann"))
    bill = await pair.made(pair.invoice("2001"))
    fates = await pair.write(
        step("name", "Customer", {"DisplayName": "ann"}),
        step("gone", "Invoice", {**pair.invoice("2009").body, "CustomerRef": {"value": "99999"}}),
        step("empty", "Invoice", {"CustomerRef": {"value": pair.buyer}}),
        step("stale", "Invoice", {"Id": bill["Id"], "SyncToken": "7", "PrivateNote": "x"}, "sparse_update"),
        step("missing", "Invoice", {"Id": "99999", "SyncToken": "0"}, "void"),
        step("link", "Payment", dict(pair.payment("99999").body)),
    )
    assert {name: disposition(fate) for name, fate in fates.items()} == {
        "name": Action.DUPLICATE_NAME,
        "gone": Action.REFERENCE_MISSING,
        "empty": Action.REJECT,
        "stale": Action.STALE,
        "missing": Action.REFERENCE_MISSING,
        "link": Action.REFERENCE_MISSING,
    }


async def test_a_taken_number_names_its_holder(pair: Pair) -> None:
    """With custom numbers on, 6140 says which document has it."""
    preferences = pair.sandbox.company().tables["Preferences"]["1"]
    preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = True
    bill = await pair.made(pair.invoice("2001"))
    fate = (await pair.write(step("again", "Invoice", dict(pair.invoice("2001").body))))["again"]
    assert isinstance(fate, Fault)
    assert (classify(fate).action, classify(fate).entity_id) == (Action.DUPLICATE_NUMBER, bill["Id"])


async def test_voids_alone_and_in_a_batch(pair: Pair) -> None:
    """Invoice and Payment each have their own way, and both ends at nothing."""
    for name, entity in (("alone", 1), ("batch", 2)):
        bills = [await pair.made(pair.invoice(f"{name}{n}")) for n in range(entity)]
        receipts = [await pair.made(pair.payment(bill["Id"])) for bill in bills]
        voided = await pair.write(*(_void("Payment", receipt) for receipt in receipts))
        assert all(not isinstance(fate, Fault) and fate["TotalAmt"] == 0 for fate in voided.values())
        now = [await pair.client.read("Invoice", bill["Id"]) or {} for bill in bills]
        voided = await pair.write(*(_void("Invoice", bill) for bill in now))
        assert all(not isinstance(fate, Fault) and fate["Balance"] == 0 for fate in voided.values())


def _void(entity: str, row: Entity) -> WireStep:
    return step(f"void {entity} {row['Id']}", entity, {"Id": row["Id"], "SyncToken": row["SyncToken"]}, "void")


async def test_a_deleted_document_shows_in_the_changes(pair: Pair) -> None:
    """Queries forget it; change data capture tells."""
    bill = await pair.made(pair.invoice("2001"))
    await pair.made(step("delete", "Invoice", {"Id": bill["Id"], "SyncToken": bill["SyncToken"]}, "delete"))
    changes = await pair.client.cdc(["Invoice", "Payment"], pair.clock.now() - timedelta(minutes=5))
    assert bill["Id"] in changes.deleted["Invoice"]
    assert changes.complete
    assert changes.as_of is not None
    assert await pair.client.read("Invoice", bill["Id"]) is None


async def test_a_company_is_read_whole(pair: Pair) -> None:
    """Every query of the warm-up is one that QBO knows."""
    await pair.made(pair.payment((await pair.made(pair.invoice("2001")))["Id"]))
    company = await load_company(pair.client, ["TaxCode", "Class", "Department", "Term"])
    assert len(company.accounts) == 90
    assert [row["Active"] for row in company.accounts if row["Id"] == "18"] == [False]
    assert company.preferences["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD"}
    assert company.info["Country"] in ("US", "USA")
    assert {"Id", "Name", "Type", "Active"} <= company.items[0].keys()
    assert {"TAX", "NON"} <= {row["Id"] for row in company.lists["TaxCode"]}
    assert "Net 30" in {row["Name"] for row in company.lists["Term"]}
    assert [row["Id"] for row in company.customers] == [pair.buyer]
    assert company.payment_methods
    since = pair.clock.now() - timedelta(days=60)
    for entity in TRANSACTIONS:
        rows = [row async for page in transactions(pair.client, entity, since) for row in page]
        assert len(rows) == await pair.client.count(Select(entity)) == (1 if entity in ("Invoice", "Payment") else 0)


@pytest.mark.parametrize("name", ["O'Brien\\", 'Ann "Q" O\'Neil + 100% & Söhne', "\\'; x = '1"])
async def test_any_name_can_be_looked_up(pair: Pair, name: str) -> None:
    """What is created is found by its name, and nothing else is."""
    made = await pair.made(customer(name))
    (found,) = await pair.client.query(Select("Customer", conditions=(where("DisplayName", "=", name),)))
    assert found["Id"] == made["Id"]


async def test_pages_add_up() -> None:
    """2,100 invoices come back once each, and no limit is hit on the way."""
    async with connected(SandboxSettings(empty=True, limits=SandboxLimits(enforced=False))) as pair:
        for start in range(0, 2100, 30):
            await pair.write(*(pair.invoice(str(number), "1.00") for number in range(start, start + 30)))
        rows = await pair.client.query(Select("Invoice", ("Id", "DocNumber")))
        assert len(rows) == len({row["Id"] for row in rows}) == len(pair.held("Invoice"))


async def test_a_backlog_keeps_within_intuits_limits(pair: Pair) -> None:
    """Zero self-inflicted 429 at full speed, with batches, writes and reads together."""
    batches = [request for n in range(90) for request in pack([customer(f"{n} a"), customer(f"{n} b")])]
    lone = [request for n in range(500) for request in pack([customer(f"{n} c")])]
    await asyncio.gather(*(pair.client.send(request) for request in (*batches, *lone)))
    assert 429 not in pair.statuses
    assert pair.client.counts.throttled == 0
    assert pair.clock.monotonic() <= 2 * 61.2 + 5  # 90 batches at 40 a minute: the third minute has begun


async def test_an_access_token_that_expires_is_renewed(pair: Pair) -> None:
    """Mid-flight, with the same request id; what the sandbox handed out is kept."""
    await pair.made(customer("Ann"))
    pair.breaks("token_expired")
    await pair.made(customer("Bob"))
    assert pair.statuses[401] == 1
    assert len(pair.store.saved) == 2


async def test_a_day_of_rotation_goes_on(pair: Pair) -> None:
    """Hour after hour the newest refresh token is kept and used."""
    for hour in range(50):
        await pair.made(customer(str(hour)))
        await pair.clock.advance(3600)
    assert len({tokens.refresh_token for tokens in pair.store.saved}) >= 3


async def test_a_revoked_connection_needs_a_person(pair: Pair) -> None:
    """And works again with the tokens that `connect` stores."""
    pair.breaks("token_revoked")
    for _ in range(2):
        with pytest.raises(Unauthorised):
            await pair.made(customer("Ann"))
    pair.store.tokens = Tokens(refresh_token=pair.sandbox.tokens.connect(DEFAULT_REALM).refresh)
    await pair.made(customer("Ann"))
