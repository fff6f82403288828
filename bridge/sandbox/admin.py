"""The sandbox's own surface under `/sandbox/`: what it holds, what goes wrong on demand, its clock, its switches."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bridge.sandbox.entities.settings import merged, of_kind
from bridge.sandbox.errors import QboFault
from bridge.sandbox.exchange_rates import rates_by_day
from bridge.sandbox.faults import YEAR_S
from bridge.sandbox.human import act
from bridge.sandbox.page import render
from bridge.sandbox.sandbox import Realm, Sandbox
from bridge.sandbox.stats import ledger_shown
from bridge.sandbox.wire import Doc, dumps, loads

Handler = Callable[[Request], Awaitable[Response]]
_SET_BY_A_PERSON = frozenset({"book_close_date", "preferences", "subscription_ended", "daily_rates", "default_rates"})


def answered(document: Any, status: int = 200) -> Response:
    """JSON with exact numbers."""
    return Response(dumps(document), status, media_type="application/json")


def admin_routes(sandbox: Sandbox) -> list[Route]:
    """All `/sandbox/` routes; `?realm=` picks a company, else it is the first."""
    return [*_read_routes(sandbox), *_hands(sandbox)]


def _realm(sandbox: Sandbox, request: Request) -> Realm:
    return sandbox.realms[request.query_params.get("realm") or sandbox.settings.realms[0]]


def _read_routes(sandbox: Sandbox) -> list[Route]:
    async def stats(request: Request) -> Response:
        realm = _realm(sandbox, request)
        return answered(realm.stats.shown(realm.company))

    async def ledger(request: Request) -> Response:
        return answered(ledger_shown(_realm(sandbox, request).company))

    async def page(_request: Request) -> Response:
        return HTMLResponse(render(sandbox))

    return [
        Route("/sandbox/", page),
        Route("/sandbox/stats", _guarded(stats)),
        Route("/sandbox/ledger", _guarded(ledger)),
    ]


def _hands(sandbox: Sandbox) -> list[Route]:
    async def faults(request: Request) -> Response:
        if request.method == "POST":
            made = sandbox.faults.add_json(loads(await request.body()))
            return answered({"faults": [rule.shown() for rule in made]})
        if request.method == "DELETE":
            sandbox.faults.clear(request.path_params.get("rule_id"))
        return answered({"faults": [rule.shown() for rule in sandbox.faults.rules]})

    async def clock(request: Request) -> Response:
        seconds = float(loads(await request.body())["advance_s"])
        if not 0 <= seconds <= YEAR_S:
            raise ValueError(f"advance_s must be from 0 to {YEAR_S}")
        sandbox.clock.advance(seconds)
        return answered({"now": sandbox.clock.now().isoformat()})

    async def company(request: Request) -> Response:
        return answered(set_switches(_realm(sandbox, request), loads(await request.body())))

    async def person(request: Request) -> Response:
        try:
            return answered(act(_realm(sandbox, request).company, loads(await request.body())))
        except QboFault as fault:
            return answered({"Fault": fault.body()}, fault.status)

    async def token(request: Request) -> Response:
        return answered({"access_token": sandbox.access_token(request.query_params.get("realm"))})

    return [
        Route("/sandbox/faults", _guarded(faults), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/faults/{rule_id:int}", _guarded(faults), methods=["DELETE"]),
        Route("/sandbox/clock", _guarded(clock), methods=["POST"]),
        Route("/sandbox/company", _guarded(company), methods=["POST"]),
        Route("/sandbox/human", _guarded(person), methods=["POST"]),
        Route("/sandbox/token", _guarded(token), methods=["POST"]),
    ]


def _guarded(handler: Handler) -> Handler:
    """What a caller got wrong is a 400 with one sentence."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, TypeError, KeyError, StopIteration, QboFault) as error:
            return answered({"error": f"{type(error).__name__}: {error}"}, 400)

    return guarded


def set_switches(realm: Realm, wanted: Doc) -> Doc:
    """What only a person can set in the product.

    `{"book_close_date": "2026-01-31" | null, "subscription_ended": true, "preferences": {…}}`, and rates of exchange:
    `{"daily_rates": {"EUR": {"2026-04-02": "1.0850"}, "JPY": "0.0067"}, "default_rates": {"EUR": "1.1"}}`, what
    `exchangerate` answers, and what a document without a rate gets (1 where nothing is said).
    """
    unknown = set(wanted) - _SET_BY_A_PERSON
    if unknown:
        known = ", ".join(sorted(_SET_BY_A_PERSON))
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {known}")
    company = realm.company
    company.suspended = bool(wanted.get("subscription_ended", company.suspended))
    company.daily_rates |= rates_by_day(wanted.get("daily_rates", {}))
    company.default_rates |= {code: Decimal(str(rate)) for code, rate in wanted.get("default_rates", {}).items()}
    old = company.tables["Preferences"]["1"]
    doc = merged(old, of_kind(old, wanted.get("preferences", {})))
    if "book_close_date" in wanted:
        accounting = {name: value for name, value in doc["AccountingInfoPrefs"].items() if name != "BookCloseDate"}
        if wanted["book_close_date"] is not None:
            accounting["BookCloseDate"] = date.fromisoformat(str(wanted["book_close_date"])).isoformat()
        doc = {**doc, "AccountingInfoPrefs": accounting}
    company.begin()
    company.put("Preferences", {**doc, **company.bumped(old)})
    company.commit()
    return company.tables["Preferences"]["1"]
