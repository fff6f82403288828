"""The environment over the configuration file: `QBO_BRIDGE_<SECTION>__<KEY>`, companies by name, secrets from files.

On top of pydantic-settings, which cannot address an entry of a list by its name. Works on plain tables before
they are validated, guided by the models' fields; every complaint is one sentence that names the file or variable,
the key and what is expected.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_origin

import orjson
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from contracts.errors import ConfigurationError

PREFIX = "QBO_BRIDGE_"
COMPANIES = "companies"

Location = tuple[str | int, ...]
Table = MutableMapping[str, object]


@dataclass(frozen=True, slots=True)
class _TablePlace:
    """A table, the model that it will become, and where it stands."""

    table: Table
    model: type[BaseModel]
    path: Location


def environment_name(company: str) -> str:
    """How a company is called in the environment: `acme-us` is `ACME_US`."""
    return company.upper().replace("-", "_")


def dotted(path: Location, table: Mapping[str, object]) -> str:
    """`path` as a person writes it; an entry of `companies` goes by its name."""
    parts: list[str] = []
    here: object = table
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else _entry(here, part)
        named = here.get("name") if isinstance(part, int) and isinstance(here, Mapping) else None
        parts.append(str(part) if named is None else str(named))
    return ".".join(parts)


def refuse_secrets_and_strangers(table: Table, model: type[BaseModel], file: Path) -> None:
    """ConfigurationError for a key that no model has (with near matches) and for a secret that stands in the file."""
    for place in _places(_TablePlace(table, model, ())):
        for key in place.table:
            where = dotted((*place.path, key), table)
            found = _field(place.model, key)
            if found is None:
                raise ConfigurationError(f"{file}: {where} is not a setting; expected {_near(key, place.model)}.")
            if is_secret(found) and key in place.model.model_fields:
                name = _variable((*place.path, key), table)
                raise ConfigurationError(
                    f"{file}: {where} is a secret and may not stand in the file; "
                    f"expected it in the environment as {name} or in a file named by {name}_FILE."
                )


def apply_environment(table: Table, model: type[BaseModel], environ: Mapping[str, str]) -> dict[Location, str]:
    """Write the overrides into `table`; the answer says which variable each overridden place came from."""
    origins: dict[Location, str] = {}
    for name in sorted(environ):
        parts = name.removeprefix(PREFIX).split("__")
        if not name.startswith(PREFIX) or len(parts) < 2:
            continue
        place = _place_of(name, parts[:-1], _TablePlace(table, model, ()))
        key = parts[-1].lower()
        found = _field(place.model, key)
        if found is None:
            raise ConfigurationError(f"{name} names no setting; expected {_near(key, place.model)}.")
        itself = key in place.model.model_fields
        place.table[key] = _value(name, environ[name], found) if itself else environ[name]
        origins[(*place.path, key)] = name
    return origins


def read_secret_files(table: Table, model: type[BaseModel], origins: Mapping[Location, str], folder: Path) -> None:
    """Replace every `<secret>_file` by the secret in that file, without the line end that editors leave.

    A secret that is given both ways is an error: nobody can know which one was meant.
    """
    for place in _places(_TablePlace(table, model, ())):
        for key in [key for key in place.table if key not in place.model.model_fields and key.endswith("_file")]:
            secret, named = key.removesuffix("_file"), str(place.table.pop(key))
            where = origins.get((*place.path, key)) or dotted((*place.path, key), table)
            if secret in place.table:
                raise ConfigurationError(f"{where} and the secret itself are both given; expected one of them.")
            try:
                text = (folder / named).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                said = error.strerror if isinstance(error, OSError) else "not text"
                raise ConfigurationError(f"{where}: expected a file that holds the secret, {named}: {said}.") from None
            place.table[secret] = _value(where, text, place.model.model_fields[secret])


def count_from(folder: Path, table: Table, model: type[BaseModel]) -> None:
    """Make every path count from `folder`, the one of the configuration file, wherever the process was started."""
    for place in _places(_TablePlace(table, model, ())):
        for key, field in place.model.model_fields.items():
            value = place.table.get(key, field.default)
            if Path in _kinds(field.annotation) and isinstance(value, str | Path):
                place.table[key] = str(folder / Path(value).expanduser())


def is_secret(field: FieldInfo) -> bool:
    """True for a field that holds a SecretStr, however it is wrapped."""
    return SecretStr in _kinds(field.annotation)


def _kinds(annotation: object) -> Iterator[object]:
    """`annotation` and everything inside it: the branches of a union, what Annotated is about."""
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _places(place: _TablePlace) -> Iterator[_TablePlace]:
    """`place` and every table under it that has a model."""
    yield place
    for key, field in place.model.model_fields.items():
        value, inner = place.table.get(key), model_in(field)
        if inner is None:
            continue
        if isinstance(value, dict):
            yield from _places(_TablePlace(value, inner, (*place.path, key)))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, dict):
                    yield from _places(_TablePlace(entry, inner, (*place.path, key, index)))


def _place_of(name: str, parts: list[str], root: _TablePlace) -> _TablePlace:
    place, rest = root, [part.lower() for part in parts]
    while rest:
        key = rest.pop(0)
        inner = model_in(place.model.model_fields[key]) if key in place.model.model_fields else None
        if inner is None:
            raise ConfigurationError(f"{name} names no section of the configuration; {key!r} is not one.")
        if key == COMPANIES:
            if not rest:
                raise ConfigurationError(f"{name} names no company; expected {PREFIX}COMPANIES__<NAME>__<KEY>.")
            place = _company(name, rest.pop(0).upper(), place.table, inner)
        else:
            value = place.table.setdefault(key, {})
            if not isinstance(value, dict):
                raise ConfigurationError(f"{name}: {key} in the configuration file must be a table.")
            place = _TablePlace(value, inner, (*place.path, key))
    return place


def _company(name: str, wanted: str, table: Table, model: type[BaseModel]) -> _TablePlace:
    entries = table.get(COMPANIES)
    named = {
        environment_name(str(entry["name"])): index
        for index, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "name" in entry
    }
    if wanted not in named:
        known = ", ".join(sorted(named)) or "none is configured"
        raise ConfigurationError(f"{name} names no company of the configuration file; expected one of: {known}.")
    index = named[wanted]
    return _TablePlace(_entry(entries, index), model, (COMPANIES, index))  # type: ignore[arg-type]


def _entry(entries: object, index: str | int) -> object:
    return entries[index] if isinstance(entries, list) and isinstance(index, int) else {}


def _value(name: str, text: str, field: FieldInfo) -> object:
    if get_origin(field.annotation) is not tuple:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ConfigurationError(f'{name}: expected a JSON list such as ["one", "two"].') from None


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field of `key`, where `<secret>_file` stands for the secret's own field."""
    direct = model.model_fields.get(key)
    if direct is not None:
        return direct
    behind = model.model_fields.get(key.removesuffix("_file"))
    return behind if behind is not None and key.endswith("_file") and is_secret(behind) else None


def model_in(field: FieldInfo) -> type[BaseModel] | None:
    """The model of the table, or of the tables in the list, that `field` holds; None for a plain value."""
    models = (kind for kind in _kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(models, None)


def _near(key: str, model: type[BaseModel]) -> str:
    known = [name for name, field in model.model_fields.items() if not is_secret(field)]
    near = difflib.get_close_matches(key, known, n=3)
    return " or ".join(near) if near else "one of " + ", ".join(known)


def _variable(path: Location, table: Mapping[str, object]) -> str:
    return PREFIX + "__".join(environment_name(part) for part in dotted(path, table).split("."))
