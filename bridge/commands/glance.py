"""What a result says at a glance: the few fields by which it is found, read without checking all others. Pure.

A topic holds tens of thousands of results, and a command shows a few: only those are read in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.records import InboundRecord, Place
from contracts.results import ResultStatus

SCHEMA = "qbo-bridge.result.v1"
STATUSES = {str(each): each for each in ResultStatus}


@dataclass(frozen=True, slots=True)
class ResultGlance:
    """The result about the record at `place`; `document` and texts are empty where it names none.

    `posted_at` is ISO 8601, empty unless the record changed the books.
    """

    company: str
    status: ResultStatus
    document: str
    place: Place
    code: str
    message: str
    entities: Sequence[Mapping[str, Any]]
    posted_at: str = ""


def glance_at(record: InboundRecord) -> ResultGlance | None:
    """The result in a record of the results topic; None for what is none of this version: the topic may be shared."""
    try:
        said = orjson.loads(record.value or b"")
        if said["schema"] != SCHEMA:
            return None
        source, reason, entities = said["source"], said["reason"] or {}, said["entities"]
        place = Place(str(source["topic"]), int(source["partition"]), int(source["offset"]))
        status = STATUSES[said["status"]]
        return ResultGlance(
            company=str(said["company"]),
            status=status,
            document=source["document"] or "",
            place=place,
            code=reason.get("code") or "",
            message=reason.get("message") or "",
            entities=[each for each in entities if isinstance(each, dict)],
            posted_at=str(said.get("posted_at") or "") if status is ResultStatus.POSTED else "",
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
