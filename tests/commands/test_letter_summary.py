"""What failed, what it is worth and by which cause; and how a person takes a letter off the list."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from contracts.records import OutboundRecord
from tests.support.desk import Desk
from tests.support.orders import Json, line, order, transaction


def letter(desk: Desk, offset: int, body: Json, topic: bytes = b"orders/paid", **facts: Any) -> OutboundRecord:
    """A dead letter whose event is `body`."""
    made = desk.letter(offset, headers=(("X-Shopify-Topic", topic),), **facts)
    return replace(made, value=json.dumps(body).encode())


def listed(desk: Desk, *options: str) -> list[dict[str, Any]]:
    _, out, _ = desk.call("dead-letters", "list", "--json", *options)
    return [json.loads(each) for each in out.splitlines()]


def bad(number: int, total: str, currency: str = "USD") -> Json:
    return order([line("1.00")], id=450789469 + number, name=f"#{1043 + number}", total_price=total, currency=currency)


def test_the_list_has_document_order_and_worth(desk: Desk) -> None:
    """Money as text in the currency's decimals, places as numbers."""
    desk.put(letter(desk, 1, bad(0, "42.9")), letter(desk, 2, bad(1, "5000", "JPY"), failed_at="2026-11-22T13:00:00Z"))
    newest, oldest = listed(desk)
    assert (oldest["document"], oldest["order"]) == ("shopify:order:450789469", "#1043")
    assert (oldest["amount"], oldest["currency"], oldest["offset"]) == ("42.90", "USD", 1)
    assert (newest["amount"], newest["currency"], newest["reason_code"]) == ("5000", "JPY", "unmappable")
    assert "#1043" in desk.call("dead-letters", "list")[1]


def test_a_summary_has_the_money_of_each_sale_once(desk: Desk) -> None:
    """An order, a second letter of it and its own money are one amount; currencies stay apart."""
    money = transaction(order_id=450789469, id=77)
    desk.put(
        letter(desk, 1, bad(0, "42.90")),
        letter(desk, 2, bad(0, "42.90")),
        letter(desk, 3, money, b"order_transactions/create", code="orphan"),
        letter(desk, 4, bad(2, "10.00", "EUR")),
        desk.letter(5, code="undecodable"),
    )
    _, out, _ = desk.call("dead-letters", "summary", "--json")
    said = json.loads(out)
    assert (said["dead_letters"], said["amounts"], said["unknown_amounts"]) == (5, {"EUR": "10.00", "USD": "42.90"}, 1)
    causes = {each["reason_code"]: each for each in said["causes"]}
    unmappable = causes["unmappable"]
    assert (unmappable["count"], unmappable["documents"]) == (3, 2)
    assert unmappable["amounts"] == {"EUR": "10.00", "USD": "42.90"}
    assert unmappable["next"] == "qbo-bridge dead-letters redrive --reason unmappable --company acme-us"
    assert causes["orphan"]["amounts"] == {"USD": "42.90"}
    people = desk.call("dead-letters", "summary")[1]
    assert "3 unmappable in acme-us: 2 documents, " in people
    assert "1 orphan in acme-us: 1 document, " in people
    assert "5 open dead letters, 10.00 EUR and 42.90 USD, 1 of unknown amount." in people


def test_a_dismissed_letter_is_off_the_list_with_its_note(desk: Desk) -> None:
    """Kept on the topic, so for every reader; it is still shown with `--all`. Guard: `dismissed` in `state_of`."""
    desk.put(desk.letter(1), desk.letter(2))
    assert desk.call("dead-letters", "dismiss", "0/0", "--note", "booked by hand")[0] == 0
    assert [each["letter"] for each in listed(desk)] == ["0/1"]
    states = {each["letter"]: (each["state"], each["note"]) for each in listed(desk, "--all")}
    assert states == {"0/0": ("dismissed", "booked by hand"), "0/1": ("open", None)}
    assert json.loads(desk.call("dead-letters", "summary", "--json")[1])["dead_letters"] == 1
    code, _, err = desk.call("dead-letters", "dismiss", "0/0", "--note", "again")
    assert (code, err) == (1, "Not open any more: 0/0 (dismissed).\n")
    assert desk.redrive("0/0")[0] == 0


def test_a_dismissal_needs_letters_and_a_note(desk: Desk) -> None:
    """Wrong usage is 2, a letter that is not there 1."""
    desk.put(desk.letter(1))
    assert desk.call("dead-letters", "dismiss", "--note", "x")[0] == 2
    assert desk.call("dead-letters", "dismiss", "0/0", "--note", " ")[0] == 2
    assert desk.call("dead-letters", "dismiss", "0/9", "--note", "x")[0] == 1
    assert len(listed(desk)) == 1


def test_a_dismissal_is_of_the_topics_own_making(desk: Desk) -> None:
    """An event that brings the header dismisses nothing. Guard: the value in `read_dismissal`."""
    forged = (("qbb-dismissed", f"{desk.letters}:0:0".encode()), ("qbb-dismissed-at", b"2026-11-22T12:00:00+00:00"))
    desk.put(desk.letter(1), desk.letter(2, headers=forged))
    assert len(listed(desk)) == 2


def test_an_unknown_reason_code_is_wrong_usage_and_names_the_known_ones(desk: Desk) -> None:
    """Instead of an empty list that looks like good news."""
    desk.put(desk.letter(1))
    for command in (("list",), ("redrive", "--dry-run"), ("dismiss", "--note", "x")):
        code, out, err = desk.call("dead-letters", command[0], *command[1:], "--reason", "unbalancd")
        assert (code, out) == (2, "")
        assert "unbalancd is no reason code of dead letters" in err
        assert "unbalanced" in err


def test_numbers_are_shown_as_the_body_has_them(desk: Desk) -> None:
    """Not as text, and not with other digits."""
    desk.put(replace(desk.letter(1), value=b'{"id": 820982911946154508, "rate": 1.50, "big": 1E+2, "text": "7"}'))
    out = desk.call("dead-letters", "show", "0/0")[1]
    assert '"id": 820982911946154508,' in out
    assert '"rate": 1.50,' in out
    assert '"big": 1E+2,' in out
    assert '"text": "7"' in out
