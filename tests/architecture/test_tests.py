"""The tests' own house: a folder for each room, helpers in `tests/support`, and no test that leans on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, Import, imports_of, module_name

TESTS = ROOT / "tests"
CROSS_CUTTING = {"architecture", "bench", "cases", "chaos", "ledger", "scenarios"}
"""What is about the whole: the sources, their speed, and the books after everything, with real processes or without."""
PACKAGES = {"contracts", "mappings"}


def rooms() -> set[str]:
    """Each room of `bridge`, a room inside another one by its path."""
    found = (path.parent.relative_to(ROOT / "bridge") for path in (ROOT / "bridge").rglob("__init__.py"))
    return {str(room) for room in found if room != Path()}


def folders() -> set[str]:
    """Each folder of tests; the one helpers are in is none."""
    found = {path.parent.relative_to(TESTS) for path in TESTS.rglob("*.py")} - {Path()}
    return {str(folder) for folder in found if folder.parts[0] != "support"}


def leaning(found: list[Import]) -> list[str]:
    """The imports of a test module, or of something in one."""
    ours = [each for each in found if each.top == "tests"]
    return [
        str(each)
        for each in ours
        if any(part == "conftest" or part.startswith("test_") for part in each.name.split("."))
    ]


def test_every_folder_mirrors_a_room_or_cuts_across() -> None:
    """Whoever changes a room finds its tests under the same name."""
    assert sorted(folders() - rooms() - PACKAGES - CROSS_CUTTING) == []


def test_no_test_module_is_imported() -> None:
    """What two tests need stands in `tests/support`, so that each test module can be read, moved and run alone."""
    sources = {module_name(path): path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("*.py"))}
    assert [found for module, text in sources.items() for found in leaning(imports_of(module, text))] == []


@pytest.mark.parametrize(
    "statement",
    [
        "from tests.company.test_owner import bought",
        "from tests.company import test_owner",
        "import tests.company.test_owner",
        "def late() -> None:\n    from tests.company.test_owner import bought",
    ],
)
def test_an_import_of_a_test_module_is_found(statement: str) -> None:
    """Guard of the rule above: however it is written."""
    assert leaning(imports_of("tests.books.test_changes", statement))


def test_an_import_of_a_helper_is_none() -> None:
    """Nor is a name of ours that only begins alike."""
    source = "from tests.support.orders import bought\nfrom contracts.posting import test_reason\nimport pytest\n"
    assert leaning(imports_of("tests.books.test_changes", source)) == []
