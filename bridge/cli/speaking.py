"""How every command answers: `-o` and `--tz`, added to each of them in one place, so that a new one has them too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Any, get_type_hints
from zoneinfo import ZoneInfo

import typer

SILENT = frozenset({"run", "demo", "sandbox"})
"""Commands that stay and log; they answer nothing."""
JSON_PARAMETER = "as_json"
LOCAL = "local"


class AnswerForm(StrEnum):
    """How an answer is shown."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


Output = Annotated[
    AnswerForm | None,
    typer.Option("-o", "--output", help="table; wide: no column left out, however narrow the screen; json: as --json."),
]
TimeZone = Annotated[
    str | None,
    typer.Option(
        "--tz", metavar="ZONE", help="Times for people in this zone, such as Europe/Paris, or local [default: UTC]."
    ),
]


def speaking(app: typer.Typer) -> None:
    """Every command of `app` and of its groups that answers something takes `-o` and `--tz` from now on.

    And none takes an empty word: a variable of the shell that was never set must not choose what nobody chose.
    """
    for group in _groups(app):
        for info in group.registered_commands:
            if info.callback is None:
                continue
            answers = info.callback.__name__ not in SILENT
            info.callback = _without_empty_words(info.callback)
            if answers:
                info.callback = _with_view(info.callback)


def _groups(app: typer.Typer) -> Iterator[typer.Typer]:
    yield app
    for each in app.registered_groups:
        if each.typer_instance is not None:
            yield from _groups(each.typer_instance)


def _without_empty_words(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def call(**given: Any) -> Any:
        for name, value in given.items():
            words = value if isinstance(value, list) else [value]
            if any(isinstance(each, str) and not each.strip() for each in words):
                raise typer.BadParameter("is empty", param_hint=f"'{_typed_as(hints[name], name)}'")
        return command(**given)

    hints = get_type_hints(command, include_extras=True)
    return call


def _typed_as(hint: Any, name: str) -> str:
    """The option as it is typed; an argument by its name."""
    declared = (each for what in getattr(hint, "__metadata__", ()) for each in what.param_decls or ())
    return next((each for each in declared if each.startswith("--")), name.upper())


def _with_view(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def call(*, output: AnswerForm | None = None, tz: str | None = None, **given: Any) -> Any:
        from bridge.commands.output import VIEW

        VIEW.zone, VIEW.is_wide = _zone(tz), output is AnswerForm.WIDE
        return command(**{**given, **({JSON_PARAMETER: True} if output is AnswerForm.JSON else {})})

    hints = get_type_hints(command, include_extras=True)
    own = [each.replace(annotation=hints[each.name]) for each in inspect.signature(command).parameters.values()]
    kind = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter(name, kind, default=None, annotation=what) for name, what in _ADDED.items()]
    call.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
    call.__annotations__ = {**hints, **_ADDED}
    return call


_ADDED: dict[str, Any] = {"output": Output, "tz": TimeZone}


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    if name == LOCAL:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise typer.BadParameter(f"{name} is no time zone such as Europe/Paris", param_hint="'--tz'") from None
