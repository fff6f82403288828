"""Answers on their way out: JSON or XML, the gateway's refusals, and what a fault plan makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from starlette.types import Scope, Send

from bridge.sandbox import xml
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.errors import QboFault
from bridge.sandbox.faults import FaultRule, Kind
from bridge.sandbox.requests import Reply
from bridge.sandbox.service import fault_reply
from bridge.sandbox.settings import SandboxLimits
from bridge.sandbox.wire import Doc, dumps, gateway_fault

HTML_ERROR = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503</h1></body></html>"
JSON = "application/json;charset=UTF-8"
CHALLENGE = (("www-authenticate", 'Bearer realm="Intuit", error="invalid_token"'),)


class ConnectionDropped(httpx.RemoteProtocolError):
    """Over TCP the socket is reset; in-process the client sees this, as it would see a reset."""


@dataclass(slots=True)
class HttpAnswer:
    """Status, headers and bytes to send; `drop` resets the connection instead."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False
    outcome: str = "answered"
    replayed: bool = False
    document: Doc | None = None


def unauthorised(detail: str | None, moment: datetime) -> HttpAnswer:
    """401 for an access token that is expired, revoked or garbage; with no detail, for none at all."""
    if detail is None:
        message, code = "message=EmptyField; errorCode=003202; statusCode=401", "3202"
    else:
        message, code = "message=AuthenticationFailed; errorCode=003200; statusCode=401", "3200"
    body = gateway_fault("AUTHENTICATION", message, detail, code, moment)
    return HttpAnswer(401, dumps(body), headers=CHALLENGE, outcome="unauthorised", document=body)


def forbidden(moment: datetime) -> HttpAnswer:
    """403 for a company that the token does not reach."""
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    body = gateway_fault("SERVICE", message, None, "3100", moment)
    return HttpAnswer(403, dumps(body), outcome="forbidden", document=body)


def throttled(limits: SandboxLimits, moment: datetime) -> HttpAnswer:
    """429 (or the 403 that was seen once)."""
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={limits.throttle_status}"
    body = gateway_fault("SERVICE", message, "The request limit was reached.  Try again later", "3001", moment)
    headers = (("retry-after", str(limits.retry_after_s)),) if limits.retry_after_s is not None else ()
    return HttpAnswer(limits.throttle_status, dumps(body), headers=headers, outcome="throttled", document=body)


async def send_answer(send: Send, answer: HttpAnswer, tid: str) -> None:
    """Put it on the wire."""
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"intuit_tid", tid.encode()),
        (b"qbo-version", b"1972.141"),
        *((name.encode(), value.encode()) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def drop(scope: Scope) -> None:
    """Reset the connection: abort the transport where there is one, and never answer."""
    transport: Any = scope.get("state", {}).get("transport")
    if transport is not None:
        transport.abort()
    raise ConnectionDropped("Server disconnected without sending a response.")


def json_answer(reply: Reply, *, replayed: bool = False) -> HttpAnswer:
    """A reply of the service."""
    outcome = "fault" if reply.fault else "answered"
    return HttpAnswer(reply.status, dumps(reply.body), outcome=outcome, replayed=replayed, document=reply.body)


def failed(rule: FaultRule, outcome: str) -> HttpAnswer:
    """An HTML page with the rule's status."""
    return HttpAnswer(rule.status, HTML_ERROR.replace(b"503", str(rule.status).encode()), "text/html", outcome=outcome)


def outage(rule: FaultRule) -> HttpAnswer:
    """Nobody there: a page, or with status 0 a reset."""
    return HttpAnswer(0, b"", drop=True, outcome="outage") if rule.status == 0 else failed(rule, "outage")


def refused_before(company: SandboxCompany, plan: dict[Kind, FaultRule]) -> HttpAnswer | None:
    """What goes wrong before anything is done."""
    if "reset_before" in plan:
        return HttpAnswer(0, b"", drop=True, outcome="reset_before")
    if "fail_before" in plan:
        return failed(plan["fail_before"], "fail_before")
    if "fault" in plan:
        rule = plan["fault"]
        status = 400 if rule.status == FaultRule.status else rule.status
        return json_answer(fault_reply(company, QboFault(rule.code, rule.message, rule.detail, "", status=status)))
    return None


def spoiled(answer: HttpAnswer, plan: dict[Kind, FaultRule]) -> HttpAnswer:
    """What goes wrong after the work was done."""
    if "reset_after" in plan:
        return HttpAnswer(0, b"", drop=True, outcome="reset_after")
    if "fail_after" in plan:
        return failed(plan["fail_after"], "fail_after")
    if "html" in plan:
        return HttpAnswer(plan["html"].status, HTML_ERROR, "text/html", outcome="html")
    if "truncate" in plan:
        return HttpAnswer(answer.status, answer.body[: len(answer.body) // 2], outcome="truncated")
    return answer


def as_xml(answer: HttpAnswer) -> None:
    """Change an answer's representation."""
    if answer.document is not None:
        answer.body, answer.content_type = xml.render(answer.document), "application/xml;charset=UTF-8"
