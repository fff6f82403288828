"""The rules of `[matching]` in the words of the planner."""

from __future__ import annotations

import re
from datetime import timedelta

from contracts.matching import Matching
from mappings.rules import MappingRules


def matching_of(rules: MappingRules) -> Matching:
    """How an order is compared with what the books hold already; the walk-in customer stands for anybody."""
    return Matching(
        mode=rules.matching.mode,
        note_patterns=tuple(re.compile(pattern) for pattern in rules.matching.note_patterns),
        days=rules.matching.days,
        generic_names=frozenset({rules.walk_in_customer.casefold(), *rules.shop_domains}),
    )


def looks_around(rules: MappingRules) -> timedelta:
    """How far before an order the books must be known: a document of it may be dated earlier."""
    return timedelta(days=rules.matching.days if rules.matching.mode != "off" else 0)
