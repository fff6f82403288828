"""How to reach Kafka: one value, given to every client of ours in the shape that it wants.

Field names are those of the `[kafka]` section, which are those of Kafka's Python clients. `transactions` says what the
broker can do rather than how to reach it; it travels with the address because it is a property of that broker.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.helpers import create_ssl_context

from contracts.errors import ConfigurationError

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """Where Kafka is, how to prove who we are, and whether it has transactions. Secrets are not in its `repr`."""

    bootstrap_servers: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    transactions: bool = True
    sasl_mechanism: SaslMechanism = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_password: str | None = field(default=None, repr=False)
    ssl_check_hostname: bool = True
    client_id: str = "qbo-bridge"
    group: str = "qbo-bridge"
    """Begins the names of our consumer groups and transactional ids: two installations on one cluster need two."""
    request_timeout_ms: int = 40_000
    metadata_max_age_ms: int = 30_000
    """Half a minute, not the clients' five: a partition that is added is consumed soon."""

    def __post_init__(self) -> None:
        if self.uses_sasl and not (self.sasl_plain_username and self.sasl_plain_password):
            raise ConfigurationError(
                f"kafka.security_protocol {self.security_protocol} needs kafka.sasl_plain_username "
                "and kafka.sasl_plain_password"
            )

    @property
    def uses_ssl(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol in {"SSL", "SASL_SSL"}

    @property
    def uses_sasl(self) -> bool:
        """Whether we authenticate with a name and a password."""
        return self.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    @property
    def isolation_level(self) -> Literal["read_committed", "read_uncommitted"]:
        """Producers may write in transactions too; a broker without them knows only the other level."""
        return "read_committed" if self.transactions else "read_uncommitted"

    @property
    def addresses(self) -> list[str]:
        """One by one: FastStream takes a string with commas for a single host."""
        return [address.strip() for address in self.bootstrap_servers.split(",")]

    def group_id(self, company: str) -> str:
        """The consumer group of a company, and its transactional id: both stand for its one owner."""
        return f"{self.group}.{company}"

    def redrive_id(self, dead_letters: str) -> str:
        """The transactional id under which one topic of dead letters is redriven."""
        return f"{self.group}.redrive.{dead_letters}"

    def produce_id(self, topic: str) -> str:
        """The transactional id under which exported events are put on a topic."""
        return f"{self.group}.produce.{topic}"

    def token_writer_id(self, topic: str, realm_id: str) -> str:
        """The transactional id of whoever writes the tokens of one realm."""
        return f"{self.group}.tokens.{topic}.{realm_id}"

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        options = {
            "bootstrap_servers": self.addresses,
            "security_protocol": self.security_protocol,
            "client_id": self.client_id,
            "request_timeout_ms": self.request_timeout_ms,
            "metadata_max_age_ms": self.metadata_max_age_ms,
            "ssl_context": self.ssl_context(),
        }
        if self.uses_sasl:
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_plain_username,
                "sasl_plain_password": self.sasl_plain_password,
            }
        return options

    def ssl_context(self) -> ssl.SSLContext | None:
        """Verifies the broker's certificate always; its host name unless told otherwise."""
        if not self.uses_ssl:
            return None
        try:
            context: ssl.SSLContext = create_ssl_context(
                cafile=self.ssl_cafile,
                certfile=self.ssl_certfile,
                keyfile=self.ssl_keyfile,
                password=self.ssl_password,
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"kafka.ssl_cafile, ssl_certfile or ssl_keyfile cannot be used: {error}"
            ) from error
        context.check_hostname = self.ssl_check_hostname
        return context
