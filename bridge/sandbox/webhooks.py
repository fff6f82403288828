"""Webhooks out: CloudEvents in a JSON array, signed, retried as documented, one notification at a time.

Shape and schedule: Intuit's webhooks page and the CloudEvents announcement (mandatory since 2026-07-31). A receiver
has 3 s to answer 200; later events wait until the earlier ones are acknowledged.
"""

import asyncio
import base64
import hashlib
import hmac
import random
import uuid
from collections import deque

import httpx

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.company import Change, SandboxCompany
from bridge.sandbox.settings import Webhooks
from bridge.sandbox.wire import Doc, Tids, dumps

WORDS = {"Create": "created", "Update": "updated", "Delete": "deleted", "Void": "voided", "Emailed": "emailed"}
EVENTS_MAX = 100


def signature(body: bytes, verifier_token: str) -> str:
    """The `intuit-signature` header: base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()).decode()


class Notifier:
    """Collects changes and delivers them while the event loop runs."""

    def __init__(
        self, settings: Webhooks, clock: SandboxClock, seed: int = 1, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - event ids
        self._tids = Tids(seed + 1)
        self._transport = transport
        self._waiting: deque[Doc] = deque()
        self._task: asyncio.Task[None] | None = None
        self.delivered = 0

    def changed(self, company: SandboxCompany, changes: tuple[Change, ...]) -> None:
        """A company's committed write; a listener of `SandboxCompany`."""
        if self._settings.url is None:
            return
        self._waiting.extend(self._event(company, change) for change in changes)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._deliver_all())

    def _event(self, company: SandboxCompany, change: Change) -> Doc:
        source = base64.b64encode(hashlib.sha256(company.realm.encode()).digest()).decode()
        return {
            "specversion": "1.0",
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "source": f"intuit.{source}",
            "type": f"qbo.{change.entity.lower()}.{WORDS[change.operation]}.v1",
            "datacontenttype": "application/json",
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "intuitentityid": change.entity_id,
            "intuitaccountid": company.realm,
            "data": {},
        }

    async def _deliver_all(self) -> None:
        async with httpx.AsyncClient(transport=self._transport, timeout=self._settings.timeout_s) as client:
            while self._waiting:
                events = [self._waiting.popleft() for _ in range(min(EVENTS_MAX, len(self._waiting)))]
                await self._deliver(client, dumps(events))
                self.delivered += len(events)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes) -> None:
        attempt = 0
        while not await self._acknowledged(client, body):
            waits = self._settings.retry_after_s
            await self._clock.sleep(waits[min(attempt, len(waits) - 1)])
            attempt += 1

    async def _acknowledged(self, client: httpx.AsyncClient, body: bytes) -> bool:
        headers = {
            "content-type": "application/json",
            "intuit-signature": signature(body, self._settings.verifier_token),
            "intuit-created-time": self._clock.now().isoformat(),
            "intuit-t-id": self._tids.next(self._clock.now()),
            "intuit-notification-schema-version": "2.0",
            "user-agent": "intuit_notification_server/0.1",
        }
        try:
            answer = await client.post(self._settings.url or "", content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def close(self) -> None:
        """Stop delivering."""
        if self._task is not None:
            self._task.cancel()
