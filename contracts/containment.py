"""A bug in code that only computes is the fault of one record, and never the end of its company.

Used around pure code alone: what speaks to QBO or to Kafka may be cut short, and then nobody knows what was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import BridgeError, InternalFault

OURS = ("bridge", "mappings", "contracts")
TRACE_MAX = 20
_OF_THE_WORLD = (BridgeError, OSError, MemoryError)
"""What says itself whose fault it is, and what the machine lacks at this moment: no record is to blame for that."""


@contextmanager
def contained() -> Iterator[None]:
    """Whatever goes wrong inside unexpectedly is raised as InternalFault."""
    try:
        yield
    except _OF_THE_WORLD:
        raise
    except Exception as error:
        raise InternalFault(in_short(error), trace_of(error)) from error


def in_short(error: BaseException) -> str:
    """The kind of an error and the innermost place of ours: `KeyError at mappings.shopify.orders:120`.

    Its own words are left out, because they may quote a payload.
    """
    return f"{type(error).__name__} at {next(reversed(trace_of(error)), 'an unknown place')}"


def trace_of(error: BaseException) -> tuple[str, ...]:
    """The last places in our code that an error came through, outermost first."""
    places, traced = [], error.__traceback__
    while traced is not None:
        module = str(traced.tb_frame.f_globals.get("__name__", ""))
        if module.split(".", maxsplit=1)[0] in OURS and module != __name__:
            places.append(f"{module}:{traced.tb_lineno}")
        traced = traced.tb_next
    return tuple(places[-TRACE_MAX:])
