"""The documents say what is so: the example configuration loads; verbs, commands, links, files and names exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import typer

from bridge.cli.app import app
from bridge.config.settings import load_settings
from contracts.marker import CATALOGUE
from tests.architecture.imports import PACKAGES, ROOT

PLACES = (".github", "deploy", *PACKAGES)
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(page for place in PLACES for page in (ROOT / place).rglob("*.md")))
)
"""Every page of the project."""
NAMED = re.compile(r"`((?:[\w.-]+/)*[a-z_]+\.py)(?::([A-Za-z_][\w.]*))?`")
"""`room/file.py`, or `room/file.py:name` for a function, class, method or constant in it."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_production_example_loads(tmp_path: Path) -> None:
    """As it stands, with the variables that stand below it."""
    readme = text_of("README.md")
    example = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert example is not None
    (tmp_path / "bridge.toml").write_text(example[1], encoding="utf-8")
    for name in ("ca.pem", "acme.rules.toml"):
        (tmp_path / name).touch()
    (tmp_path / "secret").write_text("A" * 43)
    named = re.findall(r"export (QBO_BRIDGE_\w+)=", readme)
    settings = load_settings(tmp_path / "bridge.toml", dict.fromkeys(named, "secret"))
    assert settings.companies[0].environment == "production"
    assert settings.tokens.key is not None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    """Files that a document points to exist."""
    links = re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", text_of(name))
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_verb_is_in_the_makefile(name: str) -> None:
    """`make …` in a document is something that make knows."""
    verbs = set(re.findall(r"(?:^|`)make ([a-z-]+)", text_of(name), re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    assert verbs - known == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_exists(name: str) -> None:
    """`qbo-bridge …` in a document is something that can be typed."""
    typed = set(re.findall(r"(?:^|[`/])qbo-bridge ([a-z][a-z-]*)", text_of(name), re.MULTILINE))
    assert typed - commands() == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_and_name_of_the_code_exists(name: str) -> None:
    """Guard: a page that names a function which was renamed or moved is found."""
    beside = (ROOT / name).parent
    assert [f"{path}:{what}" for path, what in NAMED.findall(text_of(name)) if not _exists(path, what, beside)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_from_the_root_exists(name: str) -> None:
    """`tests/scenarios`, `deploy/rules.example.toml`: folders and files as they are called."""
    tops = "|".join(re.escape(top) for top in ("tests", "deploy", ".ci", ".github", *PACKAGES))
    named = re.findall(rf"`((?:{tops})/[\w./-]*)`", text_of(name))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_test_that_the_guarantees_name_exists() -> None:
    """The last column of the promises."""
    named = set(re.findall(r"`(test_\w+)`", text_of("bridge/README.md")))
    assert named - {path.stem for path in (ROOT / "tests").rglob("test_*.py")} == set()


def test_every_mapping_is_in_the_table_of_the_mappings() -> None:
    """Whoever looks for a decision finds its file."""
    table = text_of("mappings/README.md")
    modules = [path for path in (ROOT / "mappings").rglob("*.py") if path.name != "__init__.py"]
    named = {str(path.relative_to(ROOT / "mappings")) for path in modules}
    assert {name for name in named if f"`{name}`" not in table} == set()


def test_every_pair_of_the_marker_is_on_the_page_of_formats() -> None:
    """Guard: a pair in customers' books that nothing describes."""
    page = text_of("bridge/FORMATS.md")
    assert {str(field) for field in CATALOGUE if f"\n| `{field}` |" not in page} == set()


def test_every_folder_of_tests_is_explained() -> None:
    """HACKING.md says of each what belongs there."""
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert folders - set(re.findall(r"`tests/(\w+)`", text_of("HACKING.md"))) == set()


def test_the_glossary_explains_each_word_once() -> None:
    """One word, one thing."""
    words = re.findall(r"^\| ([\w -]+) \|", text_of("GLOSSARY.md"), re.MULTILINE)
    assert len(words) > 50
    assert [word for word in set(words) - {"Word"} if words.count(word) > 1] == []


def _exists(path: str, what: str, beside: Path) -> bool:
    found = next((place / path for place in (beside, ROOT) if (place / path).is_file()), None)
    return found is not None and (not what or what in names_in(found))


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module defines: `function`, `Class`, `Class.method`, `CONSTANT`."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    members = [(f"{each.name}.", part) for each in body if isinstance(each, ast.ClassDef) for part in each.body]
    return frozenset(
        prefix + name for prefix, node in [*(("", each) for each in body), *members] for name in _own(node)
    )


def _own(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


def commands() -> set[str]:
    """The words after `qbo-bridge`."""
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


def test_a_name_that_no_module_defines_is_found() -> None:
    """Guard: the check above sees what it is for."""
    here = ROOT / "tests" / "architecture"
    assert _exists("test_docs.py", "names_in", here)
    assert not _exists("test_docs.py", "names_inside", here)
    assert not _exists("test_documents.py", "", here)
