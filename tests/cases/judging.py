"""What the books hold after a case against what its file says; nothing here believes a result about the books."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from contracts.results import ResultStatus
from tests.cases.files import DONE, Case
from tests.cases.telling import Batches
from tests.support.seals import SEAL
from tests.support.world import World

Row = Mapping[str, Any]
Nets = dict[str, Decimal]

CREDITS = frozenset({"income", "tax", "liability"})
KINDS = {
    "Income": "income",
    "Other Income": "income",
    "Expense": "expense",
    "Other Expense": "expense",
    "Cost of Goods Sold": "expense",
    "Accounts Receivable": "receivable",
    "Bank": "bank",
    "Other Current Liability": "liability",
}
TAX = frozenset({"GlobalTaxPayable", "SalesTaxPayable"})
NO_MONEY = frozenset({"PrepaidExpenses", "Inventory"})


def problems(world: World, case: Case, batches: Batches) -> list[str]:
    """Everything that is not as the case says, in words; empty when all is right."""
    order = [number for batch in batches for number in batch]
    return problems_at(world, case, {number: offset for offset, number in enumerate(order)})


def problems_at(world: World, case: Case, offsets: Mapping[int, int]) -> list[str]:
    """As `problems`; `offsets` are those of the case's events, by their number."""
    dead, found = _statuses(world, case, offsets)
    for name, wanted in case.documents.items():
        rows = list(_rows(world, set(wanted["belongs"])))
        found += [f"{name}: {text}" for text in _wrong_document(world, rows, wanted, dead=dead)]
    return found


def _statuses(world: World, case: Case, offsets: Mapping[int, int]) -> tuple[bool, list[str]]:
    """Whether an event ended as an allowed dead letter, and the events that ended as none may."""
    dead, found = False, []
    for number, offset in offsets.items():
        result, event = world.results[offset][-1], case.events[number]
        code = result.reason.code if result.reason else None
        if result.status is ResultStatus.DEAD_LETTERED and code in case.dead_letter_reasons:
            dead = True
        elif result.status.value not in set(event.get("statuses", DONE)):
            why = f": {code}, {result.reason.message}" if result.reason else ""
            found.append(f"event {number} ended as {result.status.value}{why}")
    return dead, found


def _rows(world: World, belongs: set[str]) -> Iterable[tuple[str, Row]]:
    """The transactions whose marker names one of these ids."""
    for entity in world.sandbox.company().tables:
        for row in world.held(entity):
            marker = SEAL.find(entity, row.get("PrivateNote"))
            if marker and {marker.key.id, marker.key.id.split(".")[0]} & belongs:
                yield entity, row


def _wrong_document(world: World, rows: list[tuple[str, Row]], wanted: Row, *, dead: bool) -> Iterable[str]:
    nets = nets_of(world, rows)
    allowed = [*wanted["allowed"], *(wanted.get("allowed_if_dead", ()) if dead else ())]
    if not any(_is(nets, one) for one in allowed) and not (dead and not allowed):
        yield f"holds {_said(nets)} instead of {' or '.join(_said(one) for one in allowed) or 'a dead letter'}"
    for name, amount in wanted.get("accounts", {}).items():
        held = _account_net(world, rows, name)
        if held != Decimal(amount):
            yield f"holds {held} on {name} instead of {amount}"
    for day, amount in wanted.get("money_days", {}).items():
        held = nets_of(world, [(entity, row) for entity, row in rows if row["TxnDate"] == day])["money"]
        if held != Decimal(amount):
            yield f"has {held} of its money on {day} instead of {amount}"
    for field in wanted.get("fields", ()):
        for entity, row in rows:
            if entity == field["entity"] and row.get("TotalAmt") and field["equals"] not in _at(row, field["path"]):
                yield f"{entity} {field['path']} is {_at(row, field['path'])} instead of {field['equals']}"
    for text in wanted.get("absent_text", ()):
        if any(text in json.dumps(row, default=str) for _, row in rows):
            yield "holds a text that it must not hold"


def nets_of(world: World, rows: Iterable[tuple[str, Row]]) -> Nets:
    """What transactions post, by kind of account, in home currency: the owed and the earned as credits."""
    accounts = world.sandbox.company().tables["Account"]
    nets: Nets = defaultdict(Decimal)
    for entity, row in rows:
        for posting in world.sandbox.company().ledger.postings.get((entity, row["Id"]), ()):
            kind = _kind(accounts[posting.account_id])
            nets[kind] += -posting.home if kind in CREDITS else posting.home
    nets["money"] = nets["bank"] + nets["transit"]
    return nets


def _kind(account: Row) -> str:
    if account["AccountSubType"] in TAX:
        return "tax"
    if account["AccountType"] == "Other Current Asset" and account["AccountSubType"] not in NO_MONEY:
        return "transit"
    return KINDS.get(account["AccountType"], "another kind of account")


def _is(nets: Nets, wanted: Mapping[str, str]) -> bool:
    """True when every kind that is named has its amount, and every other is at zero; bank and transit make money."""
    named = {name: Decimal(amount) for name, amount in wanted.items()}
    parts = {"bank", "transit"} - named.keys() if "money" in named else set()
    return all(amount == named.get(kind, Decimal(0)) for kind, amount in nets.items() if kind not in parts) and all(
        nets.get(kind, Decimal(0)) == amount for kind, amount in named.items()
    )


def _account_net(world: World, rows: Iterable[tuple[str, Row]], name: str) -> Decimal:
    company = world.sandbox.company()
    ids = {row["Id"] for row in company.tables["Account"].values() if row["Name"] == name}
    postings = (each for entity, row in rows for each in company.ledger.postings.get((entity, row["Id"]), ()))
    return sum((each.home for each in postings if each.account_id in ids), Decimal(0))


def _at(value: object, path: str) -> list[object]:
    """What stands at a path such as `ShipAddr.City`; with `*` before it, anywhere in the document."""
    if path.startswith("*"):
        below: list[object] = []
        if isinstance(value, Mapping):
            below = list(value.values())
        elif isinstance(value, list):
            below = value
        here = _at(value, path[1:])
        return [each for each in here if each is not None] + [each for part in below for each in _at(part, path)]
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return [value]


def _said(nets: Mapping[str, Decimal | str]) -> str:
    return ", ".join(f"{kind} {amount}" for kind, amount in sorted(nets.items()) if Decimal(amount)) or "nothing"
