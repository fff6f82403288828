"""The XML representation: what a client gets that does not ask for JSON, if the switch says so.

Only answers; the sandbox reads JSON. Element names are the property names, lists repeat their element, `domain` and
`sparse` are attributes (schema of the service).
"""

from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from bridge.sandbox.wire import Doc

NAMESPACE = "http://schema.intuit.com/finance/v3"
ATTRIBUTES = (
    "domain",
    "sparse",
    "status",
    "startPosition",
    "maxResults",
    "totalCount",
    "bId",
    "type",
    "code",
    "element",
)


def render(body: Doc) -> bytes:
    """An IntuitResponse; the gateway's lowercase envelope becomes the Fault that was recorded in XML."""
    if "fault" in body:
        body = {"Fault": _gateway(body["fault"]), "time": body["time"]}
    inner = "".join(element(name, value) for name, value in body.items() if name != "time")
    time = quoteattr(str(body.get("time", "")))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<IntuitResponse xmlns="{NAMESPACE}" time={time}>{inner}</IntuitResponse>'.encode()


def _gateway(fault: Doc) -> Doc:
    errors = [
        {"code": error["code"], "Message": error["message"], "Detail": error["detail"] or ""}
        for error in fault["error"]
    ]
    return {"type": fault["type"], "Error": errors}


def element(name: str, value: Any) -> str:
    """One property."""
    if isinstance(value, list):
        return "".join(element(name, part) for part in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(_text(value))}</{name}>"
    if name.endswith("Ref") and "value" in value:
        attribute = f" name={quoteattr(value['name'])}" if "name" in value else ""
        return f"<{name}{attribute}>{escape(_text(value['value']))}</{name}>"
    parts = [(key, part) for key, part in value.items() if key in ATTRIBUTES and not isinstance(part, dict | list)]
    attributes = "".join(f" {key}={quoteattr(_text(part))}" for key, part in parts)
    inner = "".join(element(key, part) for key, part in value.items() if (key, part) not in parts)
    return f"<{name}{attributes}>{inner}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
