"""Hostile memos from a seed: what people, other programs and attackers can type where our markers stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from contracts.marker import Marker, MarkerField
from tests.support.seals import SEAL

FACTS = (
    "",
    "1e100",
    "1e999999",
    "-1e999999",
    "NaN",
    "Infinity",
    "\u00b2",
    "\u0663.\u0664",
    "0.00",
    "-42.90",
    "999999999999999.999999",
    "9" * 200,
    "4102444800.9",
    "99999999999999999.1",
    "0.0",
    "void",
    ":::",
    ",,,",
    "a:b,c",
    "1:2:3:4:5:6",
    "USD:1e100:1:1",
    "%00%zz",
    "transaction:1",
    "shopify:order:",
    "\u202e",
)
"""What any pair of a marker may say."""
BESIDE = (
    "",
    "please call",
    "Voided",
    "Voided - ",
    "\u0085",
    "[",
    "]]",
    "[qbb:",
    "a\r\nb",
    "\u2028",
    "x" * 3_500,
    "  ",
    "\U0001f600" * 50,
)
NOTE_MAX = 4_000


def hostile_memo(chance: random.Random, entity: str, own: Marker | None, others: Sequence[str], *, facts: bool) -> str:
    """A memo for a document of this type; `own` is the marker that it has, `others` are memos of other documents.

    With `facts` most are rightly signed and say something else than was written.
    """
    kinds: list[Callable[[], str]] = [
        lambda: "",
        lambda: chance.choice(BESIDE),
        lambda: chance.choice(others),
        lambda: chance.choice(others)[: chance.randrange(1, 60)],
        lambda: "\n".join(chance.choices(others, k=3)),
        lambda: _unsigned(chance),
    ]
    if own is not None:
        kinds += [lambda: str(own)]
    if own is not None and facts:
        kinds += [lambda: _damaged(chance, SEAL.line(entity, own)), *[lambda: _signed(chance, entity, own)] * 12]
    memo = chance.choice(kinds)()
    if chance.random() < 0.3:
        memo = f"{chance.choice(BESIDE)}\n{memo}\n{chance.choice(BESIDE)}"
    return memo[:NOTE_MAX]


def _signed(chance: random.Random, entity: str, own: Marker) -> str:
    """Rightly signed, with other facts: the signature proves the key only."""
    fields = dict(own.fields)
    for _ in range(chance.randrange(1, 4)):
        name = chance.choice([*MarkerField, "q", "zz"])
        if chance.random() < 0.3:
            fields.pop(name, None)
        else:
            fields[name] = chance.choice([value for value in FACTS if not set(value) & set(" ]\n")])
    return SEAL.line(entity, Marker(own.key, fields))


def _damaged(chance: random.Random, line: str) -> str:
    at = chance.randrange(len(line))
    return line[:at] + chance.choice(("", "\u0000", " ", "]", "[", "=", "\u00e9", line)) + line[at + 1 :]


def _unsigned(chance: random.Random) -> str:
    pairs = "".join(f" {name}={chance.choice(FACTS)}" for name in chance.sample(list(MarkerField), 4))
    return f"[qbb:{chance.choice(('shopify:order:1', 'stripe:charge:ch_1', 'x:y:z', 'shopify:order:²'))}{pairs}]"
