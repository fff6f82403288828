"""What payouts have taken of money of another currency, as it is noted beside the books. Pure.

A document of another currency is told, changed or taken back after a payout has brought its money: what it is worth
then, against what the payouts took of it, is what would lie in the clearing account for ever. A debit that failed is
noted by itself, because another document takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import orjson

from bridge.index.index import Index
from bridge.index.worth import Taken
from contracts.keys import SourceKey
from contracts.money import written_out
from contracts.posting import Version

NOTED, FAILED = "paid-out", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedPayouts:
    """All that payouts have taken of a document.

    `currency` is theirs, `account` the Id of the one that exchange differences go to, None for the one that the bridge
    makes. `late` is what entries beside the payouts have moved since, `entries` how many, `number` how often it was
    noted.
    """

    currency: str
    account: str | None = None
    payouts: Mapping[str, Taken] = field(default_factory=dict)
    late: Decimal = Decimal(0)
    entries: int = 0
    number: int = 0

    @property
    def taken(self) -> Taken:
        """In all, with what entries have moved since."""
        return sum(self.payouts.values(), Taken(self.late, Decimal(0)))

    @property
    def is_taken_back(self) -> bool:
        """True for what payouts have both taken and given back: nothing of it is left to settle."""
        own = [each.own for each in self.payouts.values()]
        return 0 in own or min(own, default=Decimal(0)) < 0 < max(own, default=Decimal(0))

    def without(self, payout: SourceKey) -> NotedPayouts:
        """The same before this payout took anything."""
        return replace(self, payouts={name: each for name, each in self.payouts.items() if name != str(payout)})

    def taken_by(self, payout: SourceKey, taken: Taken) -> NotedPayouts:
        """The same with what this payout has taken."""
        return replace(self, payouts={**self.payouts, str(payout): taken}, number=self.number + 1)

    def moved(self, off: Decimal) -> NotedPayouts:
        """The same with one more entry, which moved `off`."""
        return replace(self, late=self.late + off, entries=self.entries + 1, number=self.number + 1)

    def version(self) -> Version:
        """As the journal keeps it: what is noted later counts."""
        said = {
            "currency": self.currency,
            "account": self.account,
            "payouts": {name: [written_out(each.worth), written_out(each.own)] for name, each in self.payouts.items()},
            "late": written_out(self.late),
            "entries": self.entries,
        }
        return Version(0, self.number, f"{NOTED} {orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()}")


def name_of(document: SourceKey, *, failed: bool = False) -> SourceKey:
    """Under which name it is noted, not under its own; `failed` for the debit that took a charge back."""
    behind = f".{FAILED}.{NOTED}" if failed and document.kind == "charge" else f".{NOTED}"
    return SourceKey(document.system, document.kind, f"{document.id}{behind}")


def paid_out(index: Index, name: SourceKey) -> NotedPayouts | None:
    """What is noted under this name; None where no payout has taken anything."""
    noted = index.newest(name)
    if noted is None or not noted.content.startswith(NOTED):
        return None
    fields = orjson.loads(noted.content.removeprefix(NOTED))
    return NotedPayouts(
        currency=fields["currency"],
        account=fields["account"],
        payouts={name: Taken(Decimal(worth), Decimal(own)) for name, (worth, own) in fields["payouts"].items()},
        late=Decimal(fields["late"]),
        entries=int(fields["entries"]),
        number=noted.rank,
    )
