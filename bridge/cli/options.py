"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BRIDGE_TOML = Path("bridge.toml")

Config = Annotated[Path, typer.Option("--config", help="The configuration file.", dir_okay=False)]
Company = Annotated[str | None, typer.Option("--company", help="Only this company, by its name in the configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line.")]
