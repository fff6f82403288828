"""A third source goes the whole way with nothing changed outside `mappings` and `contracts`."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from bridge.decoding.record import decode_record
from bridge.decoding.routing import Route, Router
from mappings import registry
from tests.mappings import woocommerce
from tests.support.orders import envelope, record
from tests.support.world import opened

ORDER = {
    "id": 727,
    "number": "727",
    "currency": "USD",
    "status": "processing",
    "date_created_gmt": "2026-11-03T18:14:05",
    "total": "29.35",
    "total_tax": "1.35",
    "payment_method": "bacs",
    "transaction_id": "T-727",
    "billing": {"first_name": "Ines", "last_name": "Moreau", "email": "ines@example.com"},
    "line_items": [
        {"name": "Woo Album #4", "sku": "ALBUM-4", "quantity": 2, "total": "6.00"},
        {"name": "Ship Your Idea", "sku": "SYI-1", "quantity": 1, "total": "22.00"},
    ],
}
EVENT = {
    "specversion": "1.0",
    "id": "d-1",
    "type": "com.woocommerce.order.created",
    "source": "default",
    "time": "2026-11-03T18:14:06Z",
    "data": ORDER,
}
KEY = "woocommerce:order:727"


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_MAPPINGS", dict(registry._MAPPINGS))
    monkeypatch.setattr(registry, "_READERS", list(registry._READERS))
    woocommerce.register()


async def test_an_order_of_a_third_source_is_an_invoice_and_its_payment_once() -> None:
    """Told twice and again after a restart."""
    async with opened() as world:
        await world.deliver(EVENT, EVENT)
        await world.restart()
        await world.deliver(EVENT)
        assert [each[:3] for each in world.invoices()] == [(KEY, Decimal("29.35"), Decimal(0))]
        assert world.payments() == [(KEY, Decimal("29.35"))]
        assert world.statuses() == ["posted", "already_posted", "already_posted"]


async def test_an_order_of_a_third_source_that_does_not_add_up_is_refused() -> None:
    """With both numbers, like any other."""
    async with opened() as world:
        (result,) = await world.deliver({**EVENT, "data": {**ORDER, "total": "30.00"}})
        assert result.reason is not None
        assert result.reason.code == "unbalanced"
        assert "29.35" in result.reason.message
        assert "30.00" in result.reason.message


def test_a_delivery_is_read_by_the_reader_that_its_source_registered() -> None:
    """Its headers name topic and shop, and the shop routes it."""
    headers = {"X-WC-Webhook-Topic": b"order.created", "X-WC-Webhook-Source": b"https://Shop.example.com/"}
    found = decode_record(record(json.dumps(ORDER).encode(), headers))
    assert found is not None
    assert (found.system, found.event_type, found.account) == ("woocommerce", "order.created", "Shop.example.com")
    router = Router([Route("acme", frozenset({"shop.example.com"}), frozenset()), Route("b", frozenset(), frozenset())])
    assert router.company_of(found) == "acme"


def test_a_cloud_event_of_a_source_without_mappings_is_told_by_its_shape() -> None:
    """An envelope's own type says nothing about a Shopify body inside it."""
    found = envelope({**EVENT, "type": "com.acme.order.created", "data": {"order_edit": {"id": 1, "order_id": 2}}})
    assert (found.system, found.event_type) == ("shopify", "orders/edited")
