"""Every recorded shape of a refusal is read, and classified by its code."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.quickbooks import faults
from bridge.quickbooks.fault_codes import ACTIONS, Action
from bridge.quickbooks.faults import Disposition, Fault, classify, describe, read
from tests.support.quickbooks import expired, fault_body, refused, throttled

CUT_OFF = b'{"Fault":{"Error":[{"Message":"Stale Obj'
HTML = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"

DOCUMENTED = (
    "3200 3202 100 110 3100 120 130 140 150 500 600 610 620 630 700 800 900 1000 1010 1020 1040 1050 2000 2010 "
    "2020 2030 2040 2050 2060 2070 2080 2090 2100 2110 2120 2130 2140 2150 2160 2170 2180 2190 2200 2210 2220 "
    "2230 2240 2250 2260 2270 2280 2290 2300 2500 2600 3000 3001 4000 4001 4002 5000 5010 5020 5030 6000 6010 "
    "6020 6030 6040 6041 6050 6060 6070 6080 6090 6100 6110 6120 6130 6140 6150 6160 6170 6180 6190 6200 6210 "
    "6220 6230 6240 6250 6270 6280 6290 6300 6310 6320 6330 6340 6350 6360 6370 6380 6390 6400 6420 6430 6440 "
    "6450 6460 6470 6480 6490 6500 6510 6520 6530 6540 6560 10000 10100 10200 invalid_grant invalid_client "
    "invalid_request"
).split()


JAVA = "System Failure Error: java.lang.NumberFormatException: null"
GENERIC = "System Failure Error: Something went wrong. Try again later"
INTERNAL = "Business Validation Error: Unexpected Internal Error. (-30000)"
NUMBER = "DocNumber=INV-1 is assigned to TxnType=Facture with TxnId=17984"
CONFLICT = {"reason_code": "conflict"}


def to(action: Action, **rest: Any) -> Disposition:
    return Disposition(action=action, **rest)


def parsed(raw: bytes, http_status: int) -> Fault:
    found = read(raw, http_status=http_status)
    assert isinstance(found, Fault)
    return found


def test_every_documented_code_has_its_action() -> None:
    """The table is whole: nothing that Intuit lists falls through to a guess."""
    assert set(DOCUMENTED) <= set(ACTIONS)


def test_a_service_fault_is_read_field_by_field() -> None:
    """The JSON envelope of the service, with the ids that support asks for."""
    detail = "Invalid Reference Id : Line.SalesItemLineDetail.ItemRef"
    raw = refused("2500", detail).content.replace(b'"code"', b'"element":"Line.SalesItemLineDetail.ItemRef","code"')
    assert read(raw, http_status=400, intuit_tid="1-6-2") == Fault(
        code="2500",
        message="Message of 2500",
        detail=detail,
        element="Line.SalesItemLineDetail.ItemRef",
        type="ValidationFault",
        http_status=400,
        intuit_tid="1-6-2",
    )


def test_the_gateways_envelope_is_lower_case() -> None:
    """A 401 of the gateway, as recorded in 2024."""
    found = parsed(expired().content, 401)
    assert (found.code, found.type) == ("3200", "AUTHENTICATION")
    assert classify(found).action is Action.REFRESH_TOKEN


@pytest.mark.parametrize("status", [429, 403])
def test_throttling_is_known_by_its_code_in_xml(status: int) -> None:
    """Only XML bodies of it were ever recorded, one of them with statusCode 403."""
    found = parsed(throttled().content, status)
    assert found.code == "3001"
    assert classify(found).action is Action.THROTTLED


def test_leading_zeros_of_a_code_do_not_count() -> None:
    """003001 and 3001 are one code."""
    assert classify(parsed(refused("003001").content, 403)).action is Action.THROTTLED


@pytest.mark.parametrize("raw", [CUT_OFF, HTML, b"", b"[]", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Fault/>", b"<Fault"])
@pytest.mark.parametrize("status", [200, 400, 403, 404, 502, 503, 504])
def test_what_cannot_be_read_is_unknown(raw: bytes, status: int) -> None:
    """No whole answer, no knowledge: the same bytes again."""
    assert classify(parsed(raw, status)).action is Action.RETRY_SAME


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (401, Action.REFRESH_TOKEN),
        (429, Action.THROTTLED),
        (405, Action.REJECT),
        (413, Action.REJECT),
        (302, Action.RETRY_SAME),
    ],
)
def test_without_a_code_the_status_speaks(status: int, action: Action) -> None:
    """An edge server answers in HTML; its status still says something."""
    assert classify(parsed(HTML, status)).action is action


def test_xml_with_declarations_is_not_read() -> None:
    """Entities could make much out of little, and no answer of QBO declares any."""
    raw = b"<!DOCTYPE a [<!ENTITY b '3001'>]><a><Fault><Error code='&b;'/></Fault></a>"
    assert parsed(raw, 403).code == faults.UNREADABLE
    assert parsed(raw[raw.index(b"<a>") :].replace(b"&b;", b"3001"), 403).code == "3001"


def test_an_unlisted_code_falls_back_to_the_status() -> None:
    """A code of the future is not taken for a refusal."""
    assert classify(parsed(refused("77777").content, 400)).action is Action.RETRY_SAME


def test_a_fault_in_a_200_is_a_fault() -> None:
    """The body is looked at before the status."""
    assert parsed(refused("6240").content, 200).code == "6240"


def test_a_whole_object_without_a_fault_is_none() -> None:
    """Success is the absence of a fault, and an HTTP status below 300."""
    assert read(b'{"Customer":{"Id":"1"}}', http_status=200) == {"Customer": {"Id": "1"}}
    assert parsed(b'{"Customer":{"Id":"1"}}', 500).code == faults.UNREADABLE


def test_a_fault_without_errors_is_unknown() -> None:
    """An empty envelope refuses, but says nothing."""
    assert classify(parsed(b'{"Fault":{"type":"SystemFault"}}', 400)).action is Action.RETRY_SAME


@pytest.mark.parametrize(
    "raw",
    [
        b'{"error":"invalid_grant"}',
        b'{"error":"invalid_grant","error_description":"Token has been expired or revoked."}',
    ],
)
def test_oauth_refusals_have_their_own_shape(raw: bytes) -> None:
    """The token endpoint follows RFC 6749, with or without a description."""
    found = parsed(raw, 400)
    assert found.code == "invalid_grant"
    assert classify(found).action is Action.RECONNECT


@pytest.mark.parametrize(
    ("code", "status", "detail", "expected"),
    [
        ("5010", 400, "", to(Action.STALE, **CONFLICT)),
        (
            "6240",
            400,
            "The name supplied already exists. : Id=19",
            to(Action.DUPLICATE_NAME, **CONFLICT, entity_id="19"),
        ),
        ("6240", 400, "The name supplied already exists. : null", to(Action.DUPLICATE_NAME, **CONFLICT)),
        ("6140", 400, NUMBER, to(Action.DUPLICATE_NUMBER, **CONFLICT, entity_id="17984")),
        ("610", 400, "", to(Action.REFERENCE_MISSING)),
        ("6250", 400, "", to(Action.REFERENCE_MISSING)),
        ("6210", 400, "", to(Action.PERIOD_CLOSED, reason_code="period_closed")),
        ("6200", 400, "", to(Action.PERIOD_CLOSED, reason_code="period_closed")),
        ("600", 400, "", to(Action.DUPLICATE_REQUEST, **CONFLICT)),
        ("6540", 400, "", to(Action.REJECT, **CONFLICT)),
        ("2020", 400, "", to(Action.REJECT)),
        ("6070", 400, "", to(Action.REJECT)),
        ("6000", 400, "You must set a transaction amount.", to(Action.REJECT)),
        ("6000", 400, INTERNAL, to(Action.REJECT, suspect=True)),
        ("10000", 400, JAVA, to(Action.REJECT)),
        ("10000", 400, GENERIC, to(Action.REJECT)),
        ("10000", 200, GENERIC, to(Action.REJECT, suspect=True)),
        ("10000", 200, JAVA, to(Action.REJECT)),
        ("10000", 500, GENERIC, to(Action.RETRY_SAME)),
        ("2020", 503, "", to(Action.RETRY_SAME)),
        ("150", 503, "", to(Action.RETRY_SAME)),
        ("4002", 400, "", to(Action.RETRY_SAME)),
        ("120", 401, "AuthorizationFailure: -11014", to(Action.RECONNECT)),
        ("3100", 403, "", to(Action.RECONNECT)),
        ("100", 401, "", to(Action.REFRESH_TOKEN)),
        ("6190", 400, "", to(Action.BLOCKED)),
        ("3001", 503, "", to(Action.THROTTLED)),
    ],
)
def test_the_disposition_of_each_class(code: str, status: int, detail: str, expected: Disposition) -> None:
    """The client policy of the fault table, one row per class and trap."""
    assert classify(parsed(refused(code, detail).content, status)) == expected


@pytest.mark.parametrize("code", ["500", "600"])
def test_a_code_that_looks_like_a_status_is_a_code(code: str) -> None:
    """Code 500 with HTTP 400 is an unsupported operation, not a failing server."""
    assert classify(parsed(refused(code).content, 400)).action is not Action.RETRY_SAME


def test_no_text_decides() -> None:
    """In a French company the words differ and the disposition does not."""
    english = fault_body("6140", "DocNumber=1 is assigned to TxnType=Invoice with TxnId=7")
    french = fault_body("6140", "Vous devez … DocNumber=1 is assigned to TxnType=Facture with TxnId=7")
    french["Fault"]["Error"][0]["Message"] = "Numéro de document en double"
    found = [faults.in_body(body, http_status=400) for body in (english, french)]
    assert classify(found[0] or Fault(code="")) == classify(found[1] or Fault(code=""))


def test_of_several_errors_the_resolvable_one_leads() -> None:
    """6140 and 2020 were recorded in one item: the document that holds the number is worth a look."""
    body = fault_body("2020", "Required parameter Line is missing in the request")
    body["Fault"]["Error"] += fault_body("6140", "TxnId=5")["Fault"]["Error"]
    found = faults.in_body(body, http_status=200)
    assert found is not None
    assert (found.code, found.others) == ("6140", ("2020",))


def test_a_description_has_what_support_asks_for() -> None:
    """Code, place, detail and intuit_tid in one sentence."""
    fault = Fault(
        code="2020",
        message="Required param missing",
        detail="Required parameter Line is missing in the request",
        element="Line",
        intuit_tid="1-628f",
        others=("6140",),
    )
    assert describe(fault) == (
        "QBO fault 2020 at Line: Required param missing: Required parameter Line is missing in the request "
        "(also 6140) [intuit_tid 1-628f]"
    )


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("2210", "The email address does not conform to the RFC 822 syntax rules. Supplied value:ann@example.com"),
        ("2170", "Invalid Enumeration. Supplied value:Ann Secret\nSecret"),
        ("6000", "Business Validation Error: ann@example.com is Secret"),
        ("5010", "Stale Object Error : You and Ann Secret were working on this at the same time."),
        ("3200", "Token expired: AB01730024136Secret"),
        ("6240", "The name supplied already exists. : Ann Secret"),
    ],
)
def test_descriptions_quote_nobody(code: str, detail: str) -> None:
    """Names, addresses and heads of tokens stay out of messages and out of repr."""
    fault = Fault(code=code, message="Message", detail=detail, http_status=400)
    for text in (describe(fault), repr(fault)):
        assert "ann@example.com" not in text
        assert "AB0173" not in text
        assert "Ann" not in text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:01:00 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 60.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT", "date": "Sun, 22 Nov 2026 12:01:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:01:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_both_forms(headers: dict[str, str], expected: float | None) -> None:
    """Seconds, or a date that the answer's own Date makes into seconds."""
    assert faults.retry_after_s(headers) == expected
