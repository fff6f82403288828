"""Options that several commands share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import BridgeError

if TYPE_CHECKING:
    from bridge.config.settings import Settings

BRIDGE_TOML = Path("bridge.toml")
CONFIG_VARIABLE = "QBO_BRIDGE_CONFIG"

Config = Annotated[
    Path, typer.Option("--config", help="The configuration file.", dir_okay=False, envvar=CONFIG_VARIABLE)
]
MaybeConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The configuration file [default: bridge.toml where there is one].",
        dir_okay=False,
        envvar=CONFIG_VARIABLE,
    ),
]
Company = Annotated[str | None, typer.Option("--company", help="Only this company, by its name in the configuration.")]
OneCompany = Annotated[
    str | None,
    typer.Option("--company", help="The company, by its name in the configuration [default: the only one there is]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line.")]


@contextlib.contextmanager
def checking() -> Iterator[None]:
    """A word that could never be right is wrong usage, whatever the configuration and the topics hold."""
    try:
        yield
    except BridgeError as error:
        raise typer.BadParameter(str(error)) from None


def http_address(given: str | None) -> str | None:
    """An option's value that is an address of HTTP, as it is. BadParameter for any other."""
    from bridge.config import types

    try:
        return given if given is None else types.http_address(given)
    except ValueError:
        raise typer.BadParameter("expected an address such as http://10.0.0.7:8080") from None


def one_company(settings: Settings, named: str | None) -> str:
    """The company that is named, else the only one that there is. BadParameter where there are several."""
    if named is not None:
        return settings.company(named).name
    names = [each.name for each in settings.companies]
    if len(names) != 1:
        raise typer.BadParameter(f"name one of {', '.join(names)}", param_hint="'--company'")
    return names[0]
