"""What a sandbox can be told before it starts.

Where Intuit's sources disagree, or nobody published the answer, the behaviour is a switch here and its default is the
documented value.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bridge.sandbox.currencies import NAMES

COUNTRIES = ("US", "GB", "CA", "AU", "IE", "FR")
DEFAULT_REALM = "9130000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """Intuit's published throttles (page "limits-and-throttles", 2025-08); a minute lasts 60 s / time scale."""

    enforced: bool = True
    requests_per_minute: int = 500
    requests_per_second: int = 10
    concurrent_requests: int = 10
    batches_per_minute_app: int = 40
    batches_per_minute_realm: int = 120
    batch_items: int = 30
    batch_counts_items: bool = False
    emails_per_day: int = 40
    retry_after_s: int | None = None
    throttle_status: Literal[429, 403] = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Answers that nobody published; each names its alternatives."""

    default_representation: Literal["json", "xml"] = "xml"
    wildcard_representation: Literal["json", "xml"] = "json"
    reserve_at: Literal["acceptance", "commit"] = "acceptance"
    replay_window_s: float | None = None
    replay_faults: bool = False
    body_mismatch: Literal["original", "fault_600"] = "original"
    batch_request_id: Literal["pair", "requestid_alone"] = "pair"
    overpayment: Literal["reject", "leave_unapplied"] = "reject"
    void_note: Literal["prefix", "overwrite"] = "prefix"
    refuse_extension_blocks: bool = True
    warn_duplicate_numbers: bool = True
    duplicate_name_text: Literal["short", "sentence"] = "short"
    bare_numbers: Literal["refuse", "accept"] = "refuse"
    tax_lists_by_id: Literal["refuse", "accept"] = "refuse"
    batch_order: Literal["serial", "shuffled"] = "serial"
    refresh_rotates_s: float = 86_400
    refresh_grace_s: float = 86_400
    automated_tax_percent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Where notifications go; the verifier token signs them."""

    url: str | None = None
    verifier_token: str = "sandbox-verifier-token"  # noqa: S105 - a sandbox's public default
    retry_after_s: tuple[float, ...] = (10, 20, 30, 300, 1200, 7200, 14400, 21600)
    timeout_s: float = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """One sandbox: where it listens, what its companies are, whose tokens it knows."""

    host: str = "127.0.0.1"
    port: int = 8100
    realms: tuple[str, ...] = (DEFAULT_REALM,)
    empty: bool = False
    data: Path | None = None
    time_scale: float = 1
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - a sandbox's public default
    refresh_token: str = "sandbox-refresh-token"  # noqa: S105 - a sandbox's public default
    country: str = "US"
    home_currency: str = "USD"
    time_zone: str = "America/Los_Angeles"
    latency_ms: tuple[float, float] = (0, 0)
    seed: int = 1
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    switches: Switches = field(default_factory=Switches)
    webhooks: Webhooks = field(default_factory=Webhooks)

    def __post_init__(self) -> None:
        if self.home_currency not in NAMES:
            raise ValueError(f"{self.home_currency} is no currency")
        if self.country not in COUNTRIES:
            raise ValueError(f"{self.country} is not one of {', '.join(COUNTRIES)}")
        if self.time_scale <= 0:
            raise ValueError(f"the time scale must be positive, not {self.time_scale}")
        if not all(realm.isascii() and realm.isdigit() for realm in self.realms):
            raise ValueError(f"a realm is a number: {', '.join(self.realms)}")
