"""`qbo-bridge produce`: exported bodies on an event topic, as a webhook would have put them there, once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from bridge.commands.produce import command
from bridge.commands.produce.deliveries import delivery_id, shopify_delivery, stripe_delivery
from bridge.commands.produce.export import exported_bodies, exported_files
from bridge.decoding.headers import from_record
from bridge.kafka.topics import TopicSpec
from contracts.errors import BridgeError, UndecodableRecord
from contracts.records import InboundRecord
from tests.support.desk import Desk
from tests.support.orders import charge, line, order, stripe_event, transaction
from tests.support.world import opened

SHOP = "acme.myshopify.com"


def _bodies(tmp_path: Path, name: str, text: str) -> list[tuple[int, bytes | None]]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = exported_bodies(tmp_path / name)
    return [(each.line, each.value if isinstance(each.value, bytes) else None) for each in found]


def _events(desk: Desk) -> list[InboundRecord]:
    return [record for record in desk.again() if record.value != b"event 999"]


def _lines(tmp_path: Path, *bodies: object) -> str:
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in bodies))
    return str(path)


def test_a_line_is_a_body_byte_for_byte(tmp_path: Path) -> None:
    """Guard: bodies are cut out of the file, so no number passes through a float."""
    odd = '{"id": 820982911946154508, "a":  1.10, "b": "\\ud83d"}'
    assert _bodies(tmp_path, "a.jsonl", f"{odd}\n\n  {odd}\n") == [(1, odd.encode()), (3, odd.encode())]


@pytest.mark.parametrize(
    "page",
    [
        '[{"id": 1.10},\n {"id": 2}]',
        '{"orders": [{"id": 1.10},\n {"id": 2}]}',
        '{"object": "list", "has_more": true, "data": [{"id": 1.10},\n {"id": 2}], "url": "/v1/events"}',
        '{"order": {"id": 1.10}}\n{"id": 2}',
    ],
)
def test_a_page_is_the_bodies_on_it(tmp_path: Path, page: str) -> None:
    """As the APIs answer, each with the line on which it begins. Guard: `_inner`."""
    assert _bodies(tmp_path, "page.json", page) == [(1, b'{"id": 1.10}'), (2, b'{"id": 2}')]


def test_a_line_that_is_no_json_stops_nothing(tmp_path: Path) -> None:
    """Neither does one that is cut, is no UTF-8, or is nested beyond all sense."""
    good = json.dumps({"id": 2})
    text = "\n".join(('{"id": 1', good, "[" * 100_000, good))
    assert _bodies(tmp_path, "a.jsonl", text) == [(1, None), (2, good.encode()), (3, None), (4, good.encode())]
    (tmp_path / "b.jsonl").write_bytes(b'{"id": "\xff"}\n{"id": 2}\n')
    assert [isinstance(each.value, bytes) for each in exported_bodies(tmp_path / "b.jsonl")] == [False, True]


def test_a_folder_is_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    """What has another ending is left alone; a folder without any is one sentence."""
    with pytest.raises(BridgeError, match="holds no file"):
        exported_files(tmp_path)
    for name in ("b.jsonl", "a.json", "notes.txt"):
        (tmp_path / name).write_text("{}")
    assert [each.name for each in exported_files(tmp_path)] == ["a.json", "b.jsonl"]


def test_an_exported_order_is_told_as_an_update() -> None:
    """An export knows what the order is; that it was paid just now it does not. Guard: the topic of an order."""
    body = order([line("10.00")], financial_status="paid", updated_at="2026-03-02T10:00:00-05:00")
    made = shopify_delivery(json.dumps(body).encode(), "shopify.events", SHOP)
    headers = from_record(made.record.headers)
    assert headers["x-shopify-topic"] == "orders/updated"
    assert headers["x-shopify-shop-domain"] == SHOP
    assert headers["x-shopify-triggered-at"] == "2026-03-02T10:00:00-05:00"
    assert headers["x-shopify-webhook-id"] == made.event.event_id == made.ident
    assert made.record.key == str(body["id"]).encode()


def test_a_delivery_id_is_of_shop_topic_and_bytes() -> None:
    """The same body is the same delivery in each run, of another shop, or changed, it is another one."""
    value = json.dumps(order([line("10.00")])).encode()
    same = [shopify_delivery(value, "t", SHOP).ident for _ in range(2)]
    others = {
        shopify_delivery(value, "t", "other.myshopify.com").ident,
        shopify_delivery(value + b" ", "t", SHOP).ident,
    }
    assert same[0] == same[1]
    assert len({same[0], *others}) == 3


def test_a_transaction_and_a_payout_are_told_by_their_own_topics() -> None:
    """Each shape has its own; a payout stands under its name or bare."""
    row = transaction()
    assert shopify_delivery(json.dumps(row).encode(), "t", SHOP).event.event_type == "order_transactions/create"
    payout = {"id": 5, "date": "2026-03-02", "amount": "9.00", "status": "paid", "balance_transactions": []}
    made = shopify_delivery(json.dumps({"payout": payout}).encode(), "t", SHOP)
    assert (made.event.event_type, made.record.key) == ("shopify_payments/payouts", b"5")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"id": "gid://shopify/Order/1", "name": "#1"}, "GraphQL"),
        ({"id": "gid://shopify/LineItem/1", "__parentId": "gid://shopify/Order/1"}, "GraphQL"),
        ({"id": 1, "hello": "world"}, "known by its shape"),
        ([1], "no object"),
    ],
)
def test_what_is_no_body_of_the_rest_api_is_refused(body: object, why: str) -> None:
    """In one sentence that says what was expected."""
    with pytest.raises(UndecodableRecord, match=why):
        shopify_delivery(json.dumps(body).encode(), "t", SHOP)


def test_a_stripe_object_that_is_no_event_is_refused() -> None:
    """Its own kind is named; an event keeps the id that Stripe gave it."""
    with pytest.raises(UndecodableRecord, match="no Stripe event but charge"):
        stripe_delivery(json.dumps(charge()).encode(), "t")
    event = stripe_event("charge.succeeded", charge())
    assert stripe_delivery(json.dumps(event).encode(), "t").ident == event["id"]


def test_a_live_delivery_of_a_stripe_event_is_known_by_its_own_id() -> None:
    """What a webhook receiver had put there before is not produced again. Guard: `delivery_id`."""
    event = json.dumps(stripe_event("charge.succeeded", charge())).encode()
    live = InboundRecord(topic="t", partition=0, offset=0, key=None, value=event, headers=(), timestamp_ms=-1)
    assert delivery_id(live, "stripe") == stripe_delivery(event, "t").ident
    assert delivery_id(live, "shopify") is None


async def test_a_produced_order_is_the_order_of_its_webhook() -> None:
    """It books what the webhook would have booked, and the webhook afterwards adds nothing."""
    body = order([line("10.00", 2)], financial_status="paid")
    made = shopify_delivery(json.dumps(body).encode(), "shopify.events", SHOP).record
    async with opened() as world:
        (produced,) = await world.deliver_records(world.record(made.value, headers=made.headers))
        (live,) = await world.tell(
            body, headers={"X-Shopify-Topic": b"orders/paid", "X-Shopify-Shop-Domain": SHOP.encode()}
        )
        assert (produced.status, live.status) == ("posted", "already_posted")
        assert [row["TotalAmt"] for row in world.held("Invoice")] == [20]


def test_a_second_run_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    """The same file again, and the same lines in another one. Guard: the look at what the topic holds."""
    bodies = [order([line("10.00")], id=number) for number in (1, 2, 2)]
    path = _lines(tmp_path, *bodies)
    code, out, _ = desk.call("produce", path, "--source", "shopify", "--topic", desk.events)
    assert (code, "2 produced (2 of acme-us), 1 there already" in out) == (0, True), out
    code, out, _ = desk.call("produce", _lines(tmp_path, *reversed(bodies)), "--source", "shopify")
    assert (code, "0 produced, 3 there already" in out) == (0, True), out
    assert sorted(json.loads(record.value or b"")["id"] for record in _events(desk)) == [1, 2]


def test_a_topic_that_is_missing_is_created_as_a_service_does(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export comes before the first run, and what reads it next needs the others. Guard: `create_missing`."""
    asked: list[str] = []

    async def noted(_: object, wanted: Iterable[TopicSpec]) -> None:
        asked.extend(each.name for each in wanted)

    monkeypatch.setattr(command, "create_missing", noted)
    assert desk.call("produce", _lines(tmp_path, order([line("10.00")])), "--source", "shopify")[0] == 0
    assert desk.events in asked


def test_a_bad_line_is_named_and_all_others_are_produced(desk: Desk, tmp_path: Path) -> None:
    """Exit 1 with the list. Guard: `_Reader.delivery`."""
    path = _lines(tmp_path, order([line("10.00")], id=1), "{", {"hello": 1}, order([line("10.00")], id=2))
    code, out, err = desk.call("produce", path, "--source", "shopify")
    assert (code, "Traceback" in err) == (1, False)
    assert "orders.jsonl, line 2: it is not JSON" in out
    assert "orders.jsonl, line 3: " in out
    assert len(_events(desk)) == 2


def test_an_event_of_nobody_or_of_another_company_is_a_bad_line(desk: Desk, tmp_path: Path) -> None:
    """It would have no result of the company that was named."""
    path = _lines(tmp_path, stripe_event("charge.succeeded", charge(), account="acct_nobody"))
    code, out, _ = desk.call("produce", path, "--source", "stripe")
    assert (code, "no company lists acct_nobody" in out) == (1, True)
    assert _events(desk) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--source", "shopify", "--topic", "orders/paid"), "is no topic of events"),
        (("--source", "shopify", "--shop", "other.myshopify.com"), "No such company lists the shop"),
        (("--source", "shopify", "--company", "beta"), "Name the shop with --shop"),
        (("--source", "shopify", "--company", "nobody"), "There is no company"),
    ],
)
def test_a_wrong_topic_or_shop_is_one_sentence(desk: Desk, tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """And nothing is produced."""
    code, _, err = desk.call("produce", _lines(tmp_path, order([line("10.00")])), *options)
    assert (code, said in err, "Traceback" in err) == (1, True, False)
    assert _events(desk) == []
