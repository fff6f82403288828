"""Steps become requests, and the answers find their way back to the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks import faults, wire
from bridge.quickbooks.batching import CallAnswer, WireStep, merged, open_question, pack, unpack
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault, classify
from bridge.quickbooks.requests import Batch, Request, Single, params_of
from contracts.keys import BATCH_ITEM_ID_MAX, BATCH_REQUEST_ID_MAX
from tests.support.quickbooks import batch, created, fault_body, single, step

ENTITIES = st.sampled_from(["Customer", "Item", "Invoice", "Payment"])
OPERATIONS = st.sampled_from(["create", "sparse_update", "update", "delete"])
STEPS = st.lists(
    st.builds(
        WireStep,
        entity=ENTITIES,
        operation=OPERATIONS,
        body=st.dictionaries(st.sampled_from(["PrivateNote", "DocNumber"]), st.text("ab]}{'\"\\", max_size=200)),
        request_id=st.text("abcdef0123", min_size=1, max_size=40),
    ),
    max_size=70,
    unique_by=lambda built: built.request_id,
)


def answer_to(body: Mapping[str, Any]) -> CallAnswer:
    return CallAnswer(body=body, fault=None, http_status=200, intuit_tid="1-6-2")


def qbo_echo(request: Request) -> CallAnswer:
    """QBO as a mirror: every write comes back as the entity it held, in reverse order."""
    body = wire.loads(request.body) or {}
    if isinstance(request, Single):
        return answer_to({request.entity: body, "time": "…"})
    items = [{key: value for key, value in item.items() if key != "operation"} for item in body["BatchItemRequest"]]
    return answer_to({"BatchItemResponse": items[::-1]})


def items_of(request: Request) -> list[dict[str, Any]]:
    return list((wire.loads(request.body) or {})["BatchItemRequest"])


@given(STEPS, st.integers(1, 30), st.integers(200, 3000))
def test_every_step_is_sent_once_and_answered(steps: list[WireStep], items_max: int, body_bytes_max: int) -> None:
    """Packing and unpacking are inverse, whatever the bounds."""
    requests = pack(steps, items_max=items_max, body_bytes_max=body_bytes_max)
    answers: dict[str, Any] = {}
    for request in requests:
        fates = unpack(request, qbo_echo(request))
        assert not answers.keys() & fates.keys()
        answers |= fates
    assert {sent.request_id for sent in steps} == answers.keys()
    for sent in steps:
        assert {**sent.body, **answers[sent.request_id]} == answers[sent.request_id]


@given(STEPS, st.integers(1, 30), st.integers(200, 3000))
def test_no_request_exceeds_its_bounds(steps: list[WireStep], items_max: int, body_bytes_max: int) -> None:
    """At most so many items and bytes in a batch; ids within Intuit's lengths; order kept."""
    sent: list[str] = []
    for request in pack(steps, items_max=items_max, body_bytes_max=body_bytes_max):
        if isinstance(request, Single):
            sent.append(request.request_id)
            continue
        sent += [item.request_id for item in request.items]
        assert 2 <= len(request.items) <= items_max
        assert len(request.body) <= body_bytes_max
        assert len(request.request_id) <= BATCH_REQUEST_ID_MAX
        assert len({item["bId"] for item in items_of(request)}) == len(request.items)
        assert all(len(item["bId"]) <= BATCH_ITEM_ID_MAX for item in items_of(request))
    assert sent == [packed.request_id for packed in steps]


@given(STEPS)
def test_the_same_steps_make_the_same_bytes(steps: list[WireStep]) -> None:
    """Nothing random and no clock: a resend after a restart is the same request."""
    assert pack(steps) == pack(tuple(steps))


def test_a_full_wave_takes_as_few_requests_as_possible() -> None:
    """61 steps: two batches of 30 and a lone one."""
    requests = pack([step(str(number)) for number in range(61)])
    assert [len(request.items) if isinstance(request, Batch) else 1 for request in requests] == [30, 30, 1]
    assert isinstance(requests[-1], Single)


def test_no_steps_need_no_request() -> None:
    """An empty wave is no call."""
    assert pack([]) == ()


def test_another_set_of_steps_is_another_request() -> None:
    """The batch's id is derived from what is in it, and so is each bId."""
    assert batch("1", "2").request_id != batch("1", "3").request_id
    assert batch("1", "2").items[0].b_id == batch("1", "3").items[0].b_id


def test_two_steps_of_one_id_are_refused() -> None:
    """QBO would answer the second with the first one's answer."""
    with pytest.raises(ValueError, match="same request id"):
        pack([step("1"), step("1")])


@pytest.mark.parametrize(
    ("entity", "params"),
    [
        ("Invoice", {"operation": "void"}),
        ("Payment", {"operation": "update", "include": "void"}),
        ("SalesReceipt", {"operation": "update", "include": "void"}),
    ],
)
def test_a_void_alone_has_its_entitys_url(entity: str, params: dict[str, str]) -> None:
    """Void differs by entity; all but an invoice's is a sparse update."""
    request = single(entity=entity, operation="void", body={"Id": "7", "SyncToken": "1"})
    assert params_of(request) == {"requestid": "step-1", "minorversion": "75", **params}
    sparse = {} if entity == "Invoice" else {"sparse": True}
    assert wire.loads(request.body) == {"Id": "7", "SyncToken": "1", **sparse}


def test_a_void_in_a_batch_is_an_update_with_an_option() -> None:
    """There is no void operation in a batch."""
    voids = [
        step(entity, entity=entity, operation="void", body={"Id": "7", "SyncToken": "1"})
        for entity in ("Invoice", "Payment")
    ]
    (request,) = pack(voids)
    invoice, payment = items_of(request)
    assert (invoice["operation"], invoice["optionsData"], invoice["Invoice"]) == (
        "update",
        "void",
        {"Id": "7", "SyncToken": "1"},
    )
    assert (payment["operation"], payment["optionsData"], payment["Payment"]["sparse"]) == ("update", "void", True)


@pytest.mark.parametrize("entity", ["CreditMemo", "RefundReceipt", "Deposit", "JournalEntry"])
def test_what_cannot_be_voided_is_not_sent(entity: str) -> None:
    """QBO only deletes these; the plan is wrong and must not reach the wire."""
    with pytest.raises(ValueError, match="cannot void"):
        pack([step(entity=entity, operation="void", body={"Id": "7", "SyncToken": "1"})])


def test_other_operations_on_the_wire() -> None:
    """A delete says so in its URL, a sparse update in its body, and a full update nowhere."""
    delete = single(entity="Invoice", operation="delete", body={"Id": "7", "SyncToken": "1"})
    sparse = single(entity="Invoice", operation="sparse_update", body={"Id": "7", "SyncToken": "1"})
    full = single(entity="Invoice", operation="update", body={"Id": "7", "SyncToken": "1"})
    assert params_of(delete)["operation"] == "delete"
    assert b'"sparse":true' in sparse.body
    assert b"sparse" not in full.body
    (request,) = pack([step("a", entity="Invoice", operation="delete"), step("b", operation="sparse_update")])
    assert [item["operation"] for item in items_of(request)] == ["delete", "update"]
    assert items_of(request)[1]["Customer"]["sparse"] is True


def test_amounts_leave_with_their_digits() -> None:
    """Decimals go into the bytes as they are, in a batch too."""
    body = {"TotalAmt": Decimal("398.00")}
    assert b'"TotalAmt":398.00' in single(entity="Payment", body=body).body
    (request,) = pack([step("1", entity="Payment", body=body), step("2")])
    assert b'"TotalAmt":398.00' in request.body


def test_answers_are_matched_by_b_id_and_not_by_place() -> None:
    """The answer may come in any order, with refusals between successes."""
    request = batch("1", "2")
    first, second = (item.b_id for item in request.items)
    fates = unpack(
        request,
        answer_to(
            {"BatchItemResponse": [{**fault_body("6240", "Id=19"), "bId": second}, {**created("1"), "bId": first}]},
        ),
    )
    assert fates["step-1"] == created("1")["Customer"]
    refused = fates["step-2"]
    assert isinstance(refused, Fault)
    assert (refused.code, refused.http_status, refused.intuit_tid) == ("6240", 200, "1-6-2")


def test_an_item_without_an_answer_is_unknown() -> None:
    """A missing bId is no refusal: the same bytes must go again."""
    request = batch("1", "2")
    for items in ([], None, "?", [None, {"x": 1}]):
        fates = unpack(request, answer_to({"BatchItemResponse": items}))
        assert [classify(fate).action for fate in fates.values() if isinstance(fate, Fault)] == [Action.RETRY_SAME] * 2


def test_a_single_answer_without_its_entity_is_unknown() -> None:
    """A 200 that holds something else proves nothing."""
    request = single()
    fate = unpack(request, answer_to({"Invoice": {"Id": "1"}}))["step-1"]
    assert isinstance(fate, Fault)
    assert fate.code == faults.UNREADABLE


def test_a_fault_of_the_call_is_a_fault_of_every_item() -> None:
    """When the batch itself is refused, so are its steps."""
    request = batch("1", "2")
    fault = Fault(code="1040", http_status=400)
    answer = replace(answer_to({}), fault=fault)
    assert unpack(request, answer) == {"step-1": fault, "step-2": fault}
    assert unpack(single(), answer) == {"step-1": fault}


def asked(request: Batch, *items: Mapping[str, Any] | None) -> Action | None:
    """The open question after an answer with these items, in the order of the request."""
    found = [{**item, "bId": sent.b_id} for item, sent in zip(items, request.items, strict=True) if item is not None]
    question = open_question(request, answer_to({"BatchItemResponse": found}))
    return question.action if question else None


def test_a_batch_is_known_when_every_item_is() -> None:
    """Successes and certain refusals are knowledge; a missing item, maintenance or throttling is not."""
    request = batch("1", "2")
    assert asked(request, created("1"), fault_body("6240")) is None
    assert asked(request, created("1"), None) is Action.RETRY_SAME
    assert asked(request, created("1"), fault_body("150")) is Action.RETRY_SAME
    assert asked(request, None, fault_body("3001")) is Action.THROTTLED


def test_one_generic_failure_is_suspect_and_all_of_them_are_an_outage() -> None:
    """While QBO answers for others, an item that keeps failing is refused in the end; otherwise QBO is down."""
    request = batch("1", "2")
    generic = fault_body("10000", "System Failure Error: Something went wrong", kind="SystemFault")
    assert asked(request, created("1"), generic) is Action.REJECT
    assert asked(request, generic, generic) is Action.RETRY_SAME


def test_a_success_of_an_earlier_answer_stays_one() -> None:
    """On the resend of a batch the name of the customer we made is taken: by itself."""
    request = batch("1", "2")
    known: dict[str, Mapping[str, Any]] = {}
    first, second = (item.b_id for item in request.items)
    merged(request, answer_to({"BatchItemResponse": [{**created("1"), "bId": first}]}), known)
    again = {"BatchItemResponse": [{**fault_body("6240"), "bId": first}, {**created("2"), "bId": second}]}
    fates = unpack(request, merged(request, answer_to(again), known))
    assert fates == {"step-1": created("1")["Customer"], "step-2": created("2")["Customer"]}


def test_merging_leaves_other_answers_alone() -> None:
    """A single request and a refused batch have nothing to merge."""
    refused = replace(answer_to({}), fault=Fault(code="2010"))
    assert merged(batch("1", "2"), refused, {}) is refused
    assert merged(single(), refused, {}) is refused
