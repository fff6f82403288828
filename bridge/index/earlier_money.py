"""What was received before the start of the books for sales of earlier books: never booked, but not forgotten.

A body that comes after the start tells all that was ever received, so what came before is taken off it. Nothing in QBO
shows that money: the journal keeps it, as the version of the transaction or of the body's payment that tells it.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import read_amount
from contracts.money import total
from contracts.posting import Version

_BEFORE = "before-start "


class EarlierMoney:
    """The money of each sale from before the start: by its transactions, and all of it by its newest body of then."""

    def __init__(self) -> None:
        self._notes: dict[SourceKey, dict[SourceKey, Version]] = {}

    def add(self, money: SourceKey, version: Version) -> None:
        """Take in what `version`, the note of `money`, says; nothing for a note of another kind."""
        found = read_earlier(version)
        if found is None:
            return
        notes = self._notes.setdefault(found[0], {})
        notes[money] = max(version, notes.get(money, version))

    def of(self, sale: SourceKey, more: dict[SourceKey, Version] | None = None) -> Decimal:
        """How much was received before the start, `more` notes of this moment included.

        Of transactions and bodies whoever tells more is right: the other has not told all.
        """
        known = dict(self._notes.get(sale, {}))
        for money, version in (more or {}).items():
            found = read_earlier(version)
            if found is not None and found[0] == sale:
                known[money] = max(version, known.get(money, version))
        amounts = {money: found[1] for money, version in known.items() if (found := read_earlier(version))}
        by_body = total(each for money, each in amounts.items() if money.kind == BODY_MONEY)
        by_itself = total(each for money, each in amounts.items() if money.kind != BODY_MONEY)
        return max(by_body, by_itself)


def earlier(sale: SourceKey, said: str, version: Version | None = None) -> Version:
    """The note of money that was received before the start, as plain text; that of a body has the body's own age."""
    age = (version.updated_at, version.rank) if version else (0, 0)
    return Version(*age, f"{_BEFORE}{said} {sale}")


def read_earlier(version: Version) -> tuple[SourceKey, Decimal] | None:
    """The sale and the amount of a note, None for a version that is no such note."""
    if not version.content.startswith(_BEFORE):
        return None
    text, _, sale = version.content.removeprefix(_BEFORE).partition(" ")
    amount = read_amount(text)
    return (SourceKey.parse(sale), amount) if amount is not None and sale else None
