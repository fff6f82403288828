"""`explain` of what was never booked: found by its name, with the reason and what was booked of money for it."""

from __future__ import annotations

import json

import pytest

from bridge.commands.explain.composing import Story
from bridge.commands.explain.telling import print_story, story_as_json
from mappings.rules import load_rules
from tests.support.explaining import Explained
from tests.support.orders import Json, line, order, shopify_event, transaction
from tests.support.world import opened

RULES = (
    "books_start = 2026-03-01\n"
    '[accounts]\nopening_receivables = "Old receivables"\n'
    '[[skip]]\ntag = "sample"\n[orders]\npost_when = "paid"\n'
)
OLD, LATE = "2026-02-20T21:04:09-08:00", "2026-03-06T10:00:00-08:00"
IDENT = 450789469
PENDING: Json = {"financial_status": "pending", "total_outstanding": "42.90"}
KINDS: dict[str, tuple[Json, str]] = {
    "of before the start": ({"created_at": OLD, "processed_at": OLD}, "before_books_start"),
    "a test": ({"test": True}, "test_event"),
    "left out by a rule": ({"tags": "sample"}, "skipped_by_rule"),
    "not paid yet": (PENDING, "skipped_by_rule"),
    "cancelled before it was booked": (
        {**PENDING, "financial_status": "voided", "cancelled_at": LATE, "updated_at": LATE},
        "skipped_by_rule",
    ),
}


def named(**changes: object) -> Json:
    said: Json = {"id": IDENT, "name": "#1043", "order_number": 1043, "admin_graphql_api_id": None, "tags": ""}
    return order([line("42.90")], **{**said, **changes})


def said_of(story: Story, capsys: pytest.CaptureFixture[str]) -> str:
    """What a person reads, as one line."""
    capsys.readouterr()
    print_story(story)
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_never_booked_is_found_by_its_name(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Guard: `ask_events`; no result of it repeats its name. Beside a booked order of another name."""
    changes, code = KINDS[kind]
    async with opened(load_rules(RULES)) as world:
        said = Explained(world)
        await said.deliver(order([line("10.00")], id=450789470, name="#1044", order_number=1044))
        await said.deliver(named(**changes))
        assert world.told[-1].status == "ignored"
        for text in ("#1043", "1043", str(IDENT)):
            story = await said.story(text)
            assert (story.ignored and story.ignored.code, story.entities) == (code, []), text
            assert str(story.dated) == ("2026-02-20" if code == "before_books_start" else "2026-03-02")
        text = said_of(story, capsys)
        assert f"is known and not booked ({code}: " in text
        assert "Nothing else is booked of it." in text
        assert json.loads(story_as_json(story))["ignored"]["code"] == code
        assert (await said.story("#1044")).ignored is None


@pytest.mark.parametrize("by_body", [False, True])
async def test_what_was_paid_late_for_an_old_order_is_said_with_it(
    capsys: pytest.CaptureFixture[str], *, by_body: bool
) -> None:
    """Guard: the sale itself is in no books, whatever its money did."""
    times = {"processed_at": LATE, "created_at": LATE}
    old = {"created_at": OLD, "processed_at": OLD}
    paid = shopify_event("orders/paid", named(updated_at=LATE, **old))
    late = transaction(id=9455001122, order_id=IDENT, gateway="manual", admin_graphql_api_id=None, **times)
    async with opened(load_rules(RULES)) as world:
        await world.by_hand("account", {"Name": "Old receivables", "AccountType": "Other Current Asset"})
        await world.restart()
        said = Explained(world)
        await said.deliver(named(updated_at=OLD, **old, **PENDING))
        await said.deliver(paid if by_body else late)
        (entry,) = world.held("JournalEntry")
        story = await said.story("#1043")
        text = said_of(story, capsys)
        money = f"shopify:payment:{IDENT}" if by_body else "shopify:transaction:9455001122"
        assert f"shopify:order:{IDENT}, of 2026-02-20, is known and not booked (before_books_start: " in text
        assert f"Booked of what moved for it: JournalEntry {entry['Id']} ({money})." in text
