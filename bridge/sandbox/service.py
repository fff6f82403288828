"""The accounting API, `/v3/company/{realm}/…`: from a parsed request to an answer, without knowing HTTP's bytes.

Order of refusal: token (401), company (403), limits (429), then QuickBooks itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import structlog

from bridge.sandbox import cdc, select
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.errors import (
    QboFault,
    invalid_property,
    not_found,
    something_went_wrong,
    unsupported_operation,
)
from bridge.sandbox.exchange_rates import exchange_rate
from bridge.sandbox.faults import CallTraits
from bridge.sandbox.kinds import KINDS
from bridge.sandbox.requests import Reply
from bridge.sandbox.send import send
from bridge.sandbox.taxservice import create_tax_code
from bridge.sandbox.wire import Doc, loads, stamp_ms
from bridge.sandbox.writes import write

log = structlog.get_logger(__name__)

BY_PATH = {name.casefold(): kind for name, kind in KINDS.items()}


@dataclass(slots=True)
class Call:
    """One request to the API, taken apart."""

    method: str
    realm: str
    resource: str
    rest: tuple[str, ...]
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]
    kind: str = "other"
    operation: str = "other"
    entity: str = ""
    document: Any = None
    problem: QboFault | None = None
    items: list[Any] = field(default_factory=list)

    @property
    def request_id(self) -> str | None:
        """The `requestid` of a write; an empty one is none."""
        return self.query.get("requestid") or None

    def traits(self) -> CallTraits:
        """What the fault plan looks at."""
        operations = {self.operation, self.kind}
        entities = {self.entity.casefold()}
        for item in self.items:
            entity, operation = item_traits(item)
            entities.add(entity.casefold())
            operations.add(operation)
            operations.add("query" if operation == "query" else "write")
        return CallTraits(self.realm, frozenset(entities), frozenset(operations), self.request_id, self.body)


def parse_call(method: str, path: str, query: bytes, body: bytes, headers: dict[str, str]) -> Call:
    """Take a request apart; what is wrong with its body waits until the token was looked at."""
    parts = [part for part in path.split("/") if part]
    realm, resource, *rest = (*parts[2:], "", "")[: max(len(parts) - 2, 2)]
    call = Call(
        method, realm, resource.casefold(), tuple(rest), dict(parse_qsl(query.decode("latin-1"), True)), body, headers
    )
    try:
        _classify(call)
    except QboFault as fault:
        call.problem = fault
    return call


def _classify(call: Call) -> None:
    kind = BY_PATH.get(call.resource)
    if call.resource == "query":
        call.kind = call.operation = "query"
    elif call.resource == "cdc":
        call.kind = call.operation = "cdc"
    elif call.resource == "batch" and call.method == "POST":
        call.kind = call.operation = "batch"
        call.document = parse_body(call.body)
        listed = call.document.get("BatchItemRequest") if isinstance(call.document, dict) else None
        if not isinstance(listed, list):
            raise invalid_property()
        call.items = listed
    elif call.resource == "exchangerate" and call.method == "GET":
        call.kind, call.operation, call.entity = "read", "read", "ExchangeRate"
    elif call.resource == "taxservice" and call.method == "POST":
        call.kind, call.operation, call.entity = "write", "create", "TaxService"
        call.document = parse_body(call.body)
    elif kind is not None:
        call.entity = kind.name
        _classify_entity(call)


def _classify_entity(call: Call) -> None:
    if call.method == "GET":
        call.kind, call.operation = ("read", "pdf") if call.rest[1:] == ("pdf",) else ("read", "read")
    elif call.method == "POST" and call.rest[1:] == ("send",):
        call.kind, call.operation = "write", "send"
    elif call.method == "POST":
        call.kind, call.operation = "write", "update"
        call.document = parse_body(call.body)
        call.operation = write_operation(call.document, call.query.get("operation", ""), call.query.get("include", ""))


def parse_body(body: bytes) -> Any:
    """The JSON of a body: bytes that are not UTF-8 are the recorded fault 500, anything else unreadable is 2010."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise QboFault(
            "500",
            "Unsupported Operation",
            "Operation com.sun.org.apache.xerces.internal.impl.io.MalformedByteSequenceException: "
            "Invalid byte 1 of 1-byte UTF-8 sequence is not supported.",
        ) from error
    try:
        return loads(body)
    except ValueError as error:
        raise invalid_property() from error


def write_operation(document: Any, operation: str, include: str) -> str:
    """create, update, delete or void: by the `operation` and `include` of the URL, else by the Id in the body."""
    operation = operation.casefold()
    if operation in ("delete", "void"):
        return operation
    if "void" in include.split(","):
        return "void"
    if operation not in ("", "create", "update"):
        raise unsupported_operation(operation)
    return "update" if isinstance(document, dict) and document.get("Id") else "create"


def item_traits(item: Any) -> tuple[str, str]:
    """Entity and operation of one batch item."""
    if not isinstance(item, dict):
        return "", "other"
    if "Query" in item:
        return "", "query"
    entity = next((name for name in item if name in KINDS), "")
    operation = str(item.get("operation", "")).casefold()
    return entity, "void" if item.get("optionsData") == "void" else operation


def fault_reply(company: SandboxCompany, fault: QboFault) -> Reply:
    """A fault as QuickBooks answers it."""
    return Reply(fault.status, {"Fault": fault.body(), "time": now(company)}, fault=True)


def now(company: SandboxCompany) -> str:
    """The `time` of an answer."""
    return stamp_ms(company.clock.now(), company.zone)


def run_write(company: SandboxCompany, call: Call) -> Reply:
    """A single write."""
    if call.problem is not None:
        return fault_reply(company, call.problem)
    try:
        if call.entity == "TaxService":
            return Reply(200, {**create_tax_code(company, call.document), "time": now(company)})
        if call.operation == "send":
            doc = send(company, KINDS[call.entity], call.rest[0], call.query.get("sendTo", ""))
        else:
            doc = write(company, call.entity, call.document, call.operation, call.query.get("include", ""))
    except QboFault as fault:
        return fault_reply(company, fault)
    except Exception:
        log.exception("sandbox.mistake", entity=call.entity, operation=call.operation)
        return fault_reply(company, something_went_wrong())
    return Reply(200, {call.entity: doc, "time": now(company)})


def run_read(company: SandboxCompany, call: Call) -> Reply:
    """Everything that changes nothing: read by id, query, change data capture."""
    try:
        if call.problem is not None:
            raise call.problem
        return Reply(200, {**_read(company, call), "time": now(company)})
    except QboFault as fault:
        return fault_reply(company, fault)


def _read(company: SandboxCompany, call: Call) -> Doc:
    if call.kind == "query":
        text = call.query.get("query") or (_query_text(call) if call.method == "POST" else "")
        return {"QueryResponse": select.run(company, text)}
    if call.kind == "cdc":
        return cdc.changes(company, call.query.get("entities", ""), call.query.get("changedSince", ""))
    if call.kind != "read":
        raise _no_resource(call)
    if call.entity == "ExchangeRate":
        return {"ExchangeRate": exchange_rate(company, call.query)}
    doc = read(company, KINDS[call.entity], call.rest[0] if call.rest else "")
    if call.entity == "Invoice" and "invoicelink" in call.query.get("include", "").casefold():
        doc = _with_link(company, doc)
    return {call.entity: doc}


def _with_link(company: SandboxCompany, doc: Doc) -> Doc:
    """The pay-now link: only where online payment is allowed and a BillEmail is there (third-party test)."""
    online = doc["AllowOnlineCreditCardPayment"] or doc["AllowOnlineACHPayment"] or doc["AllowOnlinePayment"]
    if not online or not doc.get("BillEmail", {}).get("Address"):
        return doc
    return {**doc, "InvoiceLink": f"https://connect.intuit.com/t/scs-v1-sandbox-{company.realm}-{doc['Id']}"}


def _query_text(call: Call) -> str:
    try:
        return call.body.decode()
    except UnicodeDecodeError as error:
        raise select.invalid_query("the query is not UTF-8") from error


def _no_resource(call: Call) -> QboFault:
    if call.resource in BY_PATH or call.resource in ("query", "cdc", "batch"):
        detail = f"No resource method found for {call.method}, return 405 with Allow header"
        return QboFault("500", "Unsupported Operation", detail, status=405)
    return QboFault("2000", "Invalid or unsupported object name", f"Object Name: {call.resource}")


def read(company: SandboxCompany, kind: Kind, entity_id: str) -> Doc:
    """One entity; the company's own two are there under any id."""
    if kind.name in ("Preferences", "CompanyInfo"):
        return company.tables[kind.name]["1"]
    if not entity_id:
        detail = "No resource method found for GET, return 405 with Allow header"
        raise QboFault("500", "Unsupported Operation", detail, status=405)
    doc = company.find(kind.name, entity_id)
    if doc is None:
        raise not_found()
    return kind.present(company, doc)
