"""The query language: a grammar, its syntax tree, and the 4000 faults of what does not parse.

    SELECT * | COUNT(*) | property, … FROM Entity [WHERE property op value AND …]
    [ORDERBY property [ASC|DESC], …] [STARTPOSITION n] [MAXRESULTS m]

Keywords are case-insensitive; strings stand in single quotes, with a backslash before a quote inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken
from lark.exceptions import UnexpectedEOF, UnexpectedInput

from bridge.sandbox.errors import QboFault

PAGE_DEFAULT = 100
PAGE_MAX = 1000

GRAMMAR = r"""
query: "SELECT"i selection "FROM"i IDENTIFIER [where] [order] paging*
selection: "*" ("," IDENTIFIER)* -> everything
    | "COUNT"i "(" "*" ")" -> count
    | IDENTIFIER ("," IDENTIFIER)* -> properties
where: "WHERE"i condition ("AND"i condition)*
condition: IDENTIFIER OPERATOR value -> compare
    | IDENTIFIER "IN"i "(" value ("," value)* ")" -> among
    | IDENTIFIER "LIKE"i STRING -> like
value: STRING | NUMBER | BOOLEAN | CURRENT_DATE
order: (ORDERBY | "ORDER"i "BY"i) ordering ("," ordering)*
ordering: IDENTIFIER [DIRECTION]
paging: "STARTPOSITION"i NUMBER -> start
    | "MAXRESULTS"i NUMBER -> limit
OPERATOR: "<=" | ">=" | "=" | "<" | ">"
ORDERBY: "ORDERBY"i
DIRECTION.2: /(ASC|DESC)\b/i
BOOLEAN.2: /(true|false)\b/i
CURRENT_DATE.2: /CURRENT_DATE\b/i
STRING: /'(\\.|[^'\\])*'/
NUMBER: /-?\d+(\.\d+)?/
IDENTIFIER: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/
%import common.WS
%ignore WS
"""


class BareNumber(str):
    """A number without quotes, and where it stands: the real parser was seen to refuse it."""

    def __new__(cls, text: str, line: int, column: int) -> BareNumber:
        """The text with its place."""
        made = super().__new__(cls, text)
        made.place = (line, column)
        return made

    place: tuple[int, int]

    def refusal(self) -> QboFault:
        """Fault 4000 at this place."""
        return _fault(f'" <INTEGER> "{self} ""', *self.place)


@dataclass(frozen=True, slots=True)
class Condition:
    """`property operator values`; `in` has many values, the others one."""

    name: str
    operator: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A query as written; `properties` is None for `*`."""

    entity: str
    count: bool
    properties: tuple[str, ...] | None
    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: str
    limit: str


class _Build(Transformer[Token, Query]):
    def everything(self, _children: list[Token]) -> tuple[bool, tuple[str, ...] | None]:
        return False, None

    def count(self, _children: list[Token]) -> tuple[bool, tuple[str, ...] | None]:
        return True, None

    def properties(self, children: list[Token]) -> tuple[bool, tuple[str, ...] | None]:
        return False, tuple(str(child) for child in children)

    def value(self, children: list[Token]) -> str | bool:
        token = children[0]
        if token.type == "STRING":
            return _unquoted(str(token))
        if token.type == "NUMBER":
            return BareNumber(token, token.line or 1, token.column or 1)
        return token.lower() == "true" if token.type == "BOOLEAN" else str(token)

    def compare(self, children: list[Any]) -> Condition:
        return Condition(str(children[0]), str(children[1]), (children[2],))

    def among(self, children: list[Any]) -> Condition:
        return Condition(str(children[0]), "in", tuple(children[1:]))

    def like(self, children: list[Token]) -> Condition:
        return Condition(str(children[0]), "like", (_unquoted(str(children[1])),))

    def where(self, children: list[Condition]) -> tuple[Condition, ...]:
        return tuple(children)

    def ordering(self, children: list[Token | None]) -> tuple[str, bool]:
        return str(children[0]), children[1] is not None and str(children[1]).upper() == "DESC"

    def order(self, children: list[Any]) -> tuple[tuple[str, bool], ...]:
        return tuple(child for child in children if isinstance(child, tuple))

    def start(self, children: list[Token]) -> tuple[str, str]:
        return "start", str(children[0])

    def limit(self, children: list[Token]) -> tuple[str, str]:
        return "limit", str(children[0])

    def query(self, children: list[Any]) -> Query:
        (count, properties), entity, where, order, *paging = children
        pages = dict(paging)
        return Query(
            str(entity),
            count,
            properties,
            where or (),
            order or (),
            pages.get("start", "1"),
            pages.get("limit", str(PAGE_DEFAULT)),
        )


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return inner.replace("\\'", "'").replace("\\\\", "\\") if "\\" in inner else inner


_PARSER = Lark(GRAMMAR, start="query", parser="lalr", maybe_placeholders=True)
_BUILD = _Build()


@lru_cache(maxsize=1024)
def parse(text: str) -> Query:
    """The query, or fault 4000 with the place of the first word that does not fit."""
    try:
        return _BUILD.transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise _parse_fault(text, error) from None


def _parse_fault(text: str, error: UnexpectedInput) -> QboFault:
    """The wording of the real parser: kind of the token met (or its text), then where it stands."""
    line, column = error.line, error.column
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        last = text.splitlines() or [""]
        return _fault('"<EOF>"', len(last), len(last[-1]))
    if isinstance(error, UnexpectedToken):
        token = error.token
        kind = {"IDENTIFIER": "<IDENTIFIER>", "STRING": "<STRING>", "NUMBER": "<INTEGER>"}.get(token.type, f'"{token}"')
        return _fault(f'" {kind} "{token} ""', line, column)
    assert isinstance(error, UnexpectedCharacters)  # noqa: S101 - the only kind that is left
    rest = text.splitlines()[line - 1][column - 1 :].split(" ")[0]
    kind = "<STRING>" if rest.startswith("'") else "<ANY>"
    return _fault(f'" {kind} "{rest}"', line, column)


def _fault(met: str, line: int, column: int) -> QboFault:
    return QboFault(
        "4000", "Error parsing query", f"QueryParserError: Encountered {met} at line {line}, column {column}."
    )
