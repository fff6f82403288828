"""QuickBooks' answers, recorded once from the sandbox and played again: what is left is what the bridge costs."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx


class _Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Whole(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Recorded(httpx.AsyncBaseTransport):
    """Passes requests on and keeps each answer; after `play` it answers the same requests by itself.

    The same request has its answers in the order in which they came. One that was never asked is a LookupError: then
    the bridge does something else than while it was recorded, and what is measured would be something else too.
    """

    def __init__(self) -> None:
        self._answers: defaultdict[tuple[str, str, bytes], deque[_Answer]] = defaultdict(deque)
        self._real: httpx.AsyncBaseTransport | None = None

    def record(self, real: httpx.AsyncBaseTransport) -> Recorded:
        """Ask `real` from now on."""
        self._real = real
        return self

    def play(self, _: httpx.AsyncBaseTransport) -> Recorded:
        """Answer from what was recorded, each answer once."""
        self._real = None
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, whose body is part of its name."""
        name = (request.method, str(request.url), await request.aread())
        if self._real is None:
            if not self._answers[name]:
                raise LookupError(f"was never asked while recording: {request.method} {request.url}")
            found = self._answers[name].popleft()
        else:
            response = await self._real.handle_async_request(request)
            found = _Answer(response.status_code, response.headers.raw, await response.aread())
            self._answers[name].append(found)
        return httpx.Response(found.status, headers=found.headers, stream=_Whole(found.body), request=request)
