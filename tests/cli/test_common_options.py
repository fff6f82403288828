"""What every command takes: `-h`, one place for the configuration, and the only company without naming it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bridge.cli.app import app
from bridge.commands.configuration import SET

ONE = """
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""
TWO = ONE + ONE.replace("acme-us", "beta").replace("91", "92")
SECRET = "s3cret-of-the-app"


def commands(group: object = None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command by its words."""
    group = group or typer.main.get_command(app)
    listed = getattr(group, "commands", None)
    if listed is None:
        return [path]
    return [path, *(found for name, each in listed.items() for found in commands(each, (*path, name)))]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
@pytest.mark.parametrize("width", [60, 80, 160])
def test_every_command_explains_itself_at_any_width(words: tuple[str, ...], width: int) -> None:
    """With the short option too, and it never fails."""
    said = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": str(width)}, terminal_width=width)
    assert said.exit_code == 0
    assert "Usage:" in said.output


@pytest.mark.parametrize(
    "command", ["pause", "resume", "verify", "reconcile --from 2026-11-01 --to 2026-11-02", "connect"]
)
def test_of_several_companies_one_must_be_named(tmp_path: Path, command: str) -> None:
    """Wrong usage, and the names to choose from. Guard: `one_company`."""
    (tmp_path / "bridge.toml").write_text(TWO)
    said = CliRunner().invoke(app, [*command.split(), "--config", str(tmp_path / "bridge.toml")])
    assert said.exit_code == 2
    assert "acme-us" in said.output
    assert "beta" in said.output


def test_the_configuration_may_be_named_by_the_environment(tmp_path: Path) -> None:
    """Guard: `CONFIG_VARIABLE`."""
    (tmp_path / "elsewhere.toml").write_text(ONE)
    said = CliRunner().invoke(app, ["config", "check"], env={"QBO_BRIDGE_CONFIG": str(tmp_path / "elsewhere.toml")})
    assert (said.exit_code, said.output.startswith("acme-us: right")) == (0, True)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(tmp_path: Path, form: tuple[str, ...]) -> None:
    """Only that it is set. Guard: `_plain`."""
    (tmp_path / "bridge.toml").write_text(ONE)
    environ = {"QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": SECRET}
    command = ["config", "show", "--config", str(tmp_path / "bridge.toml"), *form]
    said = CliRunner().invoke(app, command, env=environ)
    assert said.exit_code == 0
    assert SECRET not in said.output
    assert SET in said.output


def test_the_reference_has_every_setting_with_what_is_expected() -> None:
    """A program reads the same."""
    rows = json.loads(CliRunner().invoke(app, ["config", "reference", "--json"]).output)
    settings = {row["setting"]: row["default"] for row in rows}
    assert settings["companies.<name>.limits.batch_items"] == "30"
    assert settings["companies.<name>.realm_id"] is None


def test_a_new_key_is_32_bytes_and_new() -> None:
    """As the token store takes it."""
    first, second = (CliRunner().invoke(app, ["keygen"]).output.strip() for _ in range(2))
    assert len(base64.urlsafe_b64decode(first)) == 32
    assert first != second


def test_the_example_of_the_rules_works_as_it_is_copied() -> None:
    """And a rule that there is not is named."""
    example = Path(__file__).parents[2] / "deploy" / "rules.example.toml"
    assert CliRunner().invoke(app, ["rules", "check", str(example)]).exit_code == 0


@pytest.mark.parametrize("command", ["results", "dead-letters list", "dead-letters redrive"])
def test_an_unknown_reason_code_is_wrong_usage(tmp_path: Path, command: str) -> None:
    """Instead of an empty answer, with the codes that there are. Guard: the callbacks of `--code`."""
    (tmp_path / "bridge.toml").write_text(ONE)
    words = [*command.split(), "--code", "unbalancd", "--config", str(tmp_path / "bridge.toml")]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 2
    assert "unbalancd" in said.output
    assert "unbalanced" in said.output
