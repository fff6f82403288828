"""What can go wrong, and whose fault it is.

* BridgeError
    * RecordError                 the record's fault: it becomes a dead letter with `code` and one readable sentence
        * UndecodableRecord       `undecodable`: the bytes cannot be read as an event
        * UnmappableEvent         `unmappable`: no account, item, tax or currency rule says where this belongs
        * UnbalancedDocument      `unbalanced`: the lines do not add up to the total that the source states
        * RejectedPosting         `rejected` (or a narrower code): QBO refuses this content for good
        * InternalFault           `internal`: a bug of ours met this record alone
    * Unavailable                 the world's fault: nothing is dead-lettered, the company pauses and tries again
        * Unauthorised            the connection to QBO needs a person (`qbo-bridge connect`)
        * Interrupted             this process was told to begin nothing more; nothing is wrong with QBO
        * Stopped                 the company stopped itself; a restart or `qbo-bridge resume` goes on
    * BatchTooLarge               nobody's fault: so many records are too many at once
    * AnswerMismatch              QBO answered with something else than was sent: the company stops
    * UnreadableJournal       the journal holds what this release does not know: the company is not taken over
    * ConfigurationError          the operator's: one sentence, exit code 1

Messages are read by people and published in results: they carry ids and numbers, never personal data or secrets.
"""

from __future__ import annotations

import math
from typing import ClassVar


class BridgeError(Exception):
    """Anything that the bridge itself raises."""


class RecordError(BridgeError):
    """The record can never be booked as it is; a person must act."""

    code: ClassVar[str] = "rejected"


class UndecodableRecord(RecordError):
    """The bytes cannot be read as an event of any accepted form."""

    code = "undecodable"


class UnmappableEvent(RecordError):
    """No rule says where this belongs; the message names the missing rule."""

    code = "unmappable"


class UnbalancedDocument(RecordError):
    """Lines, tax and total of the source document disagree; the message has both numbers."""

    code = "unbalanced"


class RejectedPosting(RecordError):
    """QBO refuses this content for good.

    `reason_code` narrows `rejected` (`period_closed`, `conflict`, `deleted_in_qbo`, …); `fault_code` and
    `intuit_tid` are QBO's own, `step` names the posting step.
    """

    def __init__(
        self,
        message: str,
        *,
        reason_code: str = "rejected",
        fault_code: str | None = None,
        intuit_tid: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.fault_code = fault_code
        self.intuit_tid = intuit_tid
        self.step = step


class InternalFault(RecordError):
    """A bug of ours. `trace` are the places that led to it, outermost first; nothing of the content is in either."""

    code = "internal"

    def __init__(self, said: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(f"a bug of the bridge met this record: {said}")
        self.said = said
        self.trace = trace


class Unavailable(BridgeError):
    """QBO (or its token endpoint) cannot answer now; the same bytes go again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unauthorised(Unavailable):
    """The company must be connected again by a person; waiting alone does not help."""


class Interrupted(Unavailable):
    """Nothing is wrong with QBO: this process was told to begin nothing more. The same bytes may go out later."""


class Stopped(Unavailable):
    """Too many records were refused for one reason: a person must look before more are taken."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=math.inf)


class Paused(Unavailable):
    """A person has paused the company: nothing is wrong, and it goes on when it is resumed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=60.0)


class BatchTooLarge(BridgeError):
    """Only the first `records` of those that were given may be taken at once; nothing was done yet."""

    def __init__(self, records: int) -> None:
        super().__init__(f"no more than {records} records may be taken at once now")
        self.records = records


class AnswerMismatch(BridgeError):
    """QBO's answer is about something else than was sent (marker, Id or number differ); never taken for success."""


class UnreadableJournal(BridgeError):
    """The journal holds an entry of a kind or a format that this release does not know; nothing was done with it."""


class ConfigurationError(BridgeError):
    """The configuration cannot be used; the message names the file, the key and what is expected."""
