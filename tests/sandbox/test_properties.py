"""Whatever is written in whatever order: the ledger balances, links are symmetric, and no body brings the service down.

`QBO_SANDBOX_OPERATIONS` sets how many random operations are played (default 1,500; 10,000 under the marker `slow`).
"""

import json
import os
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.sandbox import Sandbox, SandboxLimits, SandboxSettings, create_app
from bridge.sandbox.clock import ManualClock
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.applications import applied
from bridge.sandbox.errors import QboFault
from bridge.sandbox.kinds import KINDS
from bridge.sandbox.service import parse_call, run_read, run_write
from bridge.sandbox.shapes import ENTITIES, PARTS
from bridge.sandbox.stats import ledger_shown
from bridge.sandbox.wire import ZERO, Doc
from bridge.sandbox.writes import write
from tests.support.sizes import examples

OPERATIONS = int(os.environ.get("QBO_SANDBOX_OPERATIONS", "1500"))
FORMS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
ALL = (*FORMS, "Payment", "Deposit", "JournalEntry")


class Player:
    """Plays random writes on a company; a fault is an answer, anything else a failure."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a game, not a secret
        self.sandbox = Sandbox(SandboxSettings(limits=SandboxLimits(enforced=False)), ManualClock())
        self.company: SandboxCompany = self.sandbox.company()
        self.refused = 0
        self.try_write(
            "Preferences", {"Id": "1", "SyncToken": "0", "CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "update"
        )
        for code in ("EUR", "GBP", "USD"):
            for number in range(3):
                self.try_write(
                    "Customer", {"DisplayName": f"{code} {number}", "CurrencyRef": {"value": code}}, "create"
                )
        self.customers = [
            doc for doc in self.company.tables["Customer"].values() if doc["DisplayName"][:3] in "EURGBPUSD"
        ]

    def try_write(self, entity: str, body: Doc, operation: str) -> Doc | None:
        try:
            return write(self.company, entity, body, operation)
        except QboFault:
            self.refused += 1
            return None

    def amount(self, most: int = 30_000) -> Decimal:
        return Decimal(self.chance.randint(1, most)) / 100

    def rate(self) -> Decimal:
        return Decimal(self.chance.randint(5000, 19_999)) / 10_000

    def any(self, entity: str) -> Doc | None:
        table = self.company.tables[entity]
        return table[self.chance.choice(list(table))] if table else None

    def form(self) -> Doc:
        customer = self.chance.choice(self.customers)
        lines: list[Doc] = []
        for _ in range(self.chance.randint(1, 3)):
            detail: Doc = {"ItemRef": {"value": str(self.chance.randint(1, 18))}}
            amount = self.amount()
            if self.chance.random() < 0.5:
                quantity = Decimal(self.chance.randint(1, 9))
                detail |= {"Qty": quantity, "UnitPrice": amount}
                amount = amount * quantity
            lines.append({"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail})
        if self.chance.random() < 0.3:
            percent = Decimal(self.chance.randint(1, 40))
            discount = {"PercentBased": True, "DiscountPercent": percent}
            lines.append({"DetailType": "DiscountLineDetail", "DiscountLineDetail": discount})
        body: Doc = {"CustomerRef": {"value": customer["Id"]}, "ExchangeRate": self.rate(), "Line": lines}
        if self.chance.random() < 0.5:
            body["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": str(self.chance.randint(2, 3))}}
            if self.chance.random() < 0.5:
                body["TxnTaxDetail"]["TotalTax"] = self.amount(900)
        return body | {"DepositToAccountRef": {"value": self.chance.choice(("4", "35"))}}

    def payment(self) -> Doc:
        links = []
        customer = self.chance.choice(self.customers)
        cash = ZERO
        for entity, sign in (("Invoice", 1), ("Invoice", 1), ("CreditMemo", -1)):
            doc = self.any(entity)
            if doc is None or doc["Balance"] <= 0 or self.chance.random() < 0.2:
                continue
            customer = doc["CustomerRef"] | {"Id": doc["CustomerRef"]["value"]}
            amount = min(doc["Balance"], self.amount())
            cash += sign * amount
            links.append({"Amount": amount, "LinkedTxn": [{"TxnId": doc["Id"], "TxnType": entity}]})
        total = max(cash, ZERO) + (self.amount() if self.chance.random() < 0.3 else ZERO)
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "ExchangeRate": self.rate(), "Line": links}
        return body | {"DepositToAccountRef": {"value": self.chance.choice(("4", "4", "35"))}}

    def deposit(self) -> Doc:
        lines: list[Doc] = []
        for entity in ("Payment", "SalesReceipt", "Payment"):
            table = list(self.company.tables[entity].values())
            for doc in self.chance.sample(table, min(5, len(table))):
                free = not any(link["TxnType"] == "Deposit" for link in doc.get("LinkedTxn", ()))
                waiting = doc["DepositToAccountRef"]["value"] == "4" and doc["CurrencyRef"]["value"] == "USD"
                if not (free and waiting) and self.chance.random() < 0.97:
                    continue
                link = {"TxnId": doc["Id"], "TxnType": entity, "TxnLineId": "0"}
                lines.append({"Amount": doc["TotalAmt"], "LinkedTxn": [link]})
        if self.chance.random() < 0.5:
            lines = lines[:1]
            lines.append({"Amount": -self.amount(100), "DepositLineDetail": {"AccountRef": {"value": "8"}}})
        return {"DepositToAccountRef": {"value": "35"}, "Line": lines}

    def journal(self) -> Doc:
        amount = self.amount()
        lines = []
        for posting, account in (("Debit", "35"), ("Credit", self.chance.choice(("1", "43", "84")))):
            detail: Doc = {"PostingType": posting, "AccountRef": {"value": account}}
            if account == "84":
                entity = {"value": self.customers[-1]["Id"]}
                detail["Entity"] = {"Type": "Customer", "EntityRef": entity}
            lines.append({"Amount": amount, "JournalEntryLineDetail": detail})
        return {"Line": lines}

    def body(self, entity: str) -> Doc:
        return {"Payment": self.payment, "Deposit": self.deposit, "JournalEntry": self.journal}.get(entity, self.form)()

    def step(self) -> None:
        entity = self.chance.choice(ALL)
        operation = self.chance.choices(("create", "update", "sparse", "void", "delete"), (6, 1, 2, 1, 1))[0]
        old = self.any(entity)
        if operation == "create" or old is None:
            self.try_write(entity, self.body(entity), "create")
            return
        known = {"Id": old["Id"], "SyncToken": old["SyncToken"]}
        if operation in ("void", "delete"):
            self.try_write(entity, known, operation)
        else:
            self.try_write(entity, {**self.body(entity), **known, "sparse": operation == "sparse"}, "update")


def assert_sound(company: SandboxCompany) -> None:
    """Trial balance zero, receivables equal open balances, links there and back, balances equal what is applied."""
    shown = ledger_shown(company)
    assert shown["balanced"]
    assert shown["receivable_agrees"], shown["accounts_receivable"]
    paid: dict[tuple[str, str], Decimal] = {}
    for payment in company.tables["Payment"].values():
        assert payment["UnappliedAmt"] >= 0
        for target, amount in applied(payment).items():
            paid[target] = paid.get(target, ZERO) + amount
            links = company.tables[target[0]][target[1]]["LinkedTxn"]
            assert {"TxnId": payment["Id"], "TxnType": "Payment"} in links
    for entity in ("Invoice", "CreditMemo"):
        for doc in company.tables[entity].values():
            for link in doc["LinkedTxn"]:
                assert (entity, doc["Id"]) in applied(company.tables["Payment"][link["TxnId"]])
            assert 0 <= doc["Balance"] == doc["TotalAmt"] - paid.get((entity, doc["Id"]), ZERO)
    held = {
        ("Deposit", link["TxnId"])
        for doc in _receipts(company)
        for link in doc.get("LinkedTxn", ())
        if link["TxnType"] == "Deposit"
    }
    assert all(deposit_id in company.tables["Deposit"] for _, deposit_id in held)
    assert set(company.ledger.postings) <= {(name, key) for name, table in company.tables.items() for key in table}


def _receipts(company: SandboxCompany) -> list[Doc]:
    return [*company.tables["Payment"].values(), *company.tables["SalesReceipt"].values()]


def play(operations: int, seed: int, every: int) -> Player:
    player = Player(seed)
    for number in range(operations):
        player.step()
        if number % every == 0:
            assert_sound(player.company)
    assert_sound(player.company)
    return player


def test_random_operations_keep_the_books() -> None:
    """Creates, updates, voids and deletes in three currencies; the invariants are checked after each few."""
    player = play(OPERATIONS, seed=11, every=25)
    assert player.refused < OPERATIONS * 0.6


@pytest.mark.slow
def test_ten_thousand_random_operations_keep_the_books() -> None:
    """The full size."""
    play(10_000, seed=5, every=100)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, width=32)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["1", "3", "35", "84", "9999", "", "x", "-1"])
SHAPES = {**PARTS, **ENTITIES}


@st.composite
def bodies(draw: st.DrawFn, name: str, depth: int = 0) -> dict[str, Any]:
    """Objects with the properties of the schema and values that mostly, but not always, fit."""
    body = {}
    for key in draw(st.lists(st.sampled_from(sorted(SHAPES[name].readers)), max_size=7, unique=True)):
        inner = next((part for part in PARTS if depth < 3 and part.lower() in key.lower()), None)
        if key.endswith("Ref"):
            body[key] = draw(st.fixed_dictionaries({"value": IDS}) | JSON)
        elif key == "Line":
            line = {"Payment": "PaymentLine", "Deposit": "DepositLine", "JournalEntry": "JournalLine"}.get(
                name, "SalesLine"
            )
            body[key] = draw(st.lists(bodies(line, depth + 1), max_size=3) | JSON)
        elif key == "LinkedTxn":
            body[key] = draw(st.lists(bodies("LinkedTxn", depth + 1), max_size=2))
        elif inner is not None:
            body[key] = draw(bodies(inner, depth + 1) | JSON)
        else:
            body[key] = draw(JSON | IDS | st.sampled_from(["2026-11-01", "1e999", "12.345", "Invoice", "Debit"]))
    return body


def call_api(company: SandboxCompany, method: str, path: str, body: bytes, query: bytes = b"") -> int:
    call = parse_call(method, f"/v3/company/1/{path}", query, body, {})
    reply = run_write(company, call) if call.kind == "write" else run_read(company, call)
    return reply.status


@settings(
    max_examples=int(os.environ.get("QBO_SANDBOX_EXAMPLES", examples(400))),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_body_brings_the_service_down(data: st.DataObject) -> None:
    """Random bodies of every entity and operation are answered with 200 or a fault, and the books still balance."""
    company = SOUND.company()
    entity = data.draw(st.sampled_from(sorted(KINDS)))
    body = data.draw(bodies(entity) | JSON)
    if isinstance(body, dict) and data.draw(st.booleans()):
        body |= {"Id": data.draw(IDS), "SyncToken": "0", "sparse": data.draw(st.booleans())}
    query = data.draw(
        st.sampled_from([b"", b"operation=delete", b"operation=void", b"operation=update&include=void", b"operation=x"])
    )
    status = call_api(company, "POST", entity.lower(), json.dumps(body).encode(), query)
    assert status in (200, 400)
    shown = ledger_shown(company)
    assert shown["balanced"]
    assert shown["receivable_agrees"]


@settings(max_examples=examples(200), deadline=None, database=None)
@given(body=st.binary(max_size=60))
def test_no_bytes_bring_the_service_down(body: bytes) -> None:
    """Bytes that are no JSON, or no UTF-8, are faults."""
    assert call_api(SOUND.company(), "POST", "invoice", body) == 400


WORDS = [
    "select",
    "*",
    "from",
    "Invoice",
    "where",
    "Id",
    "=",
    "'1'",
    "and",
    "in",
    "(",
    ")",
    ",",
    "orderby",
    "TotalAmt",
    "like",
]
WORDS += [
    "startposition",
    "maxresults",
    "0",
    "5",
    "count(*)",
    "'",
    "\\",
    "MetaData.CreateTime",
    "Balance",
    ">",
    "'x'",
    "Line.Id",
    "true",
]


@settings(max_examples=examples(400), deadline=None, database=None)
@given(text=st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=40))
def test_no_query_brings_the_service_down(text: str) -> None:
    """Random words of the language, and none, are answered."""
    assert call_api(SOUND.company(), "POST", "query", text.encode()) in (200, 400)


async def test_a_batch_of_nonsense_is_answered() -> None:
    """Items that are no items are faults, of the batch or of themselves."""
    import httpx  # noqa: PLC0415

    app = create_app(SandboxSettings(limits=SandboxLimits(enforced=False)))
    headers = {"authorization": f"Bearer {app.state.sandbox.access_token()}"}
    nonsense: list[Any] = [
        {},
        [],
        {"BatchItemRequest": {}},
        {"BatchItemRequest": [1]},
        {"BatchItemRequest": [{"bId": "1"}]},
        {"BatchItemRequest": [{"bId": 1, "operation": "create"}]},
        {"BatchItemRequest": [{"bId": "1", "operation": 5, "Invoice": []}]},
        {"BatchItemRequest": [{"bId": "1", "Query": 5}]},
        {"BatchItemRequest": [{"bId": "1", "operation": "create", "Invoice": None, "optionsData": 4}]},
    ]
    base = "http://sandbox/v3/company/9130000000000001"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, headers=headers) as http:
        statuses = [(await http.post("batch", json=body)).status_code for body in nonsense]
    assert statuses == [400, 400, 400, 400, 200, 400, 200, 200, 200]


SOUND = Sandbox(SandboxSettings(limits=SandboxLimits(enforced=False)), ManualClock())
