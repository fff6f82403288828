"""Transfers: money from one account to another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.connected_sandbox import ConnectedSandbox

ENDS: dict[str, Any] = {"FromAccountRef": {"value": "4"}, "ToAccountRef": {"value": "35"}}


async def test_a_transfer_moves_money_and_its_deletion_moves_it_back(world: ConnectedSandbox) -> None:
    """Both ends, to the cent."""
    made = await world.create("Transfer", **ENDS, Amount=Decimal("41.36"))
    assert (await world.read("Account", "35"))["CurrentBalance"] == Decimal("41.36")
    assert (await world.read("Account", "4"))["CurrentBalance"] == Decimal("-41.36")
    await world.post("transfer", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="delete")
    assert (await world.read("Account", "35"))["CurrentBalance"] == 0
    world.assert_sound()


@pytest.mark.parametrize("missing", ["FromAccountRef", "ToAccountRef", "Amount"])
async def test_a_transfer_needs_both_accounts_and_an_amount(world: ConnectedSandbox, missing: str) -> None:
    """2020, as for any required property."""
    body = {name: value for name, value in {**ENDS, "Amount": 1}.items() if name != missing}
    assert (await world.fault("transfer", body))["code"] == "2020"


async def test_a_transfer_goes_to_another_account(world: ConnectedSandbox) -> None:
    """From an account to itself nothing moves."""
    await world.fault("transfer", {**ENDS, "ToAccountRef": ENDS["FromAccountRef"], "Amount": 1})
