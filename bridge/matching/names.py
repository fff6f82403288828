"""Whether two names mean one person, and whether a name means anybody at all. Pure."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
_BEHIND = re.compile(r"\s*\([^()]*\)\s*$")
GENERIC_WORDS = frozenset(
    "anonymous buyer buyers cash client clients commerce counter customer customers daily e ecommerce general guest in "
    "internet misc miscellaneous on online order orders pos retail sale sales shop shopify shopper store till unknown "
    "various walk walkin web webshop website".split()
)
"""A customer whose name has no other words stands for anybody."""


def words_of(name: str | None) -> tuple[str, ...]:
    """The words of a name in one spelling, whatever their order; without what stands in brackets behind it."""
    plain = unicodedata.normalize("NFKD", _BEHIND.sub("", name or "")).casefold()
    return tuple(sorted(_WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))))


def is_same_name(one: str | None, other: str | None) -> bool:
    """True for the same words in any order, one letter aside."""
    mine, theirs = words_of(one), words_of(other)
    if not mine or not theirs:
        return False
    return mine == theirs or any(_differ_by_a_letter(*pair) for pair in _unequal(mine, theirs))


def is_generic(name: str | None) -> bool:
    """True for a name that stands for anybody, such as "Shopify customers"."""
    words = words_of(name)
    return bool(words) and GENERIC_WORDS.issuperset(words)


def _unequal(mine: tuple[str, ...], theirs: tuple[str, ...]) -> list[tuple[str, str]]:
    """The one pair of words that differ; nothing where more do."""
    rest, left = list(mine), list(theirs)
    for word in mine:
        if word in left:
            rest.remove(word)
            left.remove(word)
    return [(rest[0], left[0])] if len(rest) == len(left) == 1 else []


def _differ_by_a_letter(one: str, other: str) -> bool:
    """One letter is another, is missing, or changed places with its neighbour."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[:start] + short[start + 1 : start + 2] + short[start : start + 1] + short[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped == long
