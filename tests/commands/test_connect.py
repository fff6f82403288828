"""`qbo-bridge connect` as a process, against the sandbox's own consent page and token endpoint."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from bridge.clock import SystemClock
from bridge.quickbooks.consent import ConsentListener, NotConnected, authorise_url
from bridge.quickbooks.token_file import FileTokenStore
from bridge.quickbooks.tokens import Tokens, fingerprint, token_key
from bridge.sandbox.settings import DEFAULT_REALM
from tests.support.consenting import SECRETS, connecting, decide, write_config
from tests.support.installation import KEY
from tests.support.processes import sandbox_server

OTHER_REALM = "9130000000000002"


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with sandbox_server(tmp_path, "--realm", DEFAULT_REALM, "--realm", OTHER_REALM) as address:
        yield address


async def stored(folder: Path, url: str) -> Tokens | None:
    """What a service with this configuration would find."""
    store = FileTokenStore(folder / "tokens.enc", token_key(KEY), SystemClock())
    return await store.load(f"{DEFAULT_REALM} at {url}/oauth2/v1/tokens/bearer")


async def works(tokens: Tokens | None, url: str) -> bool:
    """Whether the API takes the stored access token for our company."""
    assert tokens is not None
    headers = {"Authorization": f"Bearer {tokens.access_token}", "Accept": "application/json"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        answer = await http.get(f"{url}/v3/company/{DEFAULT_REALM}/companyinfo/{DEFAULT_REALM}")
    return answer.status_code == 200


async def test_consent_ends_with_tokens_that_work(url: str, tmp_path: Path) -> None:
    """Asked as Intuit documents it, answered on loopback, exchanged, and stored encrypted for its owner only."""
    with connecting(write_config(tmp_path, url)) as command:
        address = await asyncio.to_thread(command.address)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["scope"] == "com.intuit.quickbooks.accounting"
        assert asked["redirect_uri"].startswith("http://localhost:")
        page = await asyncio.to_thread(decide, address)
        assert "Thank you" in page.text
        code, out, err = await asyncio.to_thread(command.ended)
    assert (code, err) == (0, "")
    assert f"acme-us (realm {DEFAULT_REALM}) is connected" in out
    tokens = await stored(tmp_path, url)
    assert await works(tokens, url)
    assert (tmp_path / "tokens.enc").stat().st_mode & 0o777 == 0o600


async def test_the_environments_token_does_not_win_over_a_new_consent(url: str, tmp_path: Path) -> None:
    """It is the one that died; the store remembers that it was there. Guard: `seed` of the exchanged tokens."""
    old = {"QBO_BRIDGE_COMPANIES__ACME_US__REFRESH_TOKEN": "an-old-one"}
    with connecting(write_config(tmp_path, url), environ={**SECRETS, **old}) as command:
        await asyncio.to_thread(decide, await asyncio.to_thread(command.address))
        assert (await asyncio.to_thread(command.ended))[0] == 0
    tokens = await stored(tmp_path, url)
    assert tokens is not None
    assert tokens.seed == fingerprint("an-old-one")


@pytest.mark.parametrize(
    ("decision", "changes", "words"),
    [
        ("deny", {}, "the consent was denied in the browser: nothing was stored"),
        (
            "allow",
            {"realm": OTHER_REALM},
            f"has the realm id {OTHER_REALM}, companies.acme-us.realm_id is {DEFAULT_REALM}",
        ),
    ],
    ids=["denied", "another company"],
)
async def test_a_consent_that_does_not_fit_stores_nothing(
    url: str, tmp_path: Path, decision: str, changes: dict[str, str], words: str
) -> None:
    """One sentence, exit 1. Guards: the word of the endpoint, the realm of the answer."""
    with connecting(write_config(tmp_path, url)) as command:
        await asyncio.to_thread(decide, await asyncio.to_thread(command.address), decision, **changes)
        code, _, err = await asyncio.to_thread(command.ended)
    assert code == 1
    assert words in err
    assert err.count("\n") == 1
    assert await stored(tmp_path, url) is None


async def test_an_answer_with_another_state_is_turned_away(url: str, tmp_path: Path) -> None:
    """Somebody else's answer neither connects nor ends the wait; ours still counts. Guard: the state's comparison."""
    with connecting(write_config(tmp_path, url)) as command:
        address = await asyncio.to_thread(command.address)
        page = await asyncio.to_thread(decide, address, state="stolen")
        assert (page.status_code, "Not the answer" in page.text) == (400, True)
        assert await stored(tmp_path, url) is None
        assert (await asyncio.to_thread(decide, address)).status_code == 200
        assert (await asyncio.to_thread(command.ended))[0] == 0
    assert await works(await stored(tmp_path, url), url)


async def test_a_wrong_secret_is_one_sentence(url: str, tmp_path: Path) -> None:
    """The person consented, the endpoint does not know the app."""
    wrong = {**SECRETS, "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "wrong-one"}
    with connecting(write_config(tmp_path, url), environ=wrong) as command:
        await asyncio.to_thread(decide, await asyncio.to_thread(command.address))
        code, out, err = await asyncio.to_thread(command.ended)
    assert code == 1
    assert "the token endpoint refuses the consent: QBO fault invalid_client" in err
    assert "wrong-one" not in out + err


async def test_a_token_endpoint_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    """The consent came; the code could not be exchanged."""
    config = write_config(tmp_path, "http://127.0.0.1:1")
    with connecting(config) as command:
        asked = parse_qs(urlsplit(await asyncio.to_thread(command.address)).query)
        back = {"code": "c", "state": asked["state"][0], "realmId": DEFAULT_REALM}
        async with httpx.AsyncClient(trust_env=False) as person:
            await person.get(asked["redirect_uri"][0], params=back)
        code, _, err = await asyncio.to_thread(command.ended)
    assert code == 1
    assert "the token endpoint gives no tokens" in err
    assert "try again later" in err


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"QBO_BRIDGE_TOKENS__KEY": KEY}, "client_secret: expected in the environment"),
        ({k: v for k, v in SECRETS.items() if k != "QBO_BRIDGE_TOKENS__KEY"}, "QBO_BRIDGE_TOKENS__KEY"),
    ],
    ids=["no secret", "no key"],
)
async def test_what_is_missing_is_said_before_anybody_clicks(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    """No address is shown."""
    with connecting(write_config(tmp_path, "http://127.0.0.1:1"), environ=environ) as command:
        code, out, err = await asyncio.to_thread(command.ended)
    assert (code, out) == (1, "")
    assert words in err


async def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """It names the port and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with connecting(write_config(tmp_path, "http://127.0.0.1:1"), "--port", str(port)) as command:
            code, _, err = await asyncio.to_thread(command.ended)
    assert code == 1
    assert (
        err == f"port {port} of this machine cannot be listened on: Address already in use; expected another --port.\n"
    )


def test_the_wait_ends() -> None:
    """Nobody clicked."""
    with ConsentListener(0, "state") as listener, pytest.raises(NotConnected, match=r"no answer came .* within 0 s"):
        listener.wait(0.01)


def test_intuits_own_page_is_asked_without_an_override() -> None:
    """The address of Intuit's documentation."""
    url = authorise_url(None, client_id="app", redirect_uri="http://localhost:1/callback", state="s")
    assert url.startswith("https://appcenter.intuit.com/connect/oauth2?client_id=app&scope=com.intuit.quickbooks")
    assert "response_type=code" in url


@pytest.mark.slow
async def test_a_real_browser_finds_its_way_back(url: str, tmp_path: Path) -> None:
    """Chromium opens the address, consents, follows the redirect to loopback and shows the thanks."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here")
    with connecting(write_config(tmp_path, url), "--timeout", "60") as command:
        address = f"{await asyncio.to_thread(command.address)}&decision=allow"
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        shown = await asyncio.to_thread(
            subprocess.run, [browser, *options, "--dump-dom", address], capture_output=True, text=True, timeout=60
        )
        assert "Thank you" in shown.stdout
        assert (await asyncio.to_thread(command.ended))[0] == 0
    assert await works(await stored(tmp_path, url), url)
