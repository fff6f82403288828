"""Intuit's OAuth 2.0 as far as a client meets it: tokens, their rotation, revocation and expiry, and every error body.

A refresh token's value changes at the first refresh after 24 h and the old value lives 24 h more; an authorisation
code is single use, and using it again ends the tokens that came of it. Sources: Intuit's OAuth pages, the 2025-11
refresh token announcement (100 days rolling, 5 years at most), recorded error bodies.
"""

import base64
import binascii
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.settings import SandboxSettings
from bridge.sandbox.wire import Doc

ACCESS_S = 3600
REFRESH_S = 8_726_400
HARD_S = 157_680_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TOKEN_LENGTH_MIN, TOKEN_LENGTH_MAX = 20, 4096


class OAuthError(Exception):
    """A token request is refused, with the body that Intuit gives."""

    def __init__(self, status: int, error: str, description: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error} if description is None else {"error_description": description, "error": error}


@dataclass(slots=True)
class Grant:
    """A company connected to an app: its refresh token of now, the one before, and when each ends."""

    realm: str
    client_id: str
    refresh: str
    rotated_at: float
    refresh_until: float
    hard_until: float
    previous: str | None = None
    previous_until: float = 0
    access: dict[str, float] = field(default_factory=dict)
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorisation code: single use, ten minutes."""

    realm: str
    redirect_uri: str
    until: float
    grant: Grant | None = None


class GrantedTokens:
    """All grants of a sandbox."""

    def __init__(self, settings: SandboxSettings, clock: SandboxClock) -> None:
        self.settings = settings
        self._clock = clock
        self._random = random.Random(settings.seed)  # noqa: S311 - a sandbox's tokens guard nothing
        self.grants: list[Grant] = []
        self._by_access: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        self._codes: dict[str, Code] = {}
        self.on_change: Callable[[list[Grant]], None] | None = None
        for number, realm in enumerate(settings.realms):
            first = settings.refresh_token if number == 0 else f"{settings.refresh_token}-{realm}"
            self.connect(realm, first)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def connect(self, realm: str, refresh: str | None = None) -> Grant:
        """A new grant, as consent gives it."""
        now = self._now()
        value = refresh or self._value("RT1-", 46)
        grant = Grant(realm, self.settings.client_id, value, now, now + REFRESH_S, now + HARD_S)
        self.grants.append(grant)
        self._by_refresh[value] = grant
        self._changed()
        return grant

    def restore(self, grants: list[Grant]) -> None:
        """The grants of an earlier run instead of those of this start."""
        self.grants = grants
        self._by_refresh = {grant.refresh: grant for grant in grants}
        self._by_refresh |= {grant.previous: grant for grant in grants if grant.previous}

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change(self.grants)

    def _value(self, prefix: str, length: int) -> str:
        return prefix + "".join(self._random.choices(ALPHABET, k=length))

    # -- what the API asks -----------------------------------------------------------------------------------------

    def access_token(self, realm: str) -> str:
        """A fresh access token without the HTTP round trip, for tests. ValueError where nobody is connected."""
        grant = next((grant for grant in self.grants if grant.realm == realm and not grant.revoked), None)
        if grant is None:
            raise ValueError(f"nobody is connected to the company {realm}")
        return self._new_access(grant)

    def _new_access(self, grant: Grant) -> str:
        token = self._value("eyJhbGciOiJkaXIifQ.", 60)
        grant.access[token] = self._now() + ACCESS_S
        self._by_access[token] = grant
        return token

    def holder(self, token: str) -> tuple[Grant | None, str | None]:
        """Whose access token this is, or the detail of the 401 that it gets."""
        grant = self._by_access.get(token)
        if grant is not None and not grant.revoked and grant.access.get(token, 0) > self._now():
            return grant, None
        if not TOKEN_LENGTH_MIN <= len(token) <= TOKEN_LENGTH_MAX:
            return None, "Malformed bearer token: too short or too long"
        return None, f"Token expired: {token[:20]}"

    def expire_access(self, realm: str | None = None) -> None:
        """End all access tokens now."""
        for grant in self.grants:
            if realm in (None, grant.realm):
                grant.access.clear()

    def revoke_realm(self, realm: str | None = None) -> None:
        """End the grants, as a user does who disconnects the app."""
        for grant in self.grants:
            if realm in (None, grant.realm):
                grant.revoked = True
        self._changed()

    # -- what clients ask ------------------------------------------------------------------------------------------

    def token(self, form: dict[str, str], authorization: str | None, *, hard_expiry: bool = False) -> Doc:
        """The token endpoint."""
        self._authenticate(form, authorization)
        match form.get("grant_type"):
            case "refresh_token":
                grant = self._refreshed(form.get("refresh_token", ""))
            case "authorization_code":
                grant = self._exchanged(form.get("code", ""), form.get("redirect_uri", ""))
            case None | "":
                raise OAuthError(400, "invalid_request")
            case _:
                raise OAuthError(400, "unsupported_grant_type")
        now = self._now()
        answer: Doc = {
            "token_type": "bearer",
            "access_token": self._new_access(grant),
            "refresh_token": grant.refresh,
            "expires_in": ACCESS_S,
            "x_refresh_token_expires_in": int(min(REFRESH_S, grant.hard_until - now)),
        }
        if hard_expiry:
            answer["x_refresh_token_hard_expires_in"] = int(grant.hard_until - now)
        return answer

    def _authenticate(self, form: dict[str, str], authorization: str | None) -> None:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise OAuthError(401, "invalid_client") from error
        if (client_id, secret) != (self.settings.client_id, self.settings.client_secret):
            raise OAuthError(401, "invalid_client")

    def _refreshed(self, value: str) -> Grant:
        now = self._now()
        if not value:
            raise OAuthError(400, "invalid_request")
        if value in self._by_access:
            raise OAuthError(400, "invalid_grant", "Incorrect Token type or clientID")
        grant = self._by_refresh.get(value)
        if grant is None:
            raise OAuthError(400, "invalid_grant", "Incorrect or invalid refresh token")
        superseded = value != grant.refresh and (value != grant.previous or now >= grant.previous_until)
        if grant.revoked or superseded or now >= min(grant.refresh_until, grant.hard_until):
            raise OAuthError(400, "invalid_grant", "Token has been expired or revoked.")
        switches = self.settings.switches
        if value == grant.refresh and now - grant.rotated_at >= switches.refresh_rotates_s:
            grant.previous, grant.previous_until = grant.refresh, now + switches.refresh_grace_s
            grant.refresh, grant.rotated_at = self._value("RT1-", 46), now
            self._by_refresh[grant.refresh] = grant
        grant.refresh_until = now + REFRESH_S
        self._changed()
        return grant

    def authorise(self, redirect_uri: str, realm: str) -> str:
        """The code that consent gives."""
        code = self._value("AB11", 46)
        self._codes[code] = Code(realm, redirect_uri, self._now() + 600)
        return code

    def _exchanged(self, value: str, redirect_uri: str) -> Grant:
        code = self._codes.get(value)
        if code is not None and code.grant is not None:
            code.grant.revoked = True
        if code is None or code.grant is not None or self._now() >= code.until:
            raise OAuthError(400, "invalid_grant")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(400, "invalid_grant")
        code.grant = self.connect(code.realm)
        return code.grant

    def revoke(self, token: str, authorization: str | None) -> None:
        """End the grant that a refresh or access token belongs to; 400 when there is none."""
        self._authenticate({}, authorization)
        grant = self._by_refresh.get(token) or self._by_access.get(token)
        if grant is None or grant.revoked:
            raise OAuthError(400, "invalid_request")
        grant.revoked = True
        self._changed()
