"""`qbo-bridge config`, `rules check` and `keygen`: what is configured, and what could be. Secrets are never printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import orjson
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bridge.commands.output import answer, say, screen
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.quickbooks.tokens import new_key, token_key
from bridge.service.settings import company_rules
from contracts.errors import ConfigurationError
from mappings.rules import load_rules

SET = "(set)"


def print_new_key(*, as_json: bool = False) -> None:
    """A key for the token store and the markers, alone on its line."""
    key = new_key()
    answer({"key": key}, key, as_json=as_json)


def check_all(settings: Settings, *, as_json: bool = False) -> None:
    """Say what is right, company by company. ConfigurationError for the first mistake."""
    keys = [settings.tokens.key, *settings.tokens.former_keys]
    for key in keys:
        if key is not None:
            token_key(key.get_secret_value())
    for company in settings.companies:
        read = company_rules(company)
        rules = str(company.rules) if company.rules else None
        facts = {"company": company.name, "right": True, "rules": rules, "rules_version": read.version}
        said = f"{company.name}: right, with rules {read.version} of {rules or 'the defaults'}."
        answer({**facts, "tokens_key_is_set": settings.tokens.key is not None}, said, as_json=as_json)
    if settings.tokens.key is None and not as_json:
        say("QBO_BRIDGE_TOKENS__KEY is not set here: whatever speaks to QuickBooks needs it (qbo-bridge keygen).")


def check_rules_file(file: Path, *, as_json: bool = False) -> None:
    """Say that a rules file is right. ConfigurationError for its first mistake."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read as text: {error}") from None
    version = load_rules(text, source=str(file)).version
    facts = {"file": str(file), "right": True, "rules_version": version}
    answer(facts, f"{file}: right, rules {version}.", as_json=as_json)


def show_settings(settings: Settings, *, as_json: bool) -> None:
    """Every setting as it counts."""
    said = _plain(settings)
    if as_json:
        screen().out(orjson.dumps(said).decode())
        return
    shown = Table(("setting", "value"), prose=("value",), headed=False)
    for name, value in _flat("", said):
        shown.add_row(name, orjson.dumps(value).decode())
    shown.print()


def show_reference(*, as_json: bool) -> None:
    """Every setting that there is."""
    rows = list(_fields("", Settings))
    if as_json:
        screen().out(orjson.dumps(rows).decode())
        return
    shown = Table(("setting", "default", "what it is"), prose=("what it is",), optional=("default",))
    for row in rows:
        shown.add_row(row["setting"], row["default"], row["expected"])
    shown.print()


def _plain(value: object) -> Any:
    """A setting as JSON has it; of a secret that it is set."""
    if isinstance(value, SecretStr):
        return SET
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else key, each)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for each in value:
            yield from _flat(f"{name}.{each['name']}", each)
    else:
        yield name, value


def _fields(path: str, model: type[BaseModel]) -> Iterator[dict[str, str | None]]:
    for name, field in model.model_fields.items():
        where = f"{path}.{name}" if path else name
        inner = _model_in(field.annotation)
        if inner is not None:
            yield from _fields(f"{where}.<name>" if name == "companies" else where, inner)
        else:
            yield {"setting": where, "default": _default(field), "expected": field.description}


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The section that a field holds, itself or in a list."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    return orjson.dumps(_plain(field.get_default(call_default_factory=True))).decode()
