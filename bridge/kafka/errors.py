"""What can go wrong between the bridge and Kafka, beyond the client library's own `KafkaError`."""

from __future__ import annotations

import re

from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RequestTimedOutError,
)
from aiokafka.errors import KafkaError as BrokerError

from bridge.kafka.diagnosis import Unreachable
from contracts.containment import in_short
from contracts.errors import BridgeError

__all__ = ["BrokerError", "Fenced", "IncompatibleBrokerVersion", "cause_of", "may_be_a_records", "said"]

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


def said(error: BrokerError) -> str:
    """What a person can do something about: aiokafka's own words name sockets and classes."""
    match error:
        case Unreachable():
            return str(error)
        case KafkaConnectionError():
            return "no broker answers at the addresses of kafka.bootstrap_servers"
        case KafkaTimeoutError() | RequestTimedOutError():
            return "the brokers did not answer in time"
        case IncompatibleBrokerVersion():
            return "this broker does not know the question (an embedded one, or a very old one)"
    words = " ".join(str(error).split())
    return re.sub(r"^(\[Error -?\d+\] )?\w+Error: ", "", words) or type(error).__name__


class Fenced(BridgeError):
    """Another owner writes for this company now; nothing may be written under the old epoch any more."""

    def __init__(self, company: str) -> None:
        super().__init__(f"another process took over the company {company}")
        self.company = company


def may_be_a_records(error: Exception) -> bool:
    """True when what one record holds may be why `error` came: its size, or a bug of ours that meets it."""
    return isinstance(error, _TOO_LARGE) or not isinstance(error, BrokerError | OSError | Fenced)


def cause_of(error: Exception) -> str:
    """Why work was cut short, for people; of a bug where it is, because its own words may quote a payload."""
    if isinstance(error, BrokerError):
        return f"{type(error).__name__}: {said(error)}"
    return str(error) if isinstance(error, BridgeError) else in_short(error)
