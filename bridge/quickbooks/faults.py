"""What QBO's refusals mean. `parse` reads any shape of refusal, `classify` says what to do about it.

Two envelopes exist: the service's (`Fault`/`Error`/`Message`/`Detail`) and the gateway's (`fault`/`error`/…, lower
case), each as JSON or as XML; the token endpoint has OAuth's own. Texts are localised in non-English companies, so
only codes, HTTP statuses and the machine-made parts of a detail (`TxnId=`, `Id=`, a Java class name) are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

from bridge.quickbooks import wire
from bridge.quickbooks.fault_codes import ACTIONS, CONFLICTS, QUIET_DETAILS, SUSPECTS, Action

NO_ANSWER = "no_answer"
"""Our own code: nothing came back (timeout, reset, refused connection), so the outcome is unknown."""
UNREADABLE = "unreadable"
"""Our own code: what came back is no whole answer (HTML, cut-off JSON, the entity or a bId missing)."""

_XML_BYTES_MAX = 65_536
_DETAIL_MAX = 500
_TXN_ID = re.compile(r"TxnId=(\d+)")
_NAME_ID = re.compile(r"\bId=(\d+)")
_INTERNAL = "(-30000)"
_JAVA = re.compile(r"\b(?:java|javax|com\.sun|com\.intuit)\.")
_SUPPLIED = re.compile(r"(supplied value\s*:?).*", re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One refusal. `code` has no leading zeros; `others` are further codes of the same answer.

    `detail` may quote names, mail addresses or the head of a token: it is kept out of `repr`; show `describe`.
    `http_status` is 200 for an item of a batch and 0 when nothing came back.
    """

    code: str
    message: str = ""
    detail: str = field(default="", repr=False)
    element: str = ""
    type: str = ""
    http_status: int = 0
    intuit_tid: str | None = None
    retry_after_s: float | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What to do about a fault.

    `reason_code` is the result's, when it comes to that. `entity_id` is the holder of a duplicate name or number,
    when QBO says it; `element` is the gone reference. `suspect`: it may pass when the same bytes are sent again.
    """

    action: Action
    reason_code: str = "rejected"
    retry_after_s: float | None = None
    entity_id: str | None = None
    element: str | None = None
    suspect: bool = False


def classify(fault: Fault) -> Disposition:
    """The disposition of `fault`: 429 and dead tokens first, then any 5xx, then the code, last the other statuses.

    A 5xx decides over the code, because a code that means a refusal on 400 says nothing of what was done on 500.
    """
    action = ACTIONS.get(fault.code)
    if fault.http_status == 429 or action is Action.THROTTLED:
        return Disposition(action=Action.THROTTLED, retry_after_s=fault.retry_after_s)
    if action in (Action.REFRESH_TOKEN, Action.RECONNECT):
        return Disposition(action=action)
    if fault.http_status >= 500:
        return Disposition(action=Action.RETRY_SAME, retry_after_s=fault.retry_after_s)
    match action:
        case None:
            return Disposition(action=_by_status(fault.http_status))
        case Action.DUPLICATE_NUMBER:
            return Disposition(action=action, reason_code="conflict", entity_id=_first(_TXN_ID, fault.detail))
        case Action.DUPLICATE_NAME:
            return Disposition(action=action, reason_code="conflict", entity_id=_first(_NAME_ID, fault.detail))
        case Action.REFERENCE_MISSING:
            return Disposition(action=action, element=fault.element or None)
        case Action.PERIOD_CLOSED:
            return Disposition(action=action, reason_code="period_closed")
        case Action.STALE | Action.DUPLICATE_REQUEST:
            return Disposition(action=action, reason_code="conflict")
        case Action.REJECT:
            reason = "conflict" if fault.code in CONFLICTS else "rejected"
            return Disposition(action=action, reason_code=reason, suspect=_is_suspect(fault))
    return Disposition(action=action)


Loads = Callable[[bytes], dict[str, Any] | None]
"""What decodes an answer: the JSON object in these bytes, None for whatever is not a whole one."""


def read(
    raw: bytes,
    *,
    http_status: int,
    intuit_tid: str | None = None,
    retry_after_s: float | None = None,
    loads: Loads = wire.loads,
) -> dict[str, Any] | Fault:
    """An answer's body as a whole JSON object, or the fault in it; what is no JSON object is a fault too."""
    body = loads(raw)
    found = in_body(body, http_status=http_status) if body is not None else _in_xml(raw, http_status)
    if found is None and body is not None and http_status < 300:
        return body
    found = found or Fault(code=UNREADABLE, http_status=http_status)
    return replace(found, intuit_tid=intuit_tid, retry_after_s=retry_after_s)


def in_body(body: Mapping[str, Any], *, http_status: int) -> Fault | None:
    """The fault in a decoded answer or batch item, of whatever envelope; None without one."""
    if isinstance(grant := body.get("error"), str):  # OAuth: {"error": "invalid_grant", "error_description": …}
        return Fault(code=grant, message=str(body.get("error_description") or ""), http_status=http_status)
    envelope = body.get("Fault") or body.get("fault")
    if not isinstance(envelope, Mapping):
        return None
    errors = envelope.get("Error") or envelope.get("error") or []
    listed = errors if isinstance(errors, list) else [errors]
    kind = str(envelope.get("type") or "")
    faults = [_of_error(error, kind, http_status) for error in listed if isinstance(error, Mapping)]
    return _leading(faults) if faults else Fault(code=UNREADABLE, type=kind, http_status=http_status)


def describe(fault: Fault) -> str:
    """One sentence for people and results: code, QBO's message, where, and the id to quote to support.

    What a detail quotes from the request (`Supplied value:`), mail addresses, and details that name people or
    tokens are left out.
    """
    parts = [f"QBO fault {fault.code}"]
    if fault.element:
        parts.append(f"at {fault.element}")
    said = _safe(fault.message)
    if fault.detail and fault.code not in QUIET_DETAILS:
        detail = _safe(fault.detail)
        said = detail if detail.startswith(said) else f"{said}: {detail}"
    sentence = " ".join(parts) + (f": {said}" if said else "")
    if fault.others:
        sentence += f" (also {', '.join(fault.others)})"
    return sentence + (f" [intuit_tid {fault.intuit_tid}]" if fault.intuit_tid else "")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a `Retry-After` header, given as a number or as a date; None without a usable one."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
        left = (until - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(0.0, left)


def _by_status(http_status: int) -> Action:
    """Without a known code: 401 is the token's, 405, 411, 413, 414 and 415 are the request's, the rest is unknown."""
    if http_status == 401:
        return Action.REFRESH_TOKEN
    return Action.REJECT if http_status in (405, 411, 413, 414, 415) else Action.RETRY_SAME


def _is_suspect(fault: Fault) -> bool:
    """Generic failures may pass on a second try, unless they name a Java exception: that is about the input."""
    if fault.code == "6000":
        return _INTERNAL in fault.detail
    if fault.code == "10000" and fault.http_status != 200:  # a lone 400: recorded only for bad input
        return False
    return fault.code in SUSPECTS and not _JAVA.search(fault.detail)


def _of_error(error: Mapping[str, Any], kind: str, http_status: int) -> Fault:
    def text(*names: str) -> str:
        return next((str(error[name]) for name in names if error.get(name) is not None), "")

    return Fault(
        code=_plain_code(text("code")),
        message=text("Message", "message"),
        detail=text("Detail", "detail"),
        element=text("element"),
        type=kind,
        http_status=http_status,
    )


def _in_xml(raw: bytes, http_status: int) -> Fault | None:
    """The XML envelope of the gateway; entity declarations are refused, so nothing expands."""
    if len(raw) > _XML_BYTES_MAX or b"<!" in raw or b"<Fault" not in raw:
        return None
    try:
        root = ET.fromstring(raw)  # noqa: S314 - bounded, and declarations were refused above
    except ET.ParseError:
        return None
    errors = [node for node in root.iter() if _tag(node) == "Error"]
    kinds = [node.get("type", "") for node in root.iter() if _tag(node) == "Fault"]
    faults = [_of_error(_xml_fields(node), kinds[0] if kinds else "", http_status) for node in errors]
    return _leading(faults) if faults else None


def _xml_fields(node: ET.Element) -> dict[str, str]:
    return {**node.attrib, **{_tag(child): child.text or "" for child in node}}


def _tag(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


_RANK = {Action.THROTTLED: 0, Action.REFRESH_TOKEN: 0, Action.RECONNECT: 0, Action.REJECT: 2}


def _leading(faults: list[Fault]) -> Fault:
    """The error that decides when one answer has several (6140 and 2020 were recorded together).

    Trouble of the connection before trouble that can be resolved before plain rejection.
    """
    first = min(faults, key=lambda fault: _RANK.get(classify(fault).action, 1))
    return replace(first, others=tuple(fault.code for fault in faults if fault is not first))


def _plain_code(code: str) -> str:
    return code.lstrip("0") or "0" if code.isdigit() else code


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found.group(1) if found else None


def _safe(text: str) -> str:
    return _MAIL.sub("…", _SUPPLIED.sub(r"\1 …", text))[:_DETAIL_MAX].strip()
