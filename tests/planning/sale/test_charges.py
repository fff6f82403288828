"""A Stripe charge through the machine: sale, payment and fee, told by two events, booked once."""

from __future__ import annotations

from decimal import Decimal

from tests.support.orders import charge, intent, stripe_event
from tests.support.world import opened

KEY = "stripe:charge:ch_3RqPm2Lk81XcQw0A1bZtYv77"
FEE = {"id": "txn_1", "object": "balance_transaction", "fee": 103, "currency": "usd"}


async def test_a_charge_is_a_sale_its_payment_and_its_fee() -> None:
    """The payment intent tells the same, before, with or after the charge."""
    told = stripe_event("charge.succeeded", charge(balance_transaction=FEE))
    same = stripe_event("payment_intent.succeeded", intent())
    for batches in ([[told], [same]], [[told, same]], [[same, told]], [[same], [told]], [[told, told]]):
        async with opened() as world:
            for batch in batches:
                await world.deliver(*batch)
            assert [(each[0], each[1], each[2]) for each in world.invoices()] == [(KEY, Decimal(25), Decimal(0))]
            assert world.payments() == [(KEY, Decimal(25))]
            assert len(world.held("JournalEntry")) == 1
            assert world.statuses()[0] == "posted"
            assert set(world.statuses()) <= {"posted", "already_posted"}


async def test_a_charge_whose_invoice_a_person_voided_stays_void() -> None:
    """Its payment goes on standing, its invoice does not come back."""
    async with opened() as world:
        told = stripe_event("charge.succeeded", charge())
        await world.deliver(told)
        (row,) = world.held("Invoice")
        world.sandbox.company().tables["Invoice"][row["Id"]] = {
            **row,
            "TotalAmt": Decimal(0),
            "Balance": Decimal(0),
            "PrivateNote": f"Voided - {row['PrivateNote']}",
        }
        await world.restart()
        (again,) = await world.deliver(told)
        assert (again.status, again.reason and again.reason.code) == ("ignored", "deleted_in_qbo")


async def test_a_charge_that_comes_again_changes_nothing() -> None:
    """Its fee is in the books already, like everything else of it."""
    async with opened() as world:
        told = stripe_event("charge.succeeded", charge(balance_transaction=FEE))
        await world.deliver(told)
        (again,) = await world.deliver(told)
        assert again.status == "already_posted"
        assert sorted(entity.entity for entity in again.entities) == ["Invoice", "JournalEntry", "Payment"]
