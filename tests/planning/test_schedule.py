"""Waves: what needs something goes out after it, everything goes out once, and what is in the books costs nothing."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bridge.planning.steps import AlreadyPosted, Superseded, Write
from contracts.keys import SourceKey
from contracts.quickbooks import CustomerDraft, ItemDraft, LineDraft
from tests.support.plans import (
    BODY_MONEY,
    DANA,
    LISTS,
    ORDER,
    TOTE,
    account,
    books,
    buyer,
    invoice_row,
    order_plan,
    payment_row,
    plan,
    planned,
    steps,
    thing,
    transaction_plan,
    wave_of,
)


def test_an_order_goes_out_in_three_waves() -> None:
    """Customer and item, then the invoice, then its payment."""
    found = planned([order_plan(received="30.00")])
    assert [wave_of(found, "Customer", DANA), wave_of(found, "Item", TOTE)] == [0, 0]
    assert [wave_of(found, "Invoice", ORDER), wave_of(found, "Payment", BODY_MONEY)] == [1, 2]


def test_many_orders_share_the_waves() -> None:
    """Twenty orders of one buyer are three waves, and the buyer is written once."""
    orders = [order_plan(key=SourceKey("shopify", "order", str(number)), received="30.00") for number in range(20)]
    found = planned(orders)
    assert [len(wave) for wave in found.waves] == [2, 20, 20]


def test_an_account_comes_before_the_item_that_uses_it_and_once() -> None:
    """Two gift cards need one liability account: four waves, one account."""
    cards = account()
    card = thing(SourceKey("qbb", "item", "gift-card"), "Gift card", sku="qbo-bridge-gift-card", income=cards.key)
    other = thing(SourceKey("qbb", "item", "other"), "Other card", sku="other", income=cards.key)
    lines = tuple(LineDraft(item=step.key, amount=Decimal("15.00")) for step in (card, other))
    found = planned([order_plan(needs=(cards, card, other, buyer()), lines=lines)])
    assert wave_of(found, "Account", cards.key) == 0
    assert wave_of(found, "Item", card.key) == wave_of(found, "Item", other.key) == 1
    assert [name for name in steps(found) if name.startswith("account")] == ["account qbb:account:Gift cards"]


def test_what_is_in_the_books_costs_nothing() -> None:
    """The same order again: no wave, and its result names what the books hold."""
    written = planned([order_plan(received="30.00")], books(*LISTS))
    (step,) = written.waves[0]
    row = invoice_row(marker_fields=dict(step.marker_fields))
    again = planned([order_plan(received="30.00")], books(*LISTS, ("Invoice", row), ("Payment", payment_row())))
    assert again.waves == ()
    assert [type(fate) for fate in again.resolutions[0]] == [AlreadyPosted, AlreadyPosted]


def test_the_newest_body_is_written_whatever_comes_first() -> None:
    """Three bodies in one micro-batch are one write; the older ones are superseded."""
    for order in ([1, 2, 3], [3, 2, 1], [2, 3, 1]):
        found = planned([order_plan(at, total=f"{at}0.00") for at in order], books(*LISTS))
        (step,) = found.waves[0]
        assert (step.owner, step.marker_fields["t"]) == (order.index(3), "30.00")
        assert sum(isinstance(fate, Superseded) for resolutions in found.resolutions for fate in resolutions) == 2


def test_the_same_content_is_credited_once() -> None:
    """Two events with the same content: the first is credited with the write, the second has it already."""
    found = planned([order_plan(2), order_plan(1)], books(*LISTS))
    (step,) = found.waves[0]
    assert found.resolutions == ((Write(step.id, credited=True),), (Write(step.id, credited=False),))
    assert (step.owner, step.marker_fields["v"]) == (0, "2.1")


def test_a_newer_version_of_the_same_content_is_noted_without_a_write() -> None:
    """Nothing to write, but an older body must not come back later."""
    (step,) = planned([order_plan(1)], books(*LISTS)).waves[0]
    found = planned([order_plan(5)], books(*LISTS, ("Invoice", invoice_row(marker_fields=dict(step.marker_fields)))))
    assert found.waves == ()
    assert {str(key): str(version) for key, version in found.versions.items()} == {"shopify:order:100": "5.1"}


def test_a_customer_that_an_event_itself_is_about_is_ensured() -> None:
    """A plan whose document is a customer writes it, once for two such events."""
    both = [plan(DANA, buyer()), plan(DANA, buyer())]
    found = planned(both)
    (step,) = found.waves[0]
    assert found.resolutions == ((Write(step.id, credited=True),), (Write(step.id, credited=False),))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), max_size=12))
def test_no_step_goes_out_before_its_need_and_each_only_once(events: list[tuple[int, int, bool]]) -> None:
    """Whatever events meet in one micro-batch."""
    plans = []
    for number, at, is_money in events:
        key = SourceKey("shopify", "order", str(number))
        plans.append(transaction_plan(at, order=key) if is_money else order_plan(at, key=key, received="5.00"))
    found = planned(plans)
    seen: set[object] = set()
    for wave in found.waves:
        assert all(need in seen for step in wave for need in step.needs)
        assert not seen & {step.id for step in wave}
        seen |= {step.id for step in wave}
    assert len(found.resolutions) == len(plans)
    assert all(found.resolutions)


def test_the_newest_body_says_what_a_buyer_and_an_item_are_called() -> None:
    """Two bodies of one order in one micro-batch, in either order. Guard: `context._age`."""
    for first, second in ((1, 2), (2, 1)):
        names = {1: ("Dana Reyes", "Canvas tote"), 2: ("Dana Reyes-Long", "Canvas tote, large")}
        bodies = [order_plan(at, needs=(buyer(name=names[at][0]), thing(name=names[at][1]))) for at in (first, second)]
        written = steps(planned(bodies))
        drafts = [step.draft for step in written.values()]
        assert [each.display_name for each in drafts if isinstance(each, CustomerDraft)] == ["Dana Reyes-Long"]
        assert [each.name for each in drafts if isinstance(each, ItemDraft)] == ["Canvas tote, large"]


def test_of_bodies_of_one_age_the_first_says_what_a_buyer_is_called() -> None:
    """Neither is newer: what came first stays."""
    bodies = [order_plan(1, needs=(buyer(name=name), thing())) for name in ("Dana Reyes", "Dana Reyes-Long")]
    drafts = [step.draft for step in steps(planned(bodies)).values()]
    assert [each.display_name for each in drafts if isinstance(each, CustomerDraft)] == ["Dana Reyes"]
