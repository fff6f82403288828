"""The stop of a company after too many dead letters, as its journal keeps it.

Written by the owner in the transaction of the results that led to it; ended by `qbo-bridge resume`, or by the next
process that takes the company over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bridge.journal.entries import STOP

STOPPED_KEY = STOP.key()
"""Where the company's journal keeps the stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why and when a company stopped, and which process stopped it. `at` is an ISO 8601 time.

    `kind` and `among` are there when it stopped for too large a share: of which documents, among how many of them.
    """

    code: str
    dead_letters: int
    at: str
    process: str
    kind: str | None = None
    among: int | None = None

    def __str__(self) -> str:
        if self.kind is None:
            return f"stopped after {self.dead_letters} dead letters in a row with the reason {self.code}"
        among = f"the last {self.among} records of the kind {self.kind}"
        return f"stopped after {self.dead_letters} dead letters among {among}, most of them with the reason {self.code}"

    def to_bytes(self) -> bytes:
        """As the journal keeps it."""
        return STOP.value({name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def from_bytes(cls, raw: bytes) -> Stop:
        """What `to_bytes` wrote. UnreadableJournal for a format that is not known here."""
        return STOP.read(STOPPED_KEY, raw, _stop)


def _stop(_: str, fields: Mapping[str, Any]) -> Stop:
    return Stop(
        code=str(fields["code"]),
        dead_letters=int(fields["dead_letters"]),
        at=str(fields["at"]),
        process=str(fields["process"]),
        kind=fields.get("kind"),
        among=fields.get("among"),
    )
