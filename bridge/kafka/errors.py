"""What can go wrong between the bridge and Kafka, beyond the client library's own `KafkaError`."""

from __future__ import annotations

from aiokafka.errors import KafkaError as BrokerError

from contracts.errors import BridgeError

__all__ = ["BrokerError", "Fenced"]


class Fenced(BridgeError):
    """Another owner writes for this company now; nothing may be written under the old epoch any more."""

    def __init__(self, company: str) -> None:
        super().__init__(f"another process took over the company {company}")
        self.company = company
