"""Faults on demand: a list of rules, each saying what goes wrong, for which requests, and how often.

Rules come as JSON (`POST /sandbox/faults`) or as objects from a test. They are tried in order; all that match a request
apply, so a delay and a reset can meet. Chance is seeded per rule.
"""

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, get_args

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.wire import Doc

Kind = Literal[
    "fail_before",
    "fail_after",
    "reset_before",
    "reset_after",
    "delay",
    "delay_after",
    "late_apply",
    "throttle",
    "batch_item",
    "fault",
    "outage",
    "token_expired",
    "token_revoked",
    "html",
    "truncate",
    "late_visibility",
    "human",
]
YEAR_S = 366 * 86_400
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds that strike a whole request; the other strikes items of a batch.
REQUEST_KINDS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "batch_item")
#: Kinds that last for a time and not for a number of requests.
WINDOWS = ("outage",)


@dataclass(kw_only=True)
class FaultRule:
    """One rule.

    `entity` and `operation` narrow it (create, update, void, delete, write, read, query, batch, cdc, send, pdf, token),
    `body` to requests that hold this text. `skip` lets the first matches pass, `count` ends it (null: never),
    `probability` throws a seeded die. `seconds` is the length of a delay, of late application, of invisibility, or of
    an outage, which begins after `after_s`.
    """

    kind: Kind
    count: int | None = 1
    skip: int = 0
    probability: float = 1
    seed: int = 0
    entity: str | None = None
    operation: str | None = None
    realm: str | None = None
    request_id: str | None = None
    body: str | None = None
    seconds: float = 1
    after_s: float = 0
    status: int = 503
    code: str = "10000"
    message: str = "An application error has occurred while processing your request"
    detail: str = "System Failure Error: Something went wrong. Try again later"
    do: Doc | None = None
    id: int = 0
    matched: int = 0
    applied: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)
    _since: float = field(default=0, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is not one of {', '.join(KINDS)}")
        self._check()
        if self.kind in WINDOWS:
            self.count = None
        self._random.seed(self.seed)

    def _check(self) -> None:
        """ValueError for a value that could only fail later, in somebody's request."""
        for name in ("seconds", "after_s", "probability"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= YEAR_S:
                raise ValueError(f"{name} must be a number from 0 to {YEAR_S}, not {value!r}")
            setattr(self, name, float(value))
        for name in ("skip", "count", "status"):
            value = getattr(self, name)
            if not (value is None and name == "count") and (isinstance(value, bool) or not isinstance(value, int)):
                raise ValueError(f"{name} must be a whole number, not {value!r}")
        if self.probability > 1 or not (self.status == 0 or 200 <= self.status <= 599):
            raise ValueError("probability must be at most 1, and status 0 or from 200 to 599")
        for name in ("code", "message", "detail"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text")  # noqa: TRY004 - a rule that cannot be used is a ValueError
        if self.kind == "human" and not isinstance(self.do, dict):
            raise ValueError('a human needs {"do": {"action": …}}')

    def shown(self) -> Doc:
        """The rule as JSON."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


@dataclass(frozen=True, slots=True)
class CallTraits:
    """What rules look at: a batch has the entities and operations of its items too."""

    realm: str
    entities: frozenset[str]
    operations: frozenset[str]
    request_id: str | None
    body: bytes = b""


class FaultPlan:
    """The rules in force."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._next = 1
        self.rules: list[FaultRule] = []

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force."""
        rule.id, self._next = self._next, self._next + 1
        rule._since = self._clock.monotonic()  # noqa: SLF001 - a rule's clock starts here
        self.rules.append(rule)
        return rule

    def add_json(self, document: Any) -> list[FaultRule]:
        """Rules from one object, a list, or `{"faults": […]}`; ValueError says what is wrong."""
        listed = document.get("faults", document) if isinstance(document, dict) else document
        known = {part.name for part in fields(FaultRule) if not part.name.startswith("_")} - {
            "id",
            "matched",
            "applied",
        }
        made = []
        for one in listed if isinstance(listed, list) else [listed]:
            if not isinstance(one, dict) or "kind" not in one:
                raise ValueError("a fault is an object with a kind")
            unknown = set(one) - known
            if unknown:
                raise ValueError(f"unknown: {', '.join(sorted(unknown))}; a fault has {', '.join(sorted(known))}")
            made.append(FaultRule(**{name: _number(value) for name, value in one.items()}))
        return [self.add(rule) for rule in made]

    def clear(self, rule_id: int | None = None) -> None:
        """Take one rule or all out of force."""
        self.rules = [] if rule_id is None else [rule for rule in self.rules if rule.id != rule_id]

    def take(self, traits: CallTraits, kinds: Iterable[Kind] | None = None) -> dict[Kind, FaultRule]:
        """The rules that strike this request, the first of each kind; each one's count goes down."""
        struck: dict[Kind, FaultRule] = {}
        wanted = None if kinds is None else set(kinds)
        for rule in self.rules:
            if wanted is not None and rule.kind not in wanted:
                continue
            if rule.kind not in struck and self._matches(rule, traits) and self._strikes(rule):
                struck[rule.kind] = rule
        if struck:
            self.rules = [rule for rule in self.rules if not self._spent(rule)]
        return struck

    def _matches(self, rule: FaultRule, traits: CallTraits) -> bool:
        return (
            (rule.entity is None or rule.entity.casefold() in traits.entities)
            and (rule.operation is None or rule.operation in traits.operations)
            and (rule.realm is None or rule.realm == traits.realm)
            and (rule.request_id is None or rule.request_id == traits.request_id)
            and (rule.body is None or rule.body.encode() in traits.body)
        )

    def _strikes(self, rule: FaultRule) -> bool:
        if rule.kind in WINDOWS:
            age = self._clock.monotonic() - rule._since - rule.after_s  # noqa: SLF001
            if not 0 <= age < rule.seconds:
                return False
        rule.matched += 1
        if rule.matched <= rule.skip or rule._random.random() >= rule.probability:  # noqa: SLF001
            return False
        rule.applied += 1
        return True

    def _spent(self, rule: FaultRule) -> bool:
        return rule.count is not None and rule.applied >= rule.count


def _number(value: Any) -> Any:
    """JSON fractions come as Decimal; rules count in floats."""
    return float(value) if isinstance(value, Decimal) else value
