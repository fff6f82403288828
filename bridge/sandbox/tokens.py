"""The HTTP side of OAuth: token, revoke, authorise page, discovery document, user info."""

import html
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge.sandbox.faults import CallTraits
from bridge.sandbox.oauth import OAuthError
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.wire import Doc, loads

SCOPES = ["openid", "email", "profile", "address", "phone", "com.intuit.quickbooks.accounting"]


def token_routes(sandbox: Sandbox) -> list[Route]:
    """All OAuth routes."""

    async def token(request: Request) -> Response:
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        hard = request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true"
        traits = CallTraits("", frozenset(("token",)), frozenset(("token",)), None)
        plan = sandbox.faults.take(traits, ("fail_before", "fail_after", "delay")) if sandbox.faults.rules else {}
        if "delay" in plan:
            await sandbox.clock.sleep(plan["delay"].seconds)
        if "fail_before" in plan:
            return Response(status_code=plan["fail_before"].status)
        answer = _answer(sandbox, form, request.headers.get("authorization"), hard=hard)
        return Response(status_code=plan["fail_after"].status) if "fail_after" in plan else answer

    async def revoke(request: Request) -> Response:
        body = await request.body()
        try:
            wanted = loads(body)["token"]
        except (ValueError, KeyError, TypeError):
            wanted = (await request.form()).get("token", "")
        try:
            sandbox.tokens.revoke(str(wanted), request.headers.get("authorization"))
        except OAuthError as error:
            return _tid(sandbox, JSONResponse(error.body, error.status))
        return _tid(sandbox, Response(status_code=200))

    async def authorise(request: Request) -> Response:
        return _consent(sandbox, request)

    async def discovery(request: Request) -> Response:
        return _tid(sandbox, JSONResponse(discovery_document(str(request.base_url).rstrip("/"))))

    async def user_info(request: Request) -> Response:
        bearer = request.headers.get("authorization", "").partition(" ")[2]
        grant, _ = sandbox.tokens.holder(bearer)
        if grant is None:
            return _tid(sandbox, JSONResponse({"error": "invalid_token"}, 401))
        user = {"sub": "1182d6ec-60a1-4aa3-a7e5-94a3e6e6a5d7", "email": "noreply@quickbooks.com", "emailVerified": True}
        return _tid(sandbox, JSONResponse({**user, "givenName": "Sandbox", "familyName": "User"}))

    return [
        Route("/oauth2/v1/tokens/bearer", token, methods=["POST"]),
        Route("/oauth2/v1/tokens/revoke", revoke, methods=["POST"]),
        Route("/v2/oauth2/tokens/revoke", revoke, methods=["POST"]),
        Route("/connect/oauth2", authorise, methods=["GET"]),
        Route("/.well-known/openid_configuration", discovery),
        Route("/.well-known/openid_sandbox_configuration", discovery),
        Route("/v1/openid_connect/userinfo", user_info),
    ]


def _answer(sandbox: Sandbox, form: dict[str, str], authorization: str | None, *, hard: bool) -> Response:
    try:
        answer: Doc = sandbox.tokens.token(form, authorization, hard_expiry=hard)
    except OAuthError as error:
        return _tid(sandbox, JSONResponse(error.body, error.status))
    return _tid(sandbox, JSONResponse(answer, headers={"cache-control": "no-store"}))


def _tid(sandbox: Sandbox, response: Response) -> Response:
    response.headers["intuit_tid"] = sandbox.tids.next(sandbox.clock.now())
    return response


def _consent(sandbox: Sandbox, request: Request) -> Response:
    """The page where a user picks a company; `?decision=` is what its buttons send."""
    asked = request.query_params
    missing = [name for name in ("client_id", "scope", "redirect_uri", "response_type", "state") if not asked.get(name)]
    if missing or asked["response_type"] != "code":
        return _tid(
            sandbox, HTMLResponse(f"<h1>Invalid request</h1><p>{', '.join(missing) or 'response_type'}</p>", 400)
        )
    realm = asked.get("realm") or sandbox.settings.realms[0]
    if asked["client_id"] != sandbox.settings.client_id or realm not in sandbox.realms:
        return _tid(sandbox, HTMLResponse("<h1>Sorry, this app or company is not known</h1>", 400))
    back, state = asked["redirect_uri"], asked["state"]
    joint = "&" if "?" in back else "?"
    match asked.get("decision"):
        case "deny":
            return RedirectResponse(back + joint + urlencode({"error": "access_denied", "state": state}), 302)
        case "allow":
            code = sandbox.tokens.authorise(back, realm)
            return RedirectResponse(back + joint + urlencode({"code": code, "state": state, "realmId": realm}), 302)
        case _:
            return _tid(sandbox, HTMLResponse(_page(sandbox, dict(asked))))


def _page(sandbox: Sandbox, asked: dict[str, str]) -> str:
    links = []
    for realm in sandbox.realms:
        name = sandbox.company(realm).tables["CompanyInfo"]["1"]["CompanyName"]
        href = html.escape("?" + urlencode({**asked, "decision": "allow", "realm": realm}))
        links.append(f'<p><a id="allow-{realm}" href="{href}">Connect {html.escape(name)} ({realm})</a></p>')
    deny = html.escape("?" + urlencode({**asked, "decision": "deny"}))
    return f'<h1>Connect to QuickBooks (sandbox)</h1>{"".join(links)}<p><a id="deny" href="{deny}">No thanks</a></p>'


def discovery_document(base: str) -> Doc:
    """The OpenID discovery document with this sandbox's own addresses."""
    return {
        "issuer": "https://oauth.platform.intuit.com/op/v1",
        "authorization_endpoint": f"{base}/connect/oauth2",
        "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": SCOPES,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
