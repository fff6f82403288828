"""`python -m contracts.schemas` writes the schema files anew (`make schemas`)."""

from __future__ import annotations

from pathlib import Path

from contracts.schemas import generated

for name, content in generated().items():
    Path(__file__).with_name(name).write_bytes(content)
