"""The documents say what is so: the example configuration loads, verbs, links and commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.config.settings import load_settings
from tests.architecture.imports import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "bridge/README.md")


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
    links = re.findall(r"\]\(([^)#:]+)\)", text_of(name))
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_verb_is_in_the_makefile(name: str) -> None:
    """`make …` in a document is something that make knows."""
    verbs = set(
        re.findall(r"make ([a-z]+)`", text_of(name)) + re.findall(r"^make ([a-z]+)", text_of(name), re.MULTILINE)
    )
    known = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert verbs <= known


def test_every_module_of_the_walk_exists() -> None:
    """The tables of bridge/README.md name files as they are called."""
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)", text_of("bridge/README.md")))
    places = (ROOT, ROOT / "bridge", ROOT / "bridge" / "planning")
    assert sorted(name for name in named if not any((place / name).exists() for place in places)) == []
