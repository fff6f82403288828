"""The switches of a sandbox from the words of a command line."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from bridge.sandbox.settings import Switches

_SWITCHES = TypeAdapter(Switches)


def switches(assignments: Iterable[str]) -> Switches:
    """`name=value` words as switches. ValueError with the known names, or with what the value can be."""
    words = dict(assignment.partition("=")[::2] for assignment in assignments)
    unknown = sorted(set(words) - set(Switches.__dataclass_fields__))
    if unknown:
        raise ValueError(f"{unknown[0]} is not a switch; expected one of {', '.join(Switches.__dataclass_fields__)}")
    try:
        return _SWITCHES.validate_python({name: word if word != "none" else None for name, word in words.items()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{first['loc'][0]}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
