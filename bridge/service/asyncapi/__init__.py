"""The contract of the bus as AsyncAPI 3: which topics are read and written, with headers, keys, schemas and examples.

It is made from what reads and writes them, so it cannot say anything else: `qbo-bridge asyncapi`, and `/asyncapi`.
"""

from bridge.service.asyncapi.document import bus_contract

__all__ = ["bus_contract"]
