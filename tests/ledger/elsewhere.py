"""A month in which money is moved: sales that people entered, payments and refunds that they moved, rules that change.

Where each amount lies is known while the story is drawn. A payout takes each row from there; what lies in a bank is not
taken.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mappings.rules import load_rules
from tests.ledger.months import BANK, CLEARING, FEES, STRIPE, ZERO, cents
from tests.support.orders import Json
from tests.support.world import World

SECOND, WALLET, SAVINGS, UNDEPOSITED = "Second clearing", "Wallet", "Savings", "Undeposited Funds"
MADE = (CLEARING, STRIPE, SECOND, WALLET)
BANKS = frozenset({BANK, SAVINGS})
WATCHED = (CLEARING, STRIPE, SECOND, WALLET, SAVINGS, UNDEPOSITED, BANK, FEES)
MOVED_TO = (CLEARING, SECOND, WALLET, UNDEPOSITED, SAVINGS, BANK)
FIRST_DAY = datetime.fromisoformat("2026-03-01T09:00:00-08:00")
GATEWAYS = {"shopify_payments": CLEARING, "stripe": STRIPE}

Act = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Owed:
    """A row that was not paid out yet, and the document whose money it is; None where its payout tells it alone."""

    row: Any
    principal: Decimal
    net: Decimal
    document: str | None


@dataclass
class Elsewhere:
    """The story: `steps` are events and what people do between them; `lies` says what lies where, by document.

    By payout: `in_bank` are the documents whose money was in a bank already, `brought` is what is left to bring there.
    `entered` are the Ids of payments that people entered.
    """

    draw: random.Random
    steps: list[Json | Act] = field(default_factory=list)
    lies: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    nets: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    gateways: dict[str, str] = field(default_factory=lambda: dict(GATEWAYS))
    in_bank: dict[str, list[str]] = field(default_factory=dict)
    brought: dict[str, Decimal] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    now: datetime = FIRST_DAY
    number: int = 7_600_000_000

    def new_id(self) -> int:
        self.number += 7
        return self.number

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def price(self) -> Decimal:
        return cents(self.draw, 500, 30_000)

    def day(self) -> str:
        return self.now.date().isoformat()

    def later(self, most: int = 30) -> str:
        """Some hours pass."""
        self.now += timedelta(hours=self.draw.randint(1, most))
        return self.now.isoformat()

    def put(self, document: str, account: str, amount: Decimal) -> None:
        """A document brought so much to an account, or took it from there (below zero)."""
        self.lies[document] = (account, amount)
        self.nets[account] += amount

    def move(self, entity: str, document: str) -> None:
        """A person moves the money of a document to another account: it lies there from now on."""
        account, amount = self.lies[document]
        there = self.draw.choice([each for each in MOVED_TO if each != account])
        self.nets[account] -= amount
        self.put(document, there, amount)
        self.kinds[f"{entity} moved to {'a bank' if there in BANKS else 'another account'}"] += 1
        self.steps.append(self._moved(entity, document, there))

    def bring_to_the_bank(self, document: str) -> None:
        """A person deposits a payment that lies in Undeposited Funds."""
        account, amount = self.lies[document]
        self.nets[account] -= amount
        self.put(document, BANK, amount)
        self.kinds["Payment deposited by a person"] += 1
        self.steps.append(self._deposited(document, amount))

    def _deposited(self, document: str, amount: Decimal) -> Act:
        async def act(world: World) -> None:
            link = {"TxnId": self.ident(world, "Payment", document), "TxnType": "Payment", "TxnLineId": "0"}
            there = {"DepositToAccountRef": {"value": account_of(world, BANK)}}
            await world.by_hand("deposit", {**there, "Line": [{"Amount": str(amount), "LinkedTxn": [link]}]})
            await world.look()

        return act

    def ident(self, world: World, entity: str, document: str) -> str:
        """The Id of a document, ours or a person's."""
        ours = (row["Id"] for key, row in world.ours(entity).items() if str(key) == document)
        return self.entered.get(document) or next(ours)

    def _moved(self, entity: str, document: str, account: str) -> Act:
        async def act(world: World) -> None:
            changes = {"DepositToAccountRef": {"value": account_of(world, account)}}
            await world.by_a_person("edit", entity, self.ident(world, entity, document), changes=changes)
            await world.look()

        return act

    def change_rules(self) -> None:
        """From now on the money of a gateway goes to another account."""
        gateway = self.draw.choice(list(GATEWAYS))
        there = self.draw.choice([each for each in (GATEWAYS[gateway], SECOND) if each != self.gateways[gateway]])
        self.gateways[gateway] = there
        self.kinds["rule changed"] += 1
        self.steps.append(_ruled(dict(self.gateways)))

    def pay_out(self, key: str, rows: list[Owed], fees: Decimal) -> Decimal:
        """Take each row from where its money lies; the payout's amount. `fees` it tells alone."""
        amount, in_bank = sum((each.net for each in rows), ZERO), ZERO
        self.in_bank[key] = []
        for each in rows:
            account, _ = self.lies[each.document] if each.document is not None else ("", ZERO)
            if account in BANKS:
                in_bank += each.principal
                self.in_bank[key].append(str(each.document))
            else:
                self.nets[account] -= each.principal
        self.nets[BANK] += amount - in_bank
        self.nets[FEES] += fees
        self.brought[key] = amount - in_bank
        self.kinds["payout" + " with money of a bank" * bool(self.in_bank[key])] += 1
        return amount


def account_of(world: World, name: str) -> str:
    """The Id of an account."""
    return str(next(row["Id"] for row in world.held("Account") if row["Name"] == name))


def _ruled(gateways: dict[str, str]) -> Act:
    text = "\n".join(f'[gateways.{name}]\ndeposit = "{there}"' for name, there in gateways.items())

    async def act(world: World) -> None:
        world.rules = load_rules(text).for_company(shop_domains=("acme.myshopify.com",), livemode_required=False)
        await world.restart()

    return act
