"""The rooms and the arrows between them, as `bridge/README.md` draws them: who may know whom, and what stays pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pytest

from tests.architecture.imports import PACKAGES, ROOT, Import, imports, module_name, within

ENTRIES_MAX = 28
"""How many rooms and files `bridge/` opens on at most: a stranger must be able to tell them apart by name."""

EVERYBODY_KNOWS = ("contracts", "bridge.clock")
"""Besides its own room."""

ARROWS: dict[str, tuple[str, ...]] = {
    "cli": ("commands", "service", "config", "telemetry", "demo", "sandbox"),
    "commands": (
        "service",
        "company",
        "books",
        "index",
        "journal",
        "decoding",
        "reconciliation",
        "kafka",
        "quickbooks",
        "config",
        "telemetry",
        "mappings",
    ),
    "service": (
        "company",
        "posting",
        "books",
        "settlement",
        "journal",
        "planning",
        "index",
        "decoding",
        "kafka",
        "quickbooks",
        "config",
        "telemetry",
        "mappings",
    ),
    "company": ("posting", "settlement", "books", "journal", "decoding", "planning", "matching", "index", "telemetry"),
    "posting": ("books", "binding", "settlement.step_outcomes", "journal", "planning", "index", "quickbooks"),
    "books": ("journal", "index", "quickbooks"),
    "settlement": ("planning", "decoding", "index", "quickbooks.faults", "mappings"),
    "journal": ("planning.steps", "index", "quickbooks.requests"),
    "binding": ("planning", "index"),
    "planning": ("matching", "index"),
    "matching": ("index",),
    "reconciliation": ("decoding", "index", "mappings"),
    "index": ("mappings.names",),
    "decoding": ("mappings",),
    "kafka": ("quickbooks.tokens",),
    "quickbooks": (),
    "telemetry": ("config",),
    "config": (),
    "demo": ("sandbox", "kafka"),
    "sandbox": (),
}
"""Whom each room may know; `room.module` allows that module alone, `mappings` the package."""

PURE = (
    "contracts",
    "mappings",
    "bridge.decoding",
    "bridge.index",
    "bridge.planning",
    "bridge.matching",
    "bridge.binding",
    "bridge.settlement",
    "bridge.reconciliation",
)
"""Same words in, same words out: through everything that they reach, no I/O, no clock, no chance, no environment."""

IMPURE = frozenset(
    "aiokafka asyncio faststream http httpx io logging os pathlib random secrets select signal socket ssl structlog "
    "subprocess sys tempfile threading time urllib.request uuid bridge.clock".split()
)
WRITES_ITS_FILES = ("contracts.schemas.__main__",)


def modules() -> frozenset[str]:
    """Every module of ours."""
    return frozenset(module_name(path) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def room_of(module: str) -> str | None:
    """The room in `bridge/` that a module lies in."""
    parts = module.split(".")
    return parts[1] if parts[0] == "bridge" and len(parts) > 1 else None


def against_the_arrows(found: Iterable[Import]) -> list[str]:
    """Imports from one room into another that no arrow allows."""
    return [str(each) for each in found if each.ours and not _is_allowed(each)]


def _is_allowed(each: Import) -> bool:
    if within(each.module, "contracts", "mappings"):
        return within(each.name, "contracts", each.module.split(".")[0])
    room = room_of(each.module)
    if room is None or within(each.name, f"bridge.{room}", *EVERYBODY_KNOWS):
        return True
    allowed = (name if name.split(".")[0] == "mappings" else f"bridge.{name}" for name in ARROWS.get(room, ()))
    return within(each.name, *allowed)


def reached(start: str, arrows: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Everything that `start` reaches, each with the module that reaches it first."""
    found: dict[str, str] = {start: ""}
    open_ends = [start]
    while open_ends:
        module = open_ends.pop()
        for name in arrows.get(module, ()):
            if name not in found:
                found[name] = module
                open_ends.append(name)
    return found


def circles(arrows: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """Sets of names that reach each other (strongly connected components of more than one)."""
    reach = {name: set(reached(name, arrows)) for name in arrows}
    groups = {frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in arrows}
    return [set(group) for group in groups if len(group) > 1]


def module_arrows(found: Iterable[Import]) -> dict[str, set[str]]:
    """Module to the modules that it imports; what is not ours stands by its own name."""
    known = modules()
    arrows: dict[str, set[str]] = {name: set() for name in known}
    for each in found:
        arrows.setdefault(each.module, set()).update({target} if (target := each.target(known)) else set())
    return arrows


def impurities(found: Iterable[Import]) -> list[str]:
    """What a pure module reaches that is not pure, with the last step of the way."""
    arrows = module_arrows(found)
    pure = [name for name in arrows if within(name, *PURE) and name not in WRITES_ITS_FILES]
    return sorted(
        f"{module} reaches {name} through {way}"
        for module in pure
        for name, way in reached(module, arrows).items()
        if name in IMPURE or name.split(".")[0] in IMPURE
    )


def test_bridge_opens_on_few_rooms() -> None:
    """More than that nobody keeps apart."""
    names = [path.name for path in (ROOT / "bridge").iterdir() if not path.name.startswith("__pycache__")]
    assert len(names) <= ENTRIES_MAX, sorted(names)


def test_every_room_has_its_arrows() -> None:
    """A room that nobody has drawn does not exist."""
    rooms = {path.name for path in (ROOT / "bridge").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == ARROWS.keys()


def test_the_map_in_the_readme_has_these_rooms_and_arrows() -> None:
    """Its first table: a room, what it holds, whom it may know."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\w., ]*?) ?\|$", (ROOT / "bridge/README.md").read_text(), re.MULTILINE)
    drawn = {room: tuple(name.strip() for name in names.split(",") if name.strip()) for room, names in rows}
    assert drawn == ARROWS


def test_rooms_know_only_whom_their_arrows_allow() -> None:
    """No exceptions are listed."""
    assert against_the_arrows(imports()) == []


def test_no_two_modules_import_each_other() -> None:
    """The sandbox included."""
    assert circles(module_arrows(imports())) == []


def test_no_two_rooms_know_each_other() -> None:
    """Arrows between rooms run one way."""
    assert circles({room: [name.split(".")[0] for name in names] for room, names in ARROWS.items()}) == []


def test_pure_rooms_reach_nothing_impure() -> None:
    """Not directly, and through nothing that they import."""
    assert impurities(imports()) == []


def _planted(module: str, name: str) -> list[Import]:
    return [*imports(), Import(module, name, 1)]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("bridge.planning.schedule", "bridge.books.books.Books"),
        ("bridge.kafka.intake", "bridge.quickbooks.client.QuickBooksClient"),
        ("bridge.journal.requests", "bridge.planning.schedule.schedule"),
        ("bridge.company.owner", "bridge.kafka.journal.KafkaJournal"),
        ("bridge.sandbox.app", "bridge.index.index.Index"),
        ("mappings.lines", "bridge.index.index.Index"),
        ("contracts.money", "mappings.rules.MappingRules"),
    ],
)
def test_an_import_against_an_arrow_is_found(module: str, name: str) -> None:
    """Guard: `against_the_arrows` sees what it is for."""
    assert against_the_arrows([Import(module, name, 1)])


def test_a_circle_is_found() -> None:
    """Guard: `circles` sees one of three modules."""
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == [{"a", "b", "c"}]


@pytest.mark.parametrize("name", ["time", "asyncio", "bridge.clock", "httpx", "structlog"])
def test_what_is_impure_two_steps_away_is_found(name: str) -> None:
    """Guard: planted in a module that planning only reaches through another one."""
    assert any("bridge.planning.schedule reaches" in each for each in impurities(_planted("mappings.names", name)))
