"""JSON whose numbers are int or Decimal, never a float, read by a parser in machine code.

It is stricter than who writes JSON in the field: a byte order mark, half an emoji or 200 levels are refused. So whoever
calls it has a lenient reader beside it, the standard library's, which reads these or says in words what is wrong;
where both read, they read the same.
"""

from __future__ import annotations

from typing import Any

import jiter


def read_exactly(raw: bytes, *, names_once: bool) -> Any:
    """The JSON in `raw`; ValueError for whatever the lenient reader has to judge.

    `names_once` refuses an object that names a field twice; without it the last one counts.
    """
    return jiter.from_json(
        raw, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=names_once, float_mode="decimal"
    )
