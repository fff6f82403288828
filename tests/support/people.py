"""People at work in the books of a stage's sandbox."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.seals import SEAL
from tests.support.stage import Stage


def human(stage: Stage, action: str, entity: str, ident: str, **more: object) -> None:
    """What a person does at the keyboard."""
    wanted = {"action": action, "entity": entity, "id": ident, **more}
    httpx.post(f"{stage.sandbox_url}/sandbox/human", json=wanted).raise_for_status()


def invoices(stage: Stage) -> list[dict[str, Any]]:
    """Our live invoices without anything paid on them first, each once."""
    ours = [row for row in stage.query("Invoice") if SEAL.find("Invoice", row.get("PrivateNote")) and row["TotalAmt"]]
    return sorted(ours, key=lambda row: row["Balance"] != row["TotalAmt"])


def document(row: dict[str, Any], entity: str = "Invoice") -> tuple[str, str]:
    """The type of a row, and the document that its marker names."""
    marker = SEAL.find(entity, row["PrivateNote"])
    assert marker is not None
    return entity, str(marker.key)


def copy(stage: Stage, row: dict[str, Any]) -> None:
    """A second invoice with the marker of `row`."""
    token = httpx.post(f"{stage.sandbox_url}/sandbox/token").json()["access_token"]
    line = row["Line"][0]
    detail = {"ItemRef": line["SalesItemLineDetail"]["ItemRef"]}
    sold = {"Amount": float(line["Amount"]), "DetailType": line["DetailType"], "SalesItemLineDetail": detail}
    body = {"CustomerRef": row["CustomerRef"], "PrivateNote": row["PrivateNote"], "Line": [sold]}
    url = f"{stage.sandbox_url}/v3/company/9130000000000001/invoice"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    httpx.post(url, json=body, headers=headers).raise_for_status()


def keyed_invoice(stage: Stage, *, number: str, amount: str, day: str) -> dict[str, Any]:
    """An order as a bookkeeper enters it: one line, a customer and an item of their own."""
    token = httpx.post(f"{stage.sandbox_url}/sandbox/token").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def made(entity: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{stage.sandbox_url}/v3/company/9130000000000001/{entity.lower()}"
        found: dict[str, Any] = httpx.post(url, json=body, headers=headers).raise_for_status().json()[entity]
        return found

    income = next(row["Id"] for row in stage.query("Account") if row["AccountType"] == "Income")
    buyer = made("Customer", {"DisplayName": f"Buyer of {number}"})
    item = made("Item", {"Name": f"Goods of {number}", "Type": "Service", "IncomeAccountRef": {"value": income}})
    detail = {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    sold = {"CustomerRef": {"value": buyer["Id"]}, "DocNumber": number, "TxnDate": day, "Line": [line]}
    return made("Invoice", sold)
