"""Books that people kept by hand, drawn with what is odd about them: what the bridge takes for an order, kind by kind.

    python -m tests.bench.kept_by_hand [EACH] [--seeds 1 2 3] [--write]

Of each kind EACH orders a seed, all in one company, which has automated sales tax where the seed is even; the events
come in any order. The truth is the drawn story's, the
verdict that of the books: a document is `adopted` when it carries the order's marker, `doubled` when the order has
another one beside it, or its money is there twice, and `wrong` when it carries the marker of an order that it is not,
or has another total by now.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import structlog

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.keys import SourceKey
from tests.bench.report import PAGE, write_section
from tests.support.entered import income
from tests.support.orders import ORDER_ID, Json, handed_back, order, refund, refund_line, taxed, transaction
from tests.support.world import World, opened

EACH = 10
SEEDS = (1, 2, 3, 4, 5, 6)
SECTION = "What of books that people kept by hand is found"
MICRO_BATCH = 40
TAX = 8
"""Percent."""
PARTS = "Ada Bo Cy Dee Eva Flo Gil Hal Ida Jo Kai Lou Max Ned Ona Pam Quy Ray Sue Tom".split()


@dataclass(slots=True)
class Story:
    """An order as its shop tells it, and the truth: what it `is` (there, doubtful or new), and what was paid for it."""

    kind: str
    body: Json
    is_: str = "there"
    mine: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    paid: Decimal | None = None
    events: list[Json] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)

    @property
    def key(self) -> SourceKey:
        return SourceKey("shopify", "order", str(self.body["id"]))

    @property
    def total(self) -> Decimal:
        return Decimal(str(self.body["total_price"]))

    @property
    def number(self) -> str:
        return str(self.body["name"]).removeprefix("#")

    @property
    def buyer(self) -> str:
        return f"{self.body['customer']['first_name']} {self.body['customer']['last_name']}"  # type: ignore[index]


class Bookkeeper:
    """Draws orders, and enters them as people do."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - stories, not secrets
        self.numbers = itertools.count(1001 + 10_000 * seed)
        self.prices = self.chance.sample(range(500, 90_000), 20_000)
        self.items: dict[str, str] = {}
        self.customers: dict[str, str] = {}
        self.stories: list[Story] = []

    def story(self, kind: str, **changes: Any) -> Story:
        """An order of a buyer and a total of its own, with its transaction, unless `changes` says otherwise."""
        number, (first, second) = next(self.numbers), self.prices[:2]
        del self.prices[:2]
        day = date(2026, 1, 15) + timedelta(days=self.chance.randrange(250))
        moment = f"{day}T12:{self.chance.randrange(60):02d}:00Z"
        tax = str((Decimal(first + second) * TAX / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP))
        who = {"first_name": self.chance.choice(PARTS), "last_name": f"{self.chance.choice(PARTS)}{_letters(number)}"}
        body = order(
            [
                taxed(f"{first / 100:.2f}", 1, tax),
                taxed(f"{second / 100:.2f}", 1, "0.00", sku="TOTE-RED", id=77 + number),
            ],
            **{
                "id": ORDER_ID + number,
                "admin_graphql_api_id": None,
                "name": f"#{number}",
                "order_number": number,
                "email": f"buyer{number}@example.com",
                "customer": {"id": 66_000_000 + number, **who, "email": f"buyer{number}@example.com"},
                **dict.fromkeys(("created_at", "processed_at", "updated_at"), moment),
                **changes,
            },
        )
        money = {"order_id": body["id"], "amount": body["total_price"], "created_at": moment, "processed_at": moment}
        told = Story(kind, body, events=[body, transaction(id=90_000_000 + number, admin_graphql_api_id=None, **money)])
        self.stories.append(told)
        return told

    async def enters(self, story: Story, form: str = "Invoice", **odd: Any) -> Json:
        """The order as a careful bookkeeper enters it, but for what is odd; `other` when it is not that order."""
        customer = odd.pop("customer", story.buyer)
        story.customers.add(customer)
        amounts = odd.pop("amounts", [story.total])
        body = {
            "CustomerRef": {"value": await self._customer(customer)},
            "TxnDate": str(odd.pop("day", date.fromisoformat(str(story.body["created_at"])[:10]))),
            "Line": [await self._line(amount, odd.get("tax", "NON")) for amount in amounts],
            **({"DocNumber": number} if (number := odd.pop("number", story.number)) else {}),
        }
        is_other = odd.pop("other", False)
        odd.pop("tax", None)
        entry = await self.world.by_hand(form, {**body, **odd})
        (story.others if is_other else story.mine).append(f"{form}/{entry['Id']}")
        return entry

    async def pays(self, story: Story, entry: Json, *amounts: Decimal, loose: bool = False) -> None:
        """Payments of these amounts, on the invoice or on none."""
        for amount in amounts or (story.total,):
            link = [{"Amount": str(amount), "LinkedTxn": [{"TxnId": entry["Id"], "TxnType": "Invoice"}]}]
            body = {"CustomerRef": entry["CustomerRef"], "TotalAmt": str(amount), "TxnDate": entry["TxnDate"]}
            await self.world.by_hand("payment", body if loose else {**body, "Line": link})

    async def gives_back(self, story: Story, entry: Json, form: str) -> None:
        """The second line of the order, as a refund of the shop and as the bookkeeper enters it."""
        lines = story.body["line_items"]
        back = lines[1]  # type: ignore[index]
        day = date.fromisoformat(str(story.body["created_at"])[:10]) + timedelta(days=3)
        moment = {"created_at": f"{day}T12:00:00Z", "processed_at": f"{day}T12:00:00Z"}
        number = int(story.number)
        of = {"order_id": story.body["id"], **moment}
        money = handed_back(back["price"], id=95_000_000 + number, parent_id=90_000_000 + number, **of)
        row = refund_line(back, 1, back["price"])
        story.events.append(refund([row], money, id=97_000_000 + number, admin_graphql_api_id=None, **of))
        body = {"CustomerRef": entry["CustomerRef"], "TxnDate": str(day), "Line": [await self._line(back["price"])]}
        bank = next(row["Id"] for row in self.world.held("Account") if row["AccountType"] == "Bank")
        place = {"DepositToAccountRef": {"value": bank}} if form == "RefundReceipt" else {}
        await self.world.by_hand(form, {**body, **place})

    def days(self) -> timedelta:
        return timedelta(days=self.chance.choice([-7, -4, -1, 1, 3, 7]))

    def day_of(self, story: Story) -> date:
        return date.fromisoformat(str(story.body["created_at"])[:10])

    def tax_code(self) -> str:
        """A code of the company's own."""
        return next(str(row["Id"]) for row in self.world.held("TaxCode") if str(row["Id"]).isdigit())

    async def _customer(self, name: str) -> str:
        if name not in self.customers:
            self.customers[name] = (await self.world.by_hand("customer", {"DisplayName": name}))["Id"]
        return self.customers[name]

    async def _line(self, amount: object, tax: str = "NON") -> Json:
        if not self.items:
            item = {"Name": "Sales by hand", "Type": "Service", "IncomeAccountRef": {"value": income(self.world)}}
            self.items["sale"] = (await self.world.by_hand("item", item))["Id"]
        sold = {"ItemRef": {"value": self.items["sale"]}, "TaxCodeRef": {"value": tax}}
        return {"Amount": str(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}


def _letters(number: int) -> str:
    """A name that no other name is but for one letter."""
    return "".join(chr(ord("a") + int(digit)) * 2 for digit in str(number))


Drawn = Callable[[Bookkeeper, str], Awaitable[None]]


def there(*, form: str = "Invoice", pays: bool = True, **odd: Any) -> Drawn:
    """The order is there once, and odd in one way."""

    async def draw(by: Bookkeeper, kind: str) -> None:
        story = by.story(kind)
        entry = await by.enters(
            story, form, **{name: of(by, story) if callable(of) else of for name, of in odd.items()}
        )
        if pays and form == "Invoice":
            await by.pays(story, entry)

    return draw


def beside(truth: str, **odd: Any) -> Drawn:
    """Something like the order is there."""

    async def draw(by: Bookkeeper, kind: str) -> None:
        story = by.story(kind)
        story.is_ = truth
        await by.enters(story, other=True, **{name: of(by, story) if callable(of) else of for name, of in odd.items()})

    return draw


def paid(*parts: object, loose: bool = False) -> Drawn:
    """The order is there and paid in these parts of its total."""

    async def draw(by: Bookkeeper, kind: str) -> None:
        story = by.story(kind)
        amounts = [(story.total * Decimal(str(part))).quantize(Decimal("0.01")) for part in parts]
        if sum(map(Decimal, map(str, parts))) == 1:
            amounts[-1] = story.total - sum(amounts[:-1], Decimal(0))
        elif sum(amounts) > story.total * Decimal("0.9"):
            story.paid = sum(amounts, Decimal(0))
        await by.pays(story, await by.enters(story), *amounts, loose=loose)

    return draw


def given_back(form: str) -> Drawn:
    """The order and what was handed back of it are there."""

    async def draw(by: Bookkeeper, kind: str) -> None:
        story = by.story(kind)
        entry = await by.enters(story)
        await by.pays(story, entry)
        await by.gives_back(story, entry, form)

    return draw


async def bought_twice(by: Bookkeeper, kind: str) -> None:
    """The same buyer bought the same again two days later; both are there under their numbers."""
    first = by.story(kind)
    day = by.day_of(first) + timedelta(days=2)
    moment = dict.fromkeys(("created_at", "processed_at", "updated_at"), f"{day}T12:00:00Z")
    same = {name: first.body[name] for name in ("customer", "email", "line_items")}
    second = by.story(kind, **same, **moment)
    for name in ("total_price", "current_total_price", "subtotal_price", "current_subtotal_price", "total_tax"):
        second.body[name] = first.body[name]
    second.events[1]["amount"] = first.body["total_price"]
    for story in (first, second):
        await by.pays(story, await by.enters(story))


async def entered_twice(by: Bookkeeper, kind: str) -> None:
    story = by.story(kind)
    story.is_ = "doubtful"
    for at, number in enumerate((story.number, f"{story.number}/B")):
        await by.enters(story, day=by.day_of(story) + timedelta(days=at), number=number, other=True)


async def voided(by: Bookkeeper, kind: str) -> None:
    story = by.story(kind)
    story.is_ = "new"
    entry = await by.enters(story, other=True)
    await by.world.by_a_person("void", "Invoice", str(entry["Id"]))


def lines_of(_: Bookkeeper, story: Story) -> list[Decimal]:
    prices = [Decimal(str(each["price"])) for each in story.body["line_items"]]  # type: ignore[attr-defined]
    return [*prices, story.total - sum(prices)]


KINDS: dict[str, Drawn] = {
    "as it is": there(),
    "a prefix, zeros and a suffix": there(number=lambda _, story: f"INV-00{story.number}/B"),
    "no number": there(number=""),
    "a number of the books": there(number=lambda by, _: str(700_000_000 + next(by.numbers))),
    "another date": there(day=lambda by, story: by.day_of(story) + by.days()),
    "a renamed customer": there(customer=lambda _, story: f"Company {story.number}"),
    "a name the other way round, no number": there(
        number="", customer=lambda _, story: ", ".join(reversed(story.buyer.split()))
    ),
    "tax as a line": there(amounts=lines_of),
    "taxed by QuickBooks": there(amounts=lambda by, story: lines_of(by, story)[:2], tax="TAX"),
    "its tax typed over": there(
        amounts=lambda _, story: [story.total - Decimal("1.00")],
        tax="TAX",
        TxnTaxDetail=lambda by, _: {"TxnTaxCodeRef": {"value": by.tax_code()}, "TotalTax": "1.00"},
    ),
    "taxed by QuickBooks at another rate": beside(
        "doubtful", amounts=lambda by, story: [sum(lines_of(by, story)[:2]) + 1], tax="TAX"
    ),
    "a receipt": there(form="SalesReceipt"),
    "a receipt, no number": there(form="SalesReceipt", number=""),
    "not paid": there(pays=False),
    "paid on no invoice": paid(1, loose=True),
    "paid less a fee": paid("0.97"),
    "paid in two": paid("0.4", "0.6"),
    "paid in part": paid("0.5"),
    "a refund too": given_back("RefundReceipt"),
    "a credit memo for a refund": given_back("CreditMemo"),
    "bought the same twice": bought_twice,
    "entered twice": entered_twice,
    "its number and buyer, another total": beside("doubtful", amounts=[Decimal("20.00")]),
    "its number, far away": beside("doubtful", day=lambda by, story: by.day_of(story) + timedelta(days=30)),
    "anybody's": beside("doubtful", customer="Shopify customers", number=""),
    "same amount and day, another customer": beside(
        "new", number="", customer=lambda _, story: f"Other {story.number}"
    ),
    "the other shop's number": beside(
        "new", amounts=[Decimal("1.23")], customer=lambda _, story: f"Stranger {story.number}"
    ),
    "voided": voided,
}


AUTOMATED = frozenset({"taxed by QuickBooks", "its tax typed over", "taxed by QuickBooks at another rate"})
"""Kinds of companies with automated sales tax."""


@dataclass(slots=True)
class Tally:
    """What became of the orders of one kind."""

    stories: int = 0
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def cells(self) -> list[str]:
        names = ("adopted", "asked", "created", "wrong", "doubled")
        return [str(self.stories), *(str(self.counted[name] or "") for name in names)]


async def measure(each: int, seeds: Sequence[int]) -> dict[str, tuple[str, Tally]]:
    """By kind: what is true of it, and what became of it over all seeds."""
    found: dict[str, tuple[str, Tally]] = {}
    for seed in seeds:
        is_automated = not seed % 2
        async with opened(automated_tax_percent=str(TAX)) as world:
            wanted = {"SalesFormsPrefs": {"CustomTxnNumbers": True}, "TaxPrefs": {"PartnerTaxEnabled": is_automated}}
            set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": wanted})
            by = Bookkeeper(world, seed)
            for kind, draw in (each for each in KINDS.items() if is_automated or each[0] not in AUTOMATED):
                for _ in range(each):
                    await draw(by, kind)
            await world.restart()
            asked = await _told(world, by)
            _count(world, by.stories, asked, found)
    return found


async def _told(world: World, by: Bookkeeper) -> set[str]:
    """Tell all events in any order; the documents that people are asked about."""
    events = [event for story in by.stories for event in story.events]
    by.chance.shuffle(events)
    for at in range(0, len(events), MICRO_BATCH):
        await world.tell(*events[at : at + MICRO_BATCH])
    last = {each.result_id: each for each in world.told}.values()
    codes = {"possible_duplicate", "conflict"}
    return {each.source.document or "" for each in last if each.reason is not None and each.reason.code in codes}


def _count(world: World, stories: Sequence[Story], asked: set[str], found: dict[str, tuple[str, Tally]]) -> None:
    ours = {f"{form}/{row['Id']}": key for form in ("Invoice", "SalesReceipt") for key, row in world.ours(form).items()}
    documents: dict[SourceKey, list[str]] = defaultdict(list)
    for name, key in ours.items():
        documents[key].append(name)
    entered = {name: story.key for story in stories for name in story.mine}
    totals = {
        f"{form}/{row['Id']}": row["TotalAmt"] for form in ("Invoice", "SalesReceipt") for row in world.held(form)
    }
    money = _money(world)
    for story in stories:
        _, tally = found.setdefault(story.kind, (story.is_, Tally()))
        tally.stories += 1
        mine = documents[story.key]
        created = [name for name in mine if name not in story.mine + story.others and name not in entered]
        tally.counted["adopted"] += any(name in story.mine for name in mine)
        tally.counted["wrong"] += any(totals[name] != story.total for name in story.mine)
        tally.counted["created"] += bool(created)
        tally.counted["asked"] += not mine or bool(asked & _documents(story))
        tally.counted["wrong"] += any(
            entered.get(name, story.key) != story.key or name in story.others for name in mine
        )
        is_twice = bool(created) and story.is_ != "new"
        tally.counted["doubled"] += is_twice or (story.is_ == "there" and _has_wrong_money(story, money))


def _documents(story: Story) -> set[str]:
    refunds = {f"shopify:refund:{event['id']}" for event in story.events if "refund_line_items" in event}
    return {str(story.key), *refunds}


def _money(world: World) -> dict[str, Counter[str]]:
    """What each customer paid and got back, by name."""
    names = {row["Id"]: row["DisplayName"] for row in world.held("Customer")}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for form in ("Payment", "RefundReceipt", "CreditMemo"):
        for row in world.held(form):
            kind = "paid" if form == "Payment" else "back"
            found[names[row["CustomerRef"]["value"]]][kind] += row["TotalAmt"]
    return found


def _has_wrong_money(story: Story, money: dict[str, Counter[str]]) -> bool:
    """Whether more was paid, or handed back, than the story says, over all names that its buyer has in the books."""
    refunds = [event for event in story.events if "refund_line_items" in event]
    back = sum((Decimal(str(row["amount"])) for each in refunds for row in each["transactions"]), Decimal(0))  # type: ignore[attr-defined]
    is_receipt = any(name.startswith("SalesReceipt") for name in story.mine)
    times = 2 if story.kind == "bought the same twice" else 1
    wanted = Decimal(0) if is_receipt else times * (story.paid if story.paid is not None else story.total)
    names = story.customers | {story.buyer}
    sums = [sum((money[name][kind] for name in names), Decimal(0)) for kind in ("paid", "back")]
    return sums != [wanted, back]


def table(found: dict[str, tuple[str, Tally]]) -> list[str]:
    """The table by kind, and the sum of what is truly there."""
    lines = [
        "| kind | truth | orders | adopted | asked | created | wrong | doubled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {kind} | {truth} | {' | '.join(tally.cells)} |" for kind, (truth, tally) in found.items()]
    there_ = [tally for truth, tally in found.values() if truth == "there"]
    every = [tally for _, tally in found.values()]
    orders, adopted = sum(each.stories for each in there_), sum(each.counted["adopted"] for each in there_)
    wrong, doubled = (sum(each.counted[name] for each in every) for name in ("wrong", "doubled"))
    found_ = f"Of {orders:,} orders that are there {adopted:,} were adopted ({100 * adopted / orders:.1f} %);"
    said = f"{found_} wrong: {wrong}, doubled: {doubled}."
    return [said, "", *lines]


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, tell, count, print, and keep the section when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.kept_by_hand", description=__doc__)
    parser.add_argument("each", type=int, nargs="?", default=EACH)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--write", action="store_true", help=f"write the section of {PAGE.name} too")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found = asyncio.run(measure(given.each, given.seeds))
    seeds = " ".join(map(str, given.seeds))
    drawn = (
        f"{given.each} orders of each kind, seeds {seeds}; `python -m tests.bench.kept_by_hand --write` writes this."
    )
    said = [drawn, *table(found)]
    sys.stdout.write("\n".join(said) + "\n")
    if given.write:
        write_section(SECTION, "\n".join(said))


if __name__ == "__main__":
    main()
