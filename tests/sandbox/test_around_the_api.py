"""Beside the API: webhooks, the data file, the page, the representation, the process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.sandbox import SandboxSettings, Switches, Webhooks
from bridge.sandbox.app import create_app
from bridge.sandbox.clock import ManualClock
from bridge.sandbox.stats import ledger_shown
from bridge.sandbox.switch_words import switches
from bridge.sandbox.webhooks import signature
from bridge.sandbox.wire import Doc, loads
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected


async def settle() -> None:
    """Let tasks that wait for nothing but their turn run."""
    import asyncio  # noqa: PLC0415

    for _ in range(30):
        await asyncio.sleep(0)


async def test_webhooks_are_signed_cloud_events_and_retried() -> None:
    """The second attempt comes after 10 s; what happened meanwhile waits for the first to be acknowledged."""
    answers, got = [500, 200, 200], []

    def receive(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(answers[len(got) - 1])

    settings = SandboxSettings(empty=True, limits=UNLIMITED, webhooks=Webhooks(url="http://hook/", verifier_token="v"))
    clock = ManualClock()
    app = create_app(settings, clock, httpx.MockTransport(receive))
    headers = {"authorization": f"Bearer {app.state.sandbox.access_token()}", "accept": "application/json"}
    base = f"http://sandbox/v3/company/{settings.realms[0]}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, headers=headers) as http:
        world = ConnectedSandbox(app, http, clock)
        customer = await world.customer()
        await settle()
        await world.update("Customer", customer, Active=False)
        await settle()
        assert len(got) == 1
        clock.advance(10)
        await settle()
    assert len(got) == 3
    assert got[0].content == got[1].content
    assert got[1].headers["intuit-signature"] == signature(got[1].content, "v")
    (event,) = loads(got[0].content)
    assert (event["specversion"], event["type"]) == ("1.0", "qbo.customer.created.v1")
    assert (event["intuitentityid"], event["intuitaccountid"]) == (customer["Id"], settings.realms[0])
    assert loads(got[2].content)[0]["type"] == "qbo.customer.updated.v1"


async def test_a_data_file_keeps_everything(tmp_path: Path) -> None:
    """Documents, ledger, sequences, names, deletions, request ids and the refresh token survive a restart."""
    settings = SandboxSettings(data=tmp_path / "books.db", limits=UNLIMITED)
    first = await connected(settings)
    customer, item = await first.customer(), await first.item("Kept")
    invoice = await first.invoice(customer, item, PrivateNote="kept")
    await first.payment(customer, "30.00", ("30.00", "Invoice", invoice))
    gone = await first.invoice(customer, item)
    await first.post("invoice", {"Id": gone["Id"], "SyncToken": "0"}, operation="delete")
    answer = await first.post("customer", {"DisplayName": "Once"}, requestid="r1")
    before, tables = ledger_shown(first.company), {name: dict(table) for name, table in first.company.tables.items()}
    first.sandbox.close()
    second = await connected(settings)
    assert {name: dict(table) for name, table in second.company.tables.items()} == tables
    after = ledger_shown(second.company)
    assert sorted(after.pop("trial_balance"), key=str) == sorted(before.pop("trial_balance"), key=str)
    assert after == before
    assert await second.post("customer", {"DisplayName": "Once"}, requestid="r1") == answer
    assert (await second.fault("customer", {"DisplayName": customer["DisplayName"]}))["code"] == "6240"
    assert int((await second.invoice(customer, item))["Id"]) > int(gone["Id"])
    assert (await second.fault("invoice", {"Id": gone["Id"], "SyncToken": "0"}))["Detail"].endswith(
        "Another user has deleted this transaction."
    )
    second.assert_sound()
    second.sandbox.close()


async def test_the_page_and_its_json_show_the_books(world: ConnectedSandbox) -> None:
    """Company, counts, trial balance, last requests with requestid and outcome, faults in force."""
    await world.post("customer", {"DisplayName": "<b>Ann</b>"}, requestid="r-77")
    await world.post("customer", {"DisplayName": "<b>Ann</b>"}, requestid="r-77")
    await world.http.post("http://sandbox/sandbox/faults", content=b'{"kind":"delay","entity":"Invoice"}')
    page = (await world.http.get("http://sandbox/sandbox/")).text
    for expected in ("Sandbox Company_US_1", "Trial balance: balanced", "r-77", "replayed", "delay"):
        assert expected in page
    stats = (await world.http.get("http://sandbox/sandbox/stats")).json()
    assert (stats["requests"]["writes"], stats["requests"]["replayed"], stats["entities"]["Customer"]) == (2, 1, 1)
    assert stats["last_requests"][0]["requestid"] == "r-77"
    assert (await world.http.get("http://sandbox/sandbox/ledger")).json()["balanced"] is True
    assert (await world.http.get("http://sandbox/sandbox/stats?realm=0")).status_code == 400


async def test_the_sample_company_is_sound_and_useful() -> None:
    """Customers with addresses, items with and without SKU, invoices in every state."""
    world = await connected(SandboxSettings(limits=UNLIMITED))
    world.assert_sound()
    counts = {name: len(table) for name, table in world.company.tables.items()}
    assert counts["Customer"] >= 25
    assert counts["Item"] == 18
    assert counts["Invoice"] >= 30
    assert (await world.read("Customer", "20"))["DisplayName"] == "Red Rock Diner"
    skus = [item.get("Sku") for item in (await world.query("select *, Sku from Item"))["Item"]]
    assert None in skus
    assert any(skus)
    invoices = list(world.company.tables["Invoice"].values())
    states = {
        (not doc["Balance"], doc["Balance"] == doc["TotalAmt"], doc["DueDate"] < "2026-11-22") for doc in invoices
    }
    assert {(True, False, True), (False, True, True), (False, True, False), (False, False, False)} <= states


async def test_answers_may_be_xml(world: ConnectedSandbox) -> None:
    """For who asks for it and, as with the real service, for who says nothing; the gateway's faults too."""
    customer = await world.customer()
    answer = await world.http.get(f"customer/{customer['Id']}", headers={"accept": "application/xml"})
    assert answer.headers["content-type"].startswith("application/xml")
    assert '<Customer domain="QBO" sparse="false">' in answer.text
    assert '<CurrencyRef name="United States Dollar">USD</CurrencyRef>' in answer.text
    answer = await world.http.get("invoice/9", headers={"accept": ""})
    assert '<Fault type="ValidationFault"><Error code="610"' in answer.text
    answer = await world.http.get("invoice/9", headers={"accept": "", "authorization": "Bearer x"})
    assert '<Fault type="AUTHENTICATION"><Error code="3200"><Message>message=AuthenticationFailed' in answer.text
    answer = await world.http.get("invoice/9", headers={"accept": "*/*"})
    assert answer.json()["Fault"]["Error"][0]["code"] == "610"
    strict = await connected(SandboxSettings(empty=True, switches=Switches(wildcard_representation="xml")))
    answer = await strict.http.get("invoice/9", headers={"accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")


async def test_another_realm_is_another_company() -> None:
    """Own books, own tokens."""
    settings = SandboxSettings(empty=True, realms=("1", "2"))
    world = await connected(settings)
    await world.customer()
    other = {"authorization": f"Bearer {world.sandbox.access_token('2')}"}
    url = "http://sandbox/v3/company/2/query?query=select count(*) from Customer"
    assert (await world.http.get(url, headers=other)).json()["QueryResponse"] == {"totalCount": 0}
    assert (await world.http.get(url)).status_code == 403


def test_switches_are_words() -> None:
    """Booleans, numbers, names of alternatives, and none."""
    words = ["reserve_at=commit", "replay_faults=true", "replay_window_s=2.5", "automated_tax_percent=8.25"]
    chosen = Switches(reserve_at="commit", replay_faults=True, replay_window_s=2.5, automated_tax_percent="8.25")
    assert switches(words) == chosen
    assert switches(["replay_window_s=none"]) == Switches()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_resets_and_ends_with_zero(number: signal.Signals) -> None:
    """Over a real socket: the line it prints, a connection reset without an answer, a prompt end."""
    command = [sys.executable, "-m", "bridge.cli.app", "sandbox", "--port", "0", "--empty"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"http://\S+", line)
        assert url is not None, line
        assert "sandbox-client" in line
        with httpx.Client(base_url=url[0]) as http:
            token = http.post("/sandbox/token").json()["access_token"]
            headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
            body: Doc = {"DisplayName": "Ann"}
            path: Any = "/v3/company/9130000000000001/customer?requestid=a"
            http.post("/sandbox/faults", json={"kind": "reset_after"})
            with pytest.raises(httpx.TransportError):
                http.post(path, json=body, headers=headers)
            assert http.post(path, json=body, headers=headers).json()["Customer"]["Id"] == "1"
            process.send_signal(number)
            assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--host", "192.0.2.1"], 1, "cannot listen on 192.0.2.1:0"),
        (["--port", "99999"], 2, "less than or equal to 65535"),
        (["--switch", "nothing=1"], 2, "nothing is not a switch; expected one of"),
        (["--switch", "reserve_at=never"], 2, "reserve_at: input should be 'acceptance' or 'commit'"),
        (["--data", "/nonexistent/books.db"], 1, "cannot open the company: unable to open database file"),
        (["--time-scale", "0"], 2, "greater than or equal to 0.001"),
        (["--realm", "acme"], 2, "a realm is a number"),
    ],
)
def test_what_cannot_start_says_so_in_one_sentence(options: list[str], code: int, said: str) -> None:
    """Exit 1 for the world, 2 for the usage, and no traceback."""
    command = [sys.executable, "-m", "bridge.cli.app", "sandbox", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
