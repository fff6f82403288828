"""The registry: what is mapped, what is only known, what nobody has heard of."""

from __future__ import annotations

import pytest

from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.posting import Ignored
from contracts.sizes import KEY_BYTES_MAX
from mappings.registry import DuplicateMapping, mapped_types, maps
from mappings.rules import MappingRules
from tests.support.orders import Json, bought, charge, handed_back, mapped, refund, stripe_event, transaction

SHOPIFY = """
orders/create orders/updated orders/paid orders/fulfilled orders/partially_fulfilled orders/cancelled orders/edited
orders/delete order_transactions/create refunds/create customers/create customers/update products/create products/update
fulfillments/create fulfillments/update disputes/create disputes/update
shopify_payments/payouts
""".split()
STRIPE = """
charge.succeeded charge.captured charge.pending charge.updated charge.refunded charge.failed charge.refund.updated
payment_intent.succeeded payment_intent.payment_failed checkout.session.async_payment_succeeded
refund.created refund.updated refund.failed
charge.dispute.created charge.dispute.funds_withdrawn charge.dispute.funds_reinstated charge.dispute.closed
checkout.session.completed invoice.finalized invoice.paid invoice.payment_succeeded invoice.voided
invoice.marked_uncollectible invoice_payment.paid credit_note.created credit_note.voided customer.created
customer.updated payout.paid payout.failed payout.canceled
""".split()


def test_every_type_that_is_promised_is_registered() -> None:
    """And nothing else."""
    promised = {("shopify", topic) for topic in SHOPIFY} | {("stripe", name) for name in STRIPE}
    assert {each for each in mapped_types() if each[0] in {"shopify", "stripe"}} == promised


def test_edit_is_about_its_order() -> None:
    """orders/edited names the order inside."""
    decision = mapped({"order_edit": {"id": 1, "order_id": 450789469}})
    assert isinstance(decision, Ignored)
    assert str(decision.document) == "shopify:order:450789469"


@pytest.mark.parametrize("body", [{}, {"id": "x1"}, {"id": True}, {"id": 1.5}])
def test_document_is_unknown_when_the_body_does_not_say_it(body: dict[str, object]) -> None:
    """A reason needs no document."""
    decision = mapped({**body, "pad": 1}, headers={"X-Shopify-Topic": b"orders/edited"})
    assert isinstance(decision, Ignored)
    assert decision.document is None


def test_document_of_a_stripe_object_without_id_is_unknown() -> None:
    """The same for Stripe."""
    decision = mapped(stripe_event("charge.failed", {"object": "charge"}))
    assert isinstance(decision, Ignored)
    assert decision.document is None


def test_type_that_nobody_knows_is_ignored() -> None:
    """Readable, and nothing to do with the books."""
    decision = mapped(stripe_event("radar.early_fraud_warning.created", {"object": "x", "id": "y"}))
    assert isinstance(decision, Ignored)
    assert decision.code == "unknown_type"


def test_duplicate_mapping_fails_and_registers_nothing() -> None:
    """All or nothing: the free type of a refused pair stays free."""

    def mapping(envelope: Envelope, rules: MappingRules) -> Ignored:
        return Ignored(code="skipped_by_rule", message="")

    with pytest.raises(DuplicateMapping, match="shopify orders/paid is mapped twice"):
        maps("shopify", "orders/brand_new", "orders/paid")(mapping)
    with pytest.raises(DuplicateMapping):
        maps("shopify", "orders/brand_new", "orders/brand_new")(mapping)
    assert ("shopify", "orders/brand_new") not in mapped_types()


LONG = 10**400
HUGE: tuple[Json, ...] = (
    {**bought(0), "id": LONG},
    transaction(id=LONG, admin_graphql_api_id=None),
    transaction(order_id=LONG, admin_graphql_api_id=None),
    refund([], handed_back("5.00"), id=LONG, admin_graphql_api_id=None),
    stripe_event("charge.succeeded", charge(id=f"ch_{LONG}")),
)


@pytest.mark.parametrize("event", HUGE, ids=["order", "transaction", "its order", "refund", "charge"])
def test_an_id_of_four_hundred_digits_cannot_be_read(event: Json) -> None:
    """No source has any such id. Guard: the bounds of the readers of ids."""
    with pytest.raises(UndecodableRecord):
        mapped(event)


LONGEST = KEY_BYTES_MAX - len("stripe:charge:ch_")


@pytest.mark.parametrize("digits", [LONGEST + 1, 250])
def test_a_key_that_leaves_no_room_in_the_record_of_ids_is_no_document(digits: int) -> None:
    """What is recorded of a document has 300 bytes with its key. Guard: `_refuse_long_ids`."""
    with pytest.raises(UndecodableRecord, match=f"{KEY_BYTES_MAX} bytes"):
        mapped(stripe_event("charge.succeeded", charge(id="ch_" + "1" * digits)))


def test_the_longest_key_is_booked() -> None:
    """128 bytes with system and kind."""
    event = stripe_event("charge.succeeded", charge(id="ch_" + "1" * LONGEST))
    assert not isinstance(mapped(event), Ignored)
