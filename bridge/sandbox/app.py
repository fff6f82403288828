"""HTTP on the sandbox: an ASGI application, mountable in-process or served by `server`.

The API itself is plain ASGI (it is the hot path); everything beside it is ordinary Starlette.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from bridge.sandbox import batch, pdf
from bridge.sandbox.admin import admin_routes
from bridge.sandbox.answers import (
    HttpAnswer,
    as_xml,
    drop,
    forbidden,
    json_answer,
    outage,
    refused_before,
    send_answer,
    spoiled,
    throttled,
    unauthorised,
)
from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.errors import QboFault, not_found, unsupported_operation
from bridge.sandbox.faults import REQUEST_KINDS, FaultRule, Kind
from bridge.sandbox.human import act
from bridge.sandbox.requests import Reply, check_length, fingerprint, once
from bridge.sandbox.sandbox import Realm, Sandbox
from bridge.sandbox.send import SENDABLE
from bridge.sandbox.service import Call, fault_reply, parse_call, run_read, run_write
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.tokens import token_routes
from bridge.sandbox.wire import Doc

Wait = Callable[[], Awaitable[None]]


def create_app(
    settings: SandboxSettings | None = None,
    clock: SandboxClock | None = None,
    webhook_transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """The whole sandbox as an ASGI application; `app.state.sandbox` is the object behind it."""
    sandbox = Sandbox(settings, clock, webhook_transport)
    api = AccountingApi(sandbox)
    routes = [Mount("/v3", app=api), *token_routes(sandbox), *admin_routes(sandbox)]
    app = Starlette(routes=routes)
    app.state.sandbox, app.state.api = sandbox, api
    return app


class AccountingApi:
    """`/v3/company/{realm}/…`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._late: set[asyncio.Task[tuple[Reply, bool]]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP exchange."""
        body = await _read_body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = parse_call(scope["method"], scope["path"], scope["query_string"], body, headers)
        moment = self._sandbox.clock.now()
        tid = self._sandbox.tids.next(moment)
        answer = await self._answer(call)
        if self._wants_xml(headers.get("accept", "")):
            as_xml(answer)
        self._record(call, answer, tid)
        if answer.drop:
            drop(scope)
        await send_answer(send, answer, tid)

    def _wants_xml(self, accept: str) -> bool:
        """XML for who asks for it; by switch for who says nothing, and for who takes anything."""
        if "json" in accept:
            return False
        switches = self._sandbox.settings.switches
        default = switches.wildcard_representation if "*" in accept else switches.default_representation
        return "xml" in accept or default == "xml"

    async def _answer(self, call: Call) -> HttpAnswer:
        sandbox = self._sandbox
        plan = sandbox.faults.take(call.traits(), REQUEST_KINDS) if sandbox.faults.rules else {}
        if "outage" in plan:
            return outage(plan["outage"])
        self._end_tokens(plan)
        client, refusal = self._authorised(call)
        if refusal is not None:
            return refusal
        realm = sandbox.realms[call.realm]
        entered = realm.throttle.enter(client, len(call.items) if call.kind == "batch" else None)
        if not entered or "throttle" in plan:
            if entered:
                realm.throttle.leave(client)
            return self._throttled()
        try:
            return await self._served(realm, call, plan)
        finally:
            realm.throttle.leave(client)

    async def _served(self, realm: Realm, call: Call, plan: dict[Kind, FaultRule]) -> HttpAnswer:
        sandbox = self._sandbox
        before = self._latency(plan)
        if "human" in plan:
            self._interfere(realm, plan["human"])
        refusal = refused_before(realm.company, plan)
        if refusal is not None:
            await before()
            return refusal
        if "late_apply" in plan:
            return self._applied_later(realm, call, plan["late_apply"].seconds)
        if call.operation == "pdf":
            return self._pdf(realm, call)
        if call.operation == "send" and not realm.throttle.may_email():
            return self._throttled()
        hidden = plan.get("late_visibility")
        earlier = {name: dict(table) for name, table in realm.company.tables.items()} if hidden else {}
        reply, replayed = await self._applied(realm, call, before)
        if hidden is not None:
            _hide(realm.company, earlier, sandbox.clock.monotonic() + hidden.seconds)
        if "delay_after" in plan:
            await sandbox.clock.sleep(plan["delay_after"].seconds)
        return spoiled(json_answer(reply, replayed=replayed), plan)

    def _latency(self, plan: dict[Kind, FaultRule]) -> Wait:
        """What passes between accepting a request and applying it: the latency model, and a delay on demand."""
        low, high = self._sandbox.settings.latency_ms
        seconds = self._sandbox.random.uniform(low, high) / 1000 if high else 0.0
        if "delay" in plan:
            seconds += plan["delay"].seconds

        async def wait() -> None:
            if seconds:
                await self._sandbox.clock.sleep(seconds)

        return wait

    def _applied_later(self, realm: Realm, call: Call, seconds: float) -> HttpAnswer:
        """Drop the connection now and apply the request when its time has come."""

        async def wait() -> None:
            await self._sandbox.clock.sleep(seconds)

        task = asyncio.ensure_future(self._applied(realm, call, wait))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return HttpAnswer(0, b"", drop=True, outcome="late_apply")

    def _interfere(self, realm: Realm, rule: FaultRule) -> None:
        """A person is quicker; what the rules refuse to a person simply does not happen."""
        with contextlib.suppress(QboFault, ValueError, KeyError):
            act(realm.company, rule.do)

    async def _applied(self, realm: Realm, call: Call, before: Wait) -> tuple[Reply, bool]:
        """The answer, from memory if the requestid has one."""
        company = realm.company
        try:
            if call.kind == "batch":
                batch.check(call, self._sandbox.settings.limits.batch_items)
                return await self._batched(realm, call, before)
            if call.request_id is not None and call.kind == "write":
                check_length(call.request_id)
        except QboFault as fault:
            return fault_reply(company, fault), False
        if call.kind != "write":
            await before()
            return run_read(company, call), False

        async def apply() -> Reply:
            await before()
            return run_write(company, call)

        try:
            return await once(realm.requests, call.request_id, fingerprint(call.body), apply)
        except QboFault as fault:
            return fault_reply(company, fault), False

    async def _batched(self, realm: Realm, call: Call, before: Wait) -> tuple[Reply, bool]:
        whole = self._sandbox.settings.switches.batch_request_id == "requestid_alone"
        realm.stats.requests["batch_item"] += len(call.items)

        async def apply() -> Reply:
            reply, _ = await batch.run(self._sandbox, realm, call, None, before)
            return reply

        if whole:
            return await once(realm.requests, call.request_id, fingerprint(call.body), apply)
        reply, replays = await batch.run(self._sandbox, realm, call, call.request_id, before)
        return reply, all(replays)

    def _pdf(self, realm: Realm, call: Call) -> HttpAnswer:
        doc = realm.company.find(call.entity, call.rest[0])
        if call.entity not in SENDABLE or doc is None:
            fault = unsupported_operation("pdf") if call.entity not in SENDABLE else not_found()
            return json_answer(fault_reply(realm.company, fault))
        return HttpAnswer(200, pdf.render(call.entity, doc), "application/pdf")

    # -- refusals of the gateway -----------------------------------------------------------------------------------

    def _authorised(self, call: Call) -> tuple[str, HttpAnswer | None]:
        moment = self._sandbox.clock.now()
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return "", unauthorised(None, moment)
        grant, detail = self._sandbox.tokens.holder(token.strip())
        if grant is None:
            return "", unauthorised(detail, moment)
        if grant.realm != call.realm or call.realm not in self._sandbox.realms:
            return "", forbidden(moment)
        return grant.client_id, None

    def _throttled(self) -> HttpAnswer:
        return throttled(self._sandbox.settings.limits, self._sandbox.clock.now())

    def _end_tokens(self, plan: dict[Kind, FaultRule]) -> None:
        if "token_expired" in plan:
            self._sandbox.tokens.expire_access(plan["token_expired"].realm)
        if "token_revoked" in plan:
            self._sandbox.tokens.revoke_realm(plan["token_revoked"].realm)

    def _record(self, call: Call, answer: HttpAnswer, tid: str) -> None:
        realm = self._sandbox.realms.get(call.realm)
        if realm is None:
            return
        outcome = "replayed" if answer.replayed and answer.outcome == "answered" else answer.outcome
        request: Doc = {
            "time": self._sandbox.clock.now().isoformat(timespec="milliseconds"),
            "kind": call.kind,
            "operation": call.operation,
            "entity": call.entity or call.resource,
            "requestid": call.request_id,
            "items": len(call.items) or None,
            "outcome": outcome,
            "status": answer.status,
            "intuit_tid": tid,
        }
        realm.stats.record(call.kind, outcome, answer.status, request)


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


def _hide(company: SandboxCompany, before: dict[str, dict[str, Doc]], until: float) -> None:
    """Let queries and change data capture see what changed as it was before, or not at all if it was not there."""
    for entity, table in company.tables.items():
        for entity_id, doc in table.items():
            old = before[entity].get(entity_id)
            if old is not doc:
                company.hidden[entity, entity_id] = (until, old)
