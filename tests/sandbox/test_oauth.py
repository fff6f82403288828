"""OAuth as Intuit does it: consent, refresh, rotation with grace, revocation, expiry, and the words of each error."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.sandbox.settings import DEFAULT_REALM
from tests.support.connected_sandbox import ConnectedSandbox

ROOT = "http://sandbox"
APP = ("sandbox-client", "sandbox-secret")
BACK = "http://localhost:9/cb"
DAY_S = 86_400


async def token(world: ConnectedSandbox, auth: tuple[str, str] | None = APP, **form: str) -> tuple[int, dict[str, Any]]:
    where: Any = {"data": form} if auth is None else {"data": form, "auth": auth}
    answer = await world.http.post(f"{ROOT}/oauth2/v1/tokens/bearer", **where)
    return answer.status_code, answer.json()


async def refresh(world: ConnectedSandbox, value: str = "sandbox-refresh-token") -> tuple[int, dict[str, Any]]:
    return await token(world, grant_type="refresh_token", refresh_token=value)


async def consent(world: ConnectedSandbox, decision: str = "allow", **changes: str) -> Any:
    asked = {
        "client_id": APP[0],
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "s1",
        "decision": decision,
    }
    return await world.http.get(f"{ROOT}/connect/oauth2", params={**asked, **changes})


async def test_refresh_answer(world: ConnectedSandbox) -> None:
    """Lifetimes as recorded; the same refresh token within a day."""
    status, body = await refresh(world)
    assert status == 200
    assert (body["token_type"], body["expires_in"], body["x_refresh_token_expires_in"]) == ("bearer", 3600, 8726400)
    assert body["refresh_token"] == "sandbox-refresh-token"
    world.http.headers["authorization"] = f"Bearer {body['access_token']}"
    await world.get("companyinfo/1")


async def test_rotation_and_grace(world: ConnectedSandbox) -> None:
    """After a day the value changes; the old one is good for another day and gives the new one."""
    world.clock.advance(DAY_S)
    _, first = await refresh(world)
    assert first["refresh_token"] != "sandbox-refresh-token"
    world.clock.advance(DAY_S - 1)
    _, again = await refresh(world)
    assert again["refresh_token"] == first["refresh_token"]
    world.clock.advance(1)
    assert (await refresh(world)) == (
        400,
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
    )


async def test_a_refresh_token_dies_after_a_hundred_days_unused(world: ConnectedSandbox) -> None:
    """Rolling expiry."""
    world.clock.advance(8_726_400)
    assert (await refresh(world))[0] == 400


async def test_hard_expiry_is_told_on_request(world: ConnectedSandbox) -> None:
    """The five-year cap."""
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    headers = {"x-include-refresh-token-hard-expires-in": "true"}
    answer = await world.http.post(f"{ROOT}/oauth2/v1/tokens/bearer", data=form, auth=APP, headers=headers)
    assert answer.json()["x_refresh_token_hard_expires_in"] == 157_680_000


@pytest.mark.parametrize(
    ("auth", "form", "expected"),
    [
        (("sandbox-client", "wrong"), {"grant_type": "refresh_token"}, (401, "invalid_client", None)),
        (None, {"grant_type": "refresh_token"}, (401, "invalid_client", None)),
        (APP, {}, (400, "invalid_request", None)),
        (APP, {"grant_type": "password"}, (400, "unsupported_grant_type", None)),
        (APP, {"grant_type": "refresh_token"}, (400, "invalid_request", None)),
        (
            APP,
            {"grant_type": "refresh_token", "refresh_token": "x"},
            (400, "invalid_grant", "Incorrect or invalid refresh token"),
        ),
        (APP, {"grant_type": "authorization_code", "code": "x"}, (400, "invalid_grant", None)),
    ],
)
async def test_refusals(
    world: ConnectedSandbox, auth: Any, form: dict[str, str], expected: tuple[int, str, str | None]
) -> None:
    """Each error body."""
    status, body = await token(world, auth, **form)
    assert (status, body["error"], body.get("error_description")) == expected


async def test_an_access_token_is_no_refresh_token(world: ConnectedSandbox) -> None:
    """Sent by mistake it has its own description."""
    status, body = await refresh(world, world.sandbox.access_token())
    assert (status, body["error_description"]) == (400, "Incorrect Token type or clientID")


async def test_consent_gives_a_code_for_tokens_once(world: ConnectedSandbox) -> None:
    """Code, state and realm come back; a second use ends what came of the first."""
    answer = await consent(world)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (back["state"], back["realmId"]) == (["s1"], [DEFAULT_REALM])
    form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": BACK}
    status, body = await token(world, **form)
    assert status == 200
    world.http.headers["authorization"] = f"Bearer {body['access_token']}"
    await world.get("companyinfo/1")
    assert (await token(world, **form))[0] == 400
    assert (await world.http.get("companyinfo/1")).status_code == 401


async def test_consent_page_denial_and_missing_state(world: ConnectedSandbox) -> None:
    """A page with a choice; no is told to the app; a request without state is refused."""
    assert "Connect Sandbox Company_US_1" in (await consent(world, decision="")).text
    denied = parse_qs(urlsplit((await consent(world, "deny")).headers["location"]).query)
    assert denied == {"error": ["access_denied"], "state": ["s1"]}
    assert (await consent(world, state="")).status_code == 400
    assert (await consent(world, client_id="stranger")).status_code == 400


@pytest.mark.parametrize("path", ["/v2/oauth2/tokens/revoke", "/oauth2/v1/tokens/revoke"])
async def test_revocation(world: ConnectedSandbox, path: str) -> None:
    """Both tokens die; a second time is a 400."""
    body = {"token": "sandbox-refresh-token"}
    assert (await world.http.post(ROOT + path, json=body, auth=APP)).status_code == 200
    assert (await world.http.get("companyinfo/1")).status_code == 401
    assert (await refresh(world))[1]["error"] == "invalid_grant"
    assert (await world.http.post(ROOT + path, json=body, auth=APP)).status_code == 400


async def test_discovery_document_names_this_sandbox(world: ConnectedSandbox) -> None:
    """Both documents, with endpoints that exist here."""
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        document = (await world.http.get(f"{ROOT}/.well-known/{name}")).json()
        assert document["token_endpoint"] == f"{ROOT}/oauth2/v1/tokens/bearer"
        assert document["revocation_endpoint"] == f"{ROOT}/v2/oauth2/tokens/revoke"


async def test_calls_without_a_token_are_challenged(world: ConnectedSandbox) -> None:
    """401 in the gateway's envelope, with the header that names the realm."""
    answer = await world.http.get("companyinfo/1", headers={"authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'


@pytest.mark.parametrize("changes", [{"realm": "77"}, {"client_id": "stranger"}], ids=["company", "app"])
@pytest.mark.parametrize("decision", ["", "allow"])
async def test_nobody_consents_for_what_is_not_known(
    world: ConnectedSandbox, decision: str, changes: dict[str, str]
) -> None:
    """Neither a page nor a code for an app or a company that does not exist."""
    assert (await consent(world, decision=decision, **changes)).status_code == 400
