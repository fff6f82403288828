"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
        "--config", help="The configuration file [default: bridge.toml where there is one].", envvar=CONFIG_VARIABLE
    ),
]
Company = Annotated[str | None, typer.Option("--company", help="Only this company, by its name in the configuration.")]
OneCompany = Annotated[
    str | None,
    typer.Option("--company", help="The company, by its name in the configuration [default: the only one there is]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line.")]


def one_company(settings: Settings, named: str | None) -> str:
    """The company that is named, else the only one that there is. BadParameter where there are several."""
    if named is not None:
        return settings.company(named).name
    names = [each.name for each in settings.companies]
    if len(names) != 1:
        raise typer.BadParameter(f"name one of {', '.join(names)}", param_hint="'--company'")
    return names[0]
