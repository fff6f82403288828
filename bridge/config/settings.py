"""The configuration: one TOML file, every value overridable from the environment, secrets never in the file.

Each field's description is what the error sentence says is expected, so the reference of the settings and the
messages cannot drift apart. Values are frozen; secrets are masked wherever they are shown.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bridge.config.environment import (
    Location,
    apply_environment,
    count_from,
    dotted,
    environment_name,
    model_in,
    read_secret_files,
    refuse_secrets_and_strangers,
)
from bridge.config.types import (
    Address,
    Duration,
    ExistingFile,
    Flag,
    Origin,
    Seconds,
    Servers,
    TokenKey,
    TopicName,
)
from contracts.errors import ConfigurationError

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HOSTS = {"production": "https://quickbooks.api.intuit.com", "sandbox": "https://sandbox-quickbooks.api.intuit.com"}
_TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class KafkaSettings(_Section):
    """How to reach the brokers; `sasl_*` and `ssl_*` are named as Kafka's Python clients name them."""

    bootstrap_servers: Servers = Field("127.0.0.1:9092", description="host:port, or several of them between commas")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_plain_username: str | None = Field(None, description="the user name at the broker")
    sasl_plain_password: SecretStr | None = Field(None, description="the password at the broker")
    ssl_cafile: ExistingFile | None = Field(None, description="a PEM file of certificate authorities that exists")
    ssl_certfile: ExistingFile | None = Field(None, description="a PEM file with our certificate that exists")
    ssl_keyfile: ExistingFile | None = Field(None, description="a PEM file with our private key that exists")
    ssl_password: SecretStr | None = Field(None, description="the password of ssl_keyfile")
    ssl_check_hostname: Flag = Field(True, description="true or false")
    transactions: Flag = Field(True, description="true, or false for a broker without transactions")
    client_id: str = Field("qbo-bridge", min_length=1, description="a name for the broker's logs")
    group: TopicName = Field(
        "qbo-bridge", description="the beginning of names of consumer groups: letters, digits, dots, - and _"
    )
    session_timeout_ms: Duration = Field(12_000, description="whole milliseconds, 1 or more")
    heartbeat_interval_ms: Duration = Field(1_000, description="whole milliseconds, 1 or more")
    max_poll_interval_ms: Duration = Field(300_000, description="whole milliseconds, 1 or more")
    poll_timeout_ms: Duration = Field(50, description="whole milliseconds, 1 or more: how long a poll waits")
    max_records: Duration = Field(500, description="a whole number, 1 or more: records in one micro-batch")
    drain_timeout_s: Seconds = Field(20.0, description="seconds, more than 0: how long a stop waits for its work")
    backoff_min_s: Seconds = Field(1.0, description="seconds, more than 0: the first wait of an outage")
    backoff_max_s: Seconds = Field(60.0, description="seconds, more than 0: the longest wait of an outage")


class TopicSettings(_Section):
    """The topics that are read and written; none may serve two purposes."""

    events: tuple[TopicName, ...] = Field(
        ("shopify.events", "stripe.events"), min_length=1, description="a list of topic names"
    )
    results: TopicName = Field("qbo.results", description="a topic name")
    dead_letters: TopicName = Field("qbo.dead-letters", description="a topic name")
    journal: TopicName = Field("qbo.journal", description="a topic name")
    ids: TopicName = Field("qbo.ids", description="a topic name")
    create: Flag = Field(True, description="true or false")


class HttpSettings(_Section):
    """Where health, metrics and the status page are served."""

    host: str = Field("127.0.0.1", min_length=1, description="an address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="a port from 0 to 65535, 0 for a free one")


class TokenSettings(_Section):
    """The encrypted token store; its key comes only from the environment or a file."""

    path: Path = Field(Path("tokens.enc"), description="a file path")
    store: Literal["file", "kafka"] = Field("file", description='"file" or "kafka"')
    topic: TopicName = Field("qbo.tokens", description="a topic name")
    key: TokenKey | None = Field(None, description="url-safe base64 of 32 bytes")
    former_keys: tuple[TokenKey, ...] = Field((), description="a JSON list of url-safe base64 of 32 bytes each")


class MarkerSettings(_Section):
    """What signs the markers in the books, for programs that must not hold the key of the tokens."""

    key: TokenKey | None = Field(None, description="url-safe base64 of 32 bytes")


class LogSettings(_Section):
    """How much is said on stderr, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description='"console", "json", or "auto": console on a terminal and JSON lines elsewhere'
    )


class TelemetrySettings(_Section):
    """What is told of the work beyond logs and metrics; where traces go, the variables OTEL_* of OpenTelemetry say."""

    traces: Flag = Field(False, description="true or false: traces of OpenTelemetry; true needs the extra `otel`")


class LimitSettings(_Section):
    """The published limits of one company; a batch counts as one request."""

    requests_per_minute: Duration = Field(500, description="a whole number, 1 or more")
    requests_per_second: Duration = Field(10, description="a whole number, 1 or more")
    concurrent_requests: Duration = Field(10, description="a whole number, 1 or more")
    batches_per_minute: Duration = Field(40, description="a whole number, 1 or more")
    batch_items: int = Field(30, ge=1, le=30, description="a whole number from 1 to 30")


class CompanySettings(_Section):
    """One QBO company: who it is, whose events it gets, by which rules."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$", max_length=64)] = Field(
        description="letters and digits with single - or _ between them, 64 at most"
    )
    realm_id: Annotated[str, Field(pattern=r"^[0-9]+$")] = Field(description="the company's realm id, digits in quotes")
    environment: Literal["sandbox", "production"] = Field(description='"sandbox" or "production"')
    api_base_url: Origin | None = Field(None, description="scheme and host such as https://host:port, without a path")
    token_url: Address | None = Field(None, description="an http or https address")
    client_id: Annotated[str, Field(min_length=1)] = Field(description="the client id of the Intuit app")
    client_secret: SecretStr | None = Field(None, description="the client secret of the Intuit app")
    refresh_token: SecretStr | None = Field(None, description="a refresh token")
    shop_domains: tuple[str, ...] = Field((), description="a list of shop domains")
    stripe_accounts: tuple[str, ...] = Field((), description='a list of Stripe account ids, or "default"')
    rules: ExistingFile | None = Field(None, description="a rules file that exists")
    index_days: Duration = Field(90, description="a whole number of days, 1 or more")
    freshness_s: Seconds = Field(60.0, description="seconds, more than 0: how often QBO is asked what people changed")
    stop_after_dead_letters: int = Field(
        50,
        ge=0,
        description="a whole number, 0 for never: dead letters in a row, or of one kind, that stop the company",
    )
    waiting_memory_mb: Duration = Field(
        64, description="a whole number of MiB, 1 or more: memory for the bodies of events that wait"
    )
    request_timeout_s: Seconds = Field(60.0, description="seconds, more than 0")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="a table of limits")

    @property
    def base_url(self) -> str:
        """Scheme and host of the accounting API."""
        return self.api_base_url or _HOSTS[self.environment]

    @property
    def token_endpoint(self) -> str:
        """Where tokens are refreshed."""
        return self.token_url or _TOKEN_URL


class Settings(BaseSettings):
    """Everything that one `qbo-bridge` process is told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` has put together: its environment addresses companies by their names."""
        return (init_settings,)

    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="a table")
    topics: TopicSettings = Field(default_factory=TopicSettings, description="a table")
    http: HttpSettings = Field(default_factory=HttpSettings, description="a table")
    tokens: TokenSettings = Field(default_factory=TokenSettings, description="a table")
    markers: MarkerSettings = Field(default_factory=MarkerSettings, description="a table")
    logs: LogSettings = Field(default_factory=LogSettings, description="a table")
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings, description="a table")
    companies: tuple[CompanySettings, ...] = Field(min_length=1, description="at least one [[companies]] table")

    def company(self, name: str) -> CompanySettings:
        """The company called `name`. ConfigurationError when there is none."""
        for company in self.companies:
            if company.name == name:
                return company
        known = ", ".join(company.name for company in self.companies)
        raise ConfigurationError(f"There is no company {name!r}; expected one of: {known}.")


def load_settings(path: Path, environ: Mapping[str, str], *, rules_to_come: Path | None = None) -> Settings:
    """The settings of the file at `path` with the overrides of `environ`.

    A company that names the file `rules_to_come`, which is not there yet, has no rules yet.
    ConfigurationError is one sentence that names the file (or variable), the key and what is expected.
    """
    table: dict[str, object] = _File(path)()
    refuse_secrets_and_strangers(table, Settings, path)
    _refuse_meeting_names(table, path)
    origins = apply_environment(table, Settings, environ)
    _refuse_meeting_names(table, path)
    read_secret_files(table, Settings, origins, path.parent)
    table = {section: {} for section in ("kafka", "topics", "http", "tokens", "logs", "telemetry")} | table
    count_from(path.parent, table, Settings)
    if rules_to_come is not None and not rules_to_come.exists():
        _pass_over(rules_to_come, table)
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(_sentence(path, table, origins, error.errors(include_url=False)[0])) from None
    for complaint in (_kafka_complaint(settings), _topic_complaint(settings), *_company_complaints(settings)):
        if complaint is not None:
            raise ConfigurationError(f"{path}: {complaint}.")
    return settings


def _pass_over(rules: Path, table: dict[str, object]) -> None:
    """Take out of the companies that file, which is still to be written."""
    companies = table.get("companies")
    for company in companies if isinstance(companies, list) else ():
        if (
            isinstance(company, dict)
            and "rules" in company
            and Path(str(company["rules"])).resolve() == rules.resolve()
        ):
            del company["rules"]


class _File(TomlConfigSettingsSource):
    """The configuration file; ConfigurationError for one that is not there or cannot be read as TOML."""

    def __init__(self, path: Path) -> None:
        try:
            path.stat()  # pydantic-settings passes over a file that is missing
            super().__init__(Settings, path)
        except OSError as error:
            said = f"{error.strerror}; expected a configuration file (see --config)"
            raise ConfigurationError(f"{path}: {said}.") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{path}: expected UTF-8 text.") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{path}: expected TOML: {str(error).rstrip('.')}.") from None


def _refuse_meeting_names(table: Mapping[str, object], path: Path) -> None:
    entries = table.get("companies")
    names = (
        [str(entry.get("name")) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    for name, count in Counter(environment_name(name) for name in names).items():
        if count > 1:
            meeting = " and ".join(repr(each) for each in names if environment_name(each) == name)
            raise ConfigurationError(
                f"{path}: companies.name: {meeting} are both {name} in the environment; expected names that differ."
            )


def _sentence(path: Path, table: Mapping[str, object], origins: Mapping[Location, str], error: ErrorDetails) -> str:
    location, expected = _setting_at(error["loc"])
    where = dotted(location, table)
    if error["type"] == "missing":
        return f"{path}: {where} is missing; expected {expected}."
    origin = origins.get(location) or origins.get((*location[:-1], f"{location[-1]}_file"))
    return f"{path}: {where}{f' (from {origin})' if origin else ''}: expected {expected}."


def _setting_at(location: Location) -> tuple[Location, str]:
    """The setting that pydantic's `location` lies in, and what it expects.

    Pydantic adds steps inside a field, the index in a list of names or the branch of a union; they are left out.
    """
    kept: list[str | int] = []
    expected, model = "a table", cast("type[BaseModel] | None", Settings)
    for part in location:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            field = model.model_fields[part]
            expected, model = field.description or expected, model_in(field)
        elif not (isinstance(part, int) and kept == ["companies"]):
            break
        kept.append(part)
    return tuple(kept), expected


def _kafka_complaint(settings: Settings) -> str | None:
    kafka = settings.kafka
    if kafka.security_protocol.startswith("SASL"):
        for key in ("sasl_mechanism", "sasl_plain_username", "sasl_plain_password"):
            if getattr(kafka, key) is None:
                return f"kafka.{key} is missing; security_protocol {kafka.security_protocol} expects it"
    if kafka.heartbeat_interval_ms >= kafka.session_timeout_ms:
        return "kafka.heartbeat_interval_ms: expected less than kafka.session_timeout_ms"
    return None


def _topic_complaint(settings: Settings) -> str | None:
    topics = settings.topics
    ours = [topics.results, topics.dead_letters, topics.journal, topics.ids]
    ours += [settings.tokens.topic] if settings.tokens.store == "kafka" else []
    for name, count in Counter([*topics.events, *ours]).items():
        if count > 1:
            return f"topics: {name!r} is named twice; expected a topic of its own for each purpose"
    return None


def _company_complaints(settings: Settings) -> list[str | None]:
    companies = settings.companies
    return [
        _shared("shop_domains", [(domain.lower(), c.name) for c in companies for domain in c.shop_domains]),
        _shared("stripe_accounts", [(account, c.name) for c in companies for account in c.stripe_accounts]),
        _shared("realm_id", [(f"{c.realm_id} at {c.base_url}", c.name) for c in companies]),
        *(_plain_http(company) for company in companies),
    ]


def _shared(key: str, listed: list[tuple[str, str]]) -> str | None:
    for value, count in Counter(value for value, _ in listed).items():
        if count > 1:
            owners = " and ".join(dict.fromkeys(owner for each, owner in listed if each == value))
            return f"companies.{key}: {value!r} is listed by {owners}; expected it once"
    return None


def _plain_http(company: CompanySettings) -> str | None:
    """Tokens must not cross a network in the clear: http is for sandboxes, and for production on loopback only."""
    for key, url in (("api_base_url", company.base_url), ("token_url", company.token_endpoint)):
        parts = urlsplit(url)
        if company.environment == "production" and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            return f"companies.{company.name}.{key}: expected https for a production company"
    return None
