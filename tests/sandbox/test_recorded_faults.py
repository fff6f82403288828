"""Every fault that was recorded from the live service, provoked by a real request.

`PROVOKED` names them by code and the start of their detail; where the reference list is at hand, a test compares the
two.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox import SandboxLimits, SandboxSettings, Switches
from bridge.sandbox.wire import Doc, loads
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected, line, sale

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "qbo_faults.json"
Provoke = Callable[[ConnectedSandbox], Awaitable[Doc]]
PROVOKED: dict[tuple[str, str], tuple[Provoke, SandboxSettings]] = {}
#: Recorded, and out of reach here.
NOT_HERE = {
    ("2020", "Required parameter PaymentType is missing in the request"): "Purchase is not one of the entities",
    ("4001", "QueryValidationError: Property NoSuchField not found for Entity Purchase"): "told of another entity",
}


def provokes(code: str, detail: str, **settings: Any) -> Callable[[Provoke], Provoke]:
    """Register how a recorded fault comes about."""

    def register(provoke: Provoke) -> Provoke:
        PROVOKED[code, detail] = (provoke, replace(SandboxSettings(empty=True, limits=UNLIMITED), **settings))
        return provoke

    return register


async def gateway(world: ConnectedSandbox, **headers: str) -> Doc:
    answer = await world.http.get("companyinfo/1", headers=headers)
    (error,) = loads(answer.content)["fault"]["error"]
    return {"code": error["code"], "Detail": error["detail"], "status": answer.status_code}


@provokes("3200", "Token expired")
async def expired_token(world: ConnectedSandbox) -> Doc:
    world.clock.advance(3601)
    return await gateway(world)


@provokes("3200", "Malformed bearer token")
async def garbage_token(world: ConnectedSandbox) -> Doc:
    return await gateway(world, authorization="Bearer x")


@provokes("3100", "")
async def other_company(world: ConnectedSandbox) -> Doc:
    answer = await world.http.get("http://sandbox/v3/company/42/companyinfo/42")
    (error,) = loads(answer.content)["fault"]["error"]
    return {"code": error["code"], "Detail": error["detail"] or "", "status": answer.status_code}


async def one_too_many(world: ConnectedSandbox) -> Doc:
    await world.get("companyinfo/1")
    return await gateway(world)


provokes("3001", "The request limit was reached", limits=SandboxLimits(requests_per_second=1))(one_too_many)
provokes("3001", "The request limit", limits=SandboxLimits(requests_per_second=1, throttle_status=403))(one_too_many)


@provokes("610", "Object Not Found : Something you're trying to use has been made inactive")
async def read_nothing(world: ConnectedSandbox) -> Doc:
    error: Doc = (await world.get("invoice/9999", 400))["Fault"]["Error"][0]
    return error


@provokes("610", "Object Not Found : Another user has deleted this transaction")
async def update_a_deleted_invoice(world: ConnectedSandbox) -> Doc:
    invoice = await world.invoice(await world.customer(), await world.item())
    body = {"Id": invoice["Id"], "SyncToken": "0"}
    await world.post("invoice", body, operation="delete")
    return await world.fault("invoice", {**body, "sparse": True})


@provokes("2020", "Required parameter Line is missing")
async def no_lines(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", {"CustomerRef": {"value": (await world.customer())["Id"]}, "Line": []})


@provokes("2020", "Required parameter CustomerRef is missing")
async def payment_without_customer(world: ConnectedSandbox) -> Doc:
    return await world.fault("payment", {"TotalAmt": 1})


@provokes("2020", "Required parameter Line.SalesItemLineDetail is missing")
async def line_without_item(world: ConnectedSandbox) -> Doc:
    body = {"CustomerRef": {"value": (await world.customer())["Id"]}, "Line": [{"Amount": 1}]}
    return await world.fault("invoice", body)


async def linked(world: ConnectedSandbox, **link: str) -> Doc:
    body = {"CustomerRef": {"value": (await world.customer())["Id"]}, "TotalAmt": 1}
    return await world.fault(
        "payment", {**body, "Line": [{"Amount": 1, "LinkedTxn": [{**link, "TxnType": "Invoice"}]}]}
    )


@provokes("2020", "Required parameter LinkedTxn.TxnId is missing")
async def link_without_id(world: ConnectedSandbox) -> Doc:
    return await linked(world)


@provokes("2030", "Id should be a valid number. Supplied value:")
async def link_with_empty_id(world: ConnectedSandbox) -> Doc:
    return await linked(world, TxnId="")


async def deposited_payment(world: ConnectedSandbox, **link: str) -> tuple[Doc, Doc]:
    payment = await world.payment(await world.customer(), "10.00")
    given = {"TxnId": payment["Id"], "TxnType": "Payment", **link}
    return payment, {"DepositToAccountRef": {"value": "35"}, "Line": [{"Amount": 10, "LinkedTxn": [given]}]}


@provokes("2020", "Required parameter LinkedTxn.TxnLineId is missing")
async def deposit_without_line_id(world: ConnectedSandbox) -> Doc:
    _, body = await deposited_payment(world)
    return await world.fault("deposit", body)


@provokes("6540", "This transaction has been deposited")
async def change_a_deposited_payment(world: ConnectedSandbox) -> Doc:
    payment, body = await deposited_payment(world, TxnLineId="0")
    await world.post("deposit", body)
    return await world.fault("payment", {"Id": payment["Id"], "SyncToken": "1", "sparse": True, "PrivateNote": "x"})


@provokes(
    "2050", "String length specified does not match the supported length. Min:0 Max:21 supported. Supplied length:45"
)
async def long_number(world: ConnectedSandbox) -> Doc:
    body = sale(await world.customer(), await world.item())
    return await world.fault("invoice", {**body, "DocNumber": "x" * 45})


@provokes("2500", "Invalid Reference Id : Names element id 9999 not found")
async def no_such_customer(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", {"CustomerRef": {"value": "9999"}, "Line": [line(await world.item())]})


@provokes("2500", "Invalid Reference Id : Line.SalesItemLineDetail.ItemRef")
async def no_such_item(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", sale(await world.customer(), {"Id": "9999"}))


async def refused(world: ConnectedSandbox, text: str) -> Doc:
    error: Doc = (await world.get("query", 400, query=text))["Fault"]["Error"][0]
    return error


@provokes("4000", 'QueryParserError: Encountered " <IDENTIFIER> "TxnDate "" at line 1, column 29.')
async def missing_keyword(world: ConnectedSandbox) -> Doc:
    return await refused(world, "select * from Invoice order TxnDate desc")


@provokes("4001", "QueryValidationError: property 'DepartmentRef' is not queryable")
async def unfilterable(world: ConnectedSandbox) -> Doc:
    return await refused(world, "select * from Invoice where DepartmentRef = '1'")


@provokes("4001", "QueryValidationError: value 0 is too small. Min allowed value is 1")
async def zeroth_row(world: ConnectedSandbox) -> Doc:
    return await refused(world, "select * from Invoice startposition 0")


@provokes("6070", "Amount is not equal to UnitPrice * Qty. Supplied value:58")
async def wrong_product(world: ConnectedSandbox) -> Doc:
    customer, item = await world.customer(), await world.item()
    detail = line(item, "58", Qty=2, UnitPrice=30)
    return await world.fault("invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [detail]})


@provokes(
    "6140", "Duplicate Document Number Error : You must specify a different number. This number has already been used."
)
async def taken_number(world: ConnectedSandbox) -> Doc:
    preferences = {"Id": "1", "SyncToken": "0", "sparse": True, "SalesFormsPrefs": {"CustomTxnNumbers": True}}
    await world.post("preferences", preferences)
    body = {**sale(await world.customer(), await world.item()), "DocNumber": "INV-1"}
    created = (await world.post("invoice", body))["Invoice"]
    error = await world.fault("invoice", body)
    assert error["Detail"].endswith(f"DocNumber=INV-1 is assigned to TxnType=Invoice with TxnId={created['Id']}")
    return error


@provokes("6190", "Subscription period has ended")
async def trial_over(world: ConnectedSandbox) -> Doc:
    await world.http.post("http://sandbox/sandbox/company", content=b'{"subscription_ended": true}')
    return await world.fault("customer", {"DisplayName": "Late"})


@provokes("6210", "The account period has closed")
async def closed_books(world: ConnectedSandbox) -> Doc:
    await world.http.post("http://sandbox/sandbox/company", content=b'{"book_close_date": "2026-06-30"}')
    body = sale(await world.customer(), await world.item())
    return await world.fault("invoice", {**body, "TxnDate": "2026-06-30"})


async def taken_name(world: ConnectedSandbox) -> Doc:
    await world.create("Vendor", DisplayName="Xun Flower")
    return await world.fault("customer", {"DisplayName": "XUN flower"})


provokes("6240", "The name supplied already exists. : null")(taken_name)
provokes(
    "6240",
    "The name supplied already exists. : Another customer, vendor or employee is already using this \nname.",
    switches=Switches(duplicate_name_text="sentence"),
)(taken_name)


@provokes("6240", "The name supplied already exists. : Id=19")
async def taken_item(world: ConnectedSandbox) -> Doc:
    world.company.sequences["Item"] = 19
    await world.item("Pump")
    return await world.fault("item", {"Name": "pump", "Type": "Service", "IncomeAccountRef": {"value": "79"}})


@provokes("6560", "CustomerRef is missing in the request")
async def empty_customer(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", {"CustomerRef": {}, "Line": [line(await world.item())]})


@provokes("10000", "System Failure Error: java.lang.NumberFormatException: null")
async def customer_by_name(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", {"CustomerRef": {"name": "Xun"}, "Line": [line(await world.item())]})


@provokes("10000", 'System Failure Error: java.lang.NumberFormatException: For input string: ""')
async def customer_empty_string(world: ConnectedSandbox) -> Doc:
    return await world.fault("invoice", {"CustomerRef": {"value": ""}, "Line": [line(await world.item())]})


@provokes("invalid_grant", "")
async def dead_refresh_token(world: ConnectedSandbox) -> Doc:
    form = {"grant_type": "refresh_token", "refresh_token": "not one"}
    answer = await world.http.post(
        "http://sandbox/oauth2/v1/tokens/bearer", data=form, auth=("sandbox-client", "sandbox-secret")
    )
    return {"code": answer.json()["error"], "Detail": answer.json()["error_description"], "status": answer.status_code}


@pytest.mark.parametrize("key", PROVOKED, ids=lambda key: f"{key[0]} {key[1][:40]}")
async def test_recorded_fault(key: tuple[str, str]) -> None:
    """The request gives the recorded code and detail."""
    provoke, settings = PROVOKED[key]
    world = await connected(settings)
    error = await provoke(world)
    await world.http.aclose()
    assert error["code"] == key[0]
    assert error["Detail"].startswith(key[1])


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference list of faults is not here")
def test_no_recorded_fault_is_forgotten() -> None:
    """Each entry of the reference list that says "recorded" is provoked above or explained."""
    missing = []
    for entry in json.loads(REFERENCE.read_text()):
        if "recorded" not in entry["evidence"].replace("not recorded", ""):
            continue
        detail = entry["detail"] or ""
        known = any(
            code == entry["code"] and (detail.startswith(start[:20]) or start.startswith(detail[:20]))
            for code, start in [*PROVOKED, *NOT_HERE]
        )
        if not known:
            missing.append((entry["code"], detail))
    assert missing == []
