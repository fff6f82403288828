"""Dead letters by their cause: how many, what they are worth, what cures them, and the next command. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.commands.contents import EventContent
from bridge.commands.dead_letters.standing import StandingLetter
from contracts.keys import SourceKey

_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")
"""What differs from document to document in a sentence: quoted words, and everything with a digit."""
REMEDIES = {
    "undecodable": ("the producer sends what cannot be read: mend it there and send the event again", "show {letter}"),
    "unmappable": ("name the missing rule in the rules file, then redrive", "redrive --reason unmappable"),
    "unbalanced": ("the source's own lines miss its total: look at the order there", "show {letter}"),
    "rejected": ("mend in QuickBooks what it refuses, then redrive", "redrive --reason rejected"),
    "period_closed": (
        "open the books or set closed_period in the rules, then redrive",
        "redrive --reason period_closed",
    ),
    "orphan": ("redrive the order that it waited for, or have the source send it", "redrive --reason orphan"),
    "too_large": ("only the source can send it again, smaller", "show {letter}"),
    "conflict": ("a person changed the document in QuickBooks: decide which is right", "show {letter}"),
    "possible_duplicate": ("say which document of the books it is, or none", "adopt"),
    "internal": ("a bug of the bridge: upgrade, then redrive", "redrive --reason internal"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Dead letters of one cause: `amounts` is the money at risk by currency, of each sale once."""

    company: str
    code: str
    fault_code: str | None
    example: str
    letters: int
    documents: int
    amounts: dict[str, Decimal]
    unknown_amounts: int
    oldest: datetime
    remedy: str
    next_command: str


def causes_of(found: Iterable[StandingLetter]) -> list[Cause]:
    """The letters grouped by company, reason code, fault and sentence, the largest group first."""
    groups: dict[tuple[str, str, str, str], list[StandingLetter]] = {}
    for each in found:
        fault, reason = each.headers.get("fault-code", ""), each.headers.get("reason", "")
        groups.setdefault((each.letter.company, each.letter.code, fault, _VARIABLE.sub("…", reason)), []).append(each)
    return sorted((_cause(group) for group in groups.values()), key=lambda cause: -cause.letters)


def money_at_risk(found: Iterable[StandingLetter]) -> tuple[dict[str, Decimal], int]:
    """By currency what the documents are worth, and of how many documents nobody knows it.

    An order and its own money are one amount: the larger of the order and of what its documents add up to.
    """
    sales: dict[object, dict[object, EventContent]] = {}
    for each in found:
        content = each.content
        document: object = content.document or each.letter.origin
        known = sales.setdefault(content.sale or document, {})
        if document not in known or (known[document].amount or 0) < (content.amount or 0):
            known[document] = content
    amounts: dict[str, Decimal] = {}
    unknown = 0
    for sale, documents in sales.items():
        priced = [each for each in documents.values() if each.amount is not None and each.currency]
        unknown += len(documents) - len(priced)
        for currency, worth in _worth(sale, priced).items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + worth
    return amounts, unknown


def _worth(sale: object, contents: list[EventContent]) -> dict[str, Decimal]:
    """What one sale is worth by currency: the order itself, or where that is none of them what they add up to."""
    own = [each for each in contents if isinstance(sale, SourceKey) and each.document == sale]
    sums: dict[str, Decimal] = {}
    for each in own or contents:
        sums[str(each.currency)] = sums.get(str(each.currency), Decimal(0)) + (each.amount or Decimal(0))
    return sums


def _cause(group: list[StandingLetter]) -> Cause:
    newest = group[0]
    company, code = newest.letter.company, newest.letter.code
    amounts, unknown = money_at_risk(group)
    remedy, command = REMEDIES.get(code, ("look at one of them", "show {letter}"))
    if command == "adopt":
        following = f"qbo-bridge adopt '{newest.content.sale or newest.content.document}' ENTITY/ID"
    else:
        chosen = f" --company {company}" if command.startswith("redrive") else ""
        following = f"qbo-bridge dead-letters {command.format(letter=newest.name)}{chosen}"
    return Cause(
        company=company,
        code=code,
        fault_code=newest.headers.get("fault-code"),
        example=newest.headers.get("reason", ""),
        letters=len(group),
        documents=len({each.content.document or each.letter.origin for each in group}),
        amounts=amounts,
        unknown_amounts=unknown,
        oldest=min(each.letter.failed_at for each in group),
        remedy=remedy,
        next_command=following,
    )
