"""Requests that are legal but odd, and settings that are neither: always an answer, never a mistake of the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.connected_sandbox import ConnectedSandbox

ACCOUNT = {"AccountType": "Expense", "AccountSubType": "Travel"}


async def made(world: ConnectedSandbox, entity: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await world.http.post(entity.lower(), json=body)
    found: dict[str, Any] = answer.json()[entity]
    return found


@pytest.mark.parametrize(
    ("entity", "name", "more"),
    [
        ("Class", "Name", {}),
        ("Department", "Name", {}),
        ("Account", "Name", ACCOUNT),
        ("Item", "Name", {"Type": "Category"}),
        ("Customer", "DisplayName", {}),
    ],
)
async def test_nothing_is_its_own_ancestor(
    world: ConnectedSandbox, entity: str, name: str, more: dict[str, Any]
) -> None:
    """900, for the entry itself and for what lies below it."""
    top = await made(world, entity, {name: "Top", **more})
    below = await made(world, entity, {name: "Below", "ParentRef": {"value": top["Id"]}, **more})
    top = (await world.http.get(f"{entity.lower()}/{top['Id']}")).json()[entity]
    changes = {"Id": top["Id"], "SyncToken": top["SyncToken"], name: "Top", **more}
    for parent in (top, below):
        answer = await world.http.post(entity.lower(), json={**changes, "ParentRef": {"value": parent["Id"]}})
        assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "900")


async def test_a_company_with_half_an_address_still_sells(world: ConnectedSandbox) -> None:
    """The shipping address of a form is as much of it as there is."""
    info = {"Id": "1", "SyncToken": "0", "sparse": True, "CompanyAddr": {"Line1": "9 X St", "City": "Y"}}
    assert (await world.http.post("companyinfo", json=info)).status_code == 200
    customer = await world.customer()
    item = await made(world, "Item", {"Name": "Thing", "Type": "Service", "IncomeAccountRef": {"value": "79"}})
    detail = {"ItemRef": {"value": item["Id"]}}
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    invoice = await made(world, "Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [line]})
    assert (invoice["ShipFromAddr"]["Line1"], invoice["ShipFromAddr"]["Line2"]) == ("9 X St", "Y")


@pytest.mark.parametrize(
    "group",
    [{"MultiCurrencyEnabled": "x"}, {"MultiCurrencyEnabled": 1}, 5, []],
    ids=["text", "number", "no object", "list"],
)
async def test_a_preference_of_another_kind_is_refused(world: ConnectedSandbox, group: object) -> None:
    """2010, and nothing is switched on."""
    body = {"Id": "1", "SyncToken": "0", "sparse": True, "CurrencyPrefs": group}
    answer = await world.http.post("preferences", json=body)
    assert answer.json()["Fault"]["Error"][0]["code"] == "2010"
    assert world.sandbox.company().preference("CurrencyPrefs", "MultiCurrencyEnabled") is False


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "delay", "seconds": "abc"},
        {"kind": "delay", "count": "x"},
        {"kind": "fail_before", "skip": "a"},
        {"kind": "fail_before", "probability": 3},
        {"kind": "fail_before", "status": 99},
        {"kind": "outage", "seconds": -1},
        {"kind": "fault", "code": 5},
        {"kind": "human"},
    ],
    ids=str,
)
async def test_a_fault_rule_that_cannot_be_used_is_refused_at_once(
    world: ConnectedSandbox, rule: dict[str, Any]
) -> None:
    """One sentence now, not somebody's request later."""
    answer = await world.http.post("http://sandbox/sandbox/faults", json=rule)
    assert answer.status_code == 400
    assert (await world.http.get("companyinfo/1")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance_s": 1e300}),
        ("clock", {"advance_s": -5}),
        ("company", {"book_close_date": "zz"}),
        ("company", {"preferences": {"CurrencyPrefs": 5}}),
    ],
)
async def test_an_odd_switch_changes_nothing(world: ConnectedSandbox, path: str, body: dict[str, Any]) -> None:
    """400, and the company still takes writes."""
    answer = await world.http.post(f"http://sandbox/sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert (await made(world, "Customer", {"DisplayName": "Ann"}))["DisplayName"] == "Ann"
