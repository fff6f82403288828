"""QuickBooks Online for one company: writes that are sent until their outcome is known, and reads that are counted.

Intuit meters reads and not writes, and a write answers with the whole entity: nothing is read back after a write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import httpx

from bridge.quickbooks import faults, wire
from bridge.quickbooks.batching import CallAnswer, merged, open_question, still_open
from bridge.quickbooks.changes import ChangeData, cdc_params, parse_changes
from bridge.quickbooks.exchange_rates import rate_in
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Disposition, Fault, Loads, classify
from bridge.quickbooks.limiter import Kind, Priority
from bridge.quickbooks.paging import RESTARTS_MAX, OrderedList
from bridge.quickbooks.queries import PAGE_ROWS_MAX, Select
from bridge.quickbooks.requests import MINOR_VERSION, Batch, Request, params_of, path_of
from bridge.quickbooks.retry import RetryingSender
from contracts.entities import Entity
from contracts.errors import BridgeError, Unavailable

_QUERY_IN_URL_MAX = 2000
"""Characters of a query that go into the URL; a longer one (a list of Ids) is posted."""
_DECODED_AT_ONCE = 100_000
"""Bytes of an answer that are decoded in about a millisecond: no more of them are decoded in the loop itself."""


class ReadRefused(BridgeError):
    """QBO refuses a read that we built: the query or the entity is not one that it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls that went out, resends included: Intuit meters reads and counts all against the limits."""

    reads: int = 0
    writes: int = 0
    batches: int = 0
    batch_items: int = 0
    unanswered: int = 0
    throttled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsState:
    """How many calls wait for the limits, which part of each may be used and is used, and how long a 429 pauses all."""

    waiting: int
    fraction: float
    pause_s: float
    used: float


OnAnswer = Callable[[Kind, float, str | None], None]
"""Told of each call that came back or did not: its kind, the seconds that it took, and QBO's code of a fault."""


class QuickBooksClient:
    """One company's QBO. Build it with `bridge.quickbooks.connection.open_client`."""

    def __init__(self, *, realm_id: str, base_url: str, http: httpx.AsyncClient, sender: RetryingSender) -> None:
        self.realm_id = realm_id
        self.on_answer: OnAnswer | None = None
        """Hears of each call, for whoever measures."""
        self.counts = CallCounts()
        self._url = f"{base_url.rstrip('/')}/v3/company/{realm_id}"
        self._http = http
        self._sender = sender

    def taken_over(self) -> None:
        """Call this on becoming the company's owner: the old one may have spent this minute's calls.

        Half of each limit is used at first; after a quiet minute the rest comes back within another two.
        """
        self._sender.limiter.taken_over()

    def interrupt(self, *, on: bool) -> None:
        """While it is on no call begins: what waits ends as `Interrupted`, what is under way finishes."""
        if on:
            self._sender.interrupt()
        else:
            self._sender.go_on()

    @property
    def under_way(self) -> int:
        """Calls that have no answer yet, those included that wait for the limits or for another try."""
        return self._sender.under_way

    def limits(self) -> LimitsState:
        """How the limits are used now."""
        limiter = self._sender.limiter
        return LimitsState(
            waiting=limiter.waiting,
            fraction=limiter.fraction(),
            pause_s=limiter.pause_left_s(),
            used=limiter.used(),
        )

    def alone(self, steps: int) -> int:
        """How many of `steps` writes are done sooner by requests of their own: batches are spent, requests are not."""
        return self._sender.limiter.alone(steps)

    def has_room(self, batches: int) -> bool:
        """Whether work that can wait, and needs so many batches, finds them now and leaves some to the live work."""
        return self._sender.limiter.has_room(batches)

    async def send(
        self, request: Request, *, priority: Priority = Priority.LIVE, tries_max: int | None = None
    ) -> CallAnswer:
        """Write `request`, the same bytes as often as it takes; give the answer to `batching.unpack`.

        Certain refusals are in the answer. Unavailable when the outcome stays unknown or QBO takes nothing now:
        send the same request again later (FailedEachTime when it answered each try with 5xx). Unauthorised when a
        person must connect the company. `tries_max` is at most how often it goes out.
        """
        known: dict[str, Mapping[str, Any]] = {}
        batch = isinstance(request, Batch)

        async def attempt(token: str) -> CallAnswer:
            self._count(request)
            built = self._http.build_request(
                "POST",
                f"{self._url}/{path_of(request)}",
                params=params_of(request),
                content=request.body,
                headers=_headers(token, content_type="application/json"),
            )
            return merged(request, await self._exchange(built, "batch" if batch else "write"), known)

        return await self._sender.deliver(
            attempt,
            lambda answer: open_question(request, answer),
            kind="batch" if batch else "write",
            priority=priority,
            tries_max=tries_max,
        )

    async def read(self, entity: str, entity_id: str, *, priority: Priority = Priority.LIVE) -> Entity | None:
        """One entity as it is now; None when it does not exist (any more)."""
        answer = await self._get(f"{entity.lower()}/{entity_id}", {}, priority)
        if answer.fault is not None and classify(answer.fault).action is Action.REFERENCE_MISSING:
            return None
        return _object(_accepted(answer), entity)

    async def query(self, select: Select, *, priority: Priority = Priority.LIVE) -> list[Entity]:
        """All rows of `select`, page after page."""
        rows: list[Entity] = []
        async for page in self.pages(select, priority=priority):
            rows.extend(page)
        return rows

    async def pages(
        self,
        select: Select,
        *,
        priority: Priority = Priority.LIVE,
        loads: Loads = wire.loads,
        at_once: int = 1,
    ) -> AsyncGenerator[tuple[Entity, ...], None]:
        """The rows of `select` as `loads` decodes them, a page at a time and each row once (see `paging.py`).

        `at_once` pages are under way together. A list that has no order is one page, and read until it is whole.
        """
        if not select.is_ordered:
            yield await self._full_list(select, priority)
            return

        async def read(start: int) -> Sequence[Entity]:
            return await self._page(select, start, priority, loads)

        rows = OrderedList(select.entity, read, partial(self.count, select, priority=priority))
        async with aclosing(rows.pages(at_once)) as pages:
            async for page in pages:
                yield page

    async def _full_list(self, select: Select, priority: Priority) -> tuple[Entity, ...]:
        """All rows of a list whose pages have no order, each once. Unavailable when it keeps changing meanwhile.

        One page is all of it. Pages without an order may repeat rows and leave out others, so of more than one the
        rows are counted. The pseudo codes of the US come on top of each page, beyond its length; whether
        they are counted nobody says.
        """
        for _ in range(1 + RESTARTS_MAX):
            found: dict[str, Entity] = {}
            pages = shown = 0
            while len(found) >= pages * PAGE_ROWS_MAX:
                rows = {
                    str(row.get("Id")): row for row in await self._page(select, 1 + pages * PAGE_ROWS_MAX, priority)
                }
                shown += sum(ident.isdigit() for ident in rows)
                found |= rows
                pages += 1
            real = sum(ident.isdigit() for ident in found)
            if pages == 1 or (real == shown and await self.count(select, priority=priority) in (real, len(found))):
                return tuple(found.values())
        raise Unavailable(f"the list of {select.entity} keeps changing while it is read", retry_after_s=5.0)

    async def count(self, select: Select, *, priority: Priority = Priority.LIVE) -> int:
        """How many rows `select` has."""
        answer = _accepted(await self._get("query", {"query": select.count()}, priority))
        return int(_object(answer, "QueryResponse").get("totalCount", 0))

    async def cdc(
        self, entities: Sequence[str], changed_since: datetime, *, priority: Priority = Priority.LIVE
    ) -> ChangeData:
        """What changed since `changed_since` (aware, at most 30 days ago), deletions included."""
        answer = _accepted(await self._get("cdc", cdc_params(entities, changed_since), priority))
        return parse_changes(answer.body, entities)

    async def preferences(self) -> Entity:
        """The company's preferences."""
        return _object(_accepted(await self._get("preferences", {}, Priority.LIVE)), "Preferences")

    async def company_info(self) -> Entity:
        """The company's name, country and time zone."""
        return _object(_accepted(await self._get(f"companyinfo/{self.realm_id}", {}, Priority.LIVE)), "CompanyInfo")

    async def exchange_rate(self, currency: str, day: date, home: str) -> Decimal | None:
        """Units of `home` for one of `currency` on `day`; None when QBO has no rate for it."""
        asked = {"sourcecurrencycode": currency, "asofdate": day.isoformat()}
        answer = await self._get("exchangerate", asked, Priority.LIVE)
        return None if answer.fault is not None else rate_in(answer.body, currency, day, home)

    async def _page(
        self, select: Select, start: int, priority: Priority, loads: Loads = wire.loads
    ) -> Sequence[Entity]:
        answer = _accepted(await self._get("query", {"query": select.page(start)}, priority, loads))
        rows = _object(answer, "QueryResponse").get(select.entity, [])
        return rows if isinstance(rows, list) else []

    async def _get(
        self, path: str, params: Mapping[str, str], priority: Priority, loads: Loads = wire.loads
    ) -> CallAnswer:
        text = params.get("query", "")
        posted = len(text) > _QUERY_IN_URL_MAX
        sent = {**({} if posted else params), "minorversion": MINOR_VERSION}

        async def attempt(token: str) -> CallAnswer:
            self._count(None)
            built = self._http.build_request(
                "POST" if posted else "GET",
                f"{self._url}/{path}",
                params=sent,
                content=text.encode() if posted else None,
                headers=_headers(token, content_type="application/text" if posted else None),
            )
            return await self._exchange(built, "read", loads)

        return await self._sender.deliver(attempt, _open_read, kind="read", priority=priority)

    async def _exchange(self, request: httpx.Request, kind: Kind, loads: Loads = wire.loads) -> CallAnswer:
        """One HTTP exchange, measured; whatever goes wrong on the way is a fault in the answer."""
        began_at = time.perf_counter()
        answer = await self._exchanged(request, loads)
        if self.on_answer is not None:
            self.on_answer(kind, time.perf_counter() - began_at, answer.fault.code if answer.fault else None)
        return answer

    async def _exchanged(self, request: httpx.Request, loads: Loads) -> CallAnswer:
        try:
            reply = await self._http.send(request)
        except httpx.RequestError as error:
            self.counts = replace(self.counts, unanswered=self.counts.unanswered + 1)
            fault = Fault(code=faults.NO_ANSWER, message=type(error).__name__)
            return CallAnswer(body={}, fault=fault, http_status=0, intuit_tid=None)
        tid = reply.headers.get("intuit_tid")
        read = await self._decoded(reply, tid, loads)
        if not isinstance(read, Fault):
            return CallAnswer(body=read, fault=None, http_status=reply.status_code, intuit_tid=tid)
        if classify(read).action is Action.THROTTLED:
            self.counts = replace(self.counts, throttled=self.counts.throttled + 1)
        return CallAnswer(body={}, fault=read, http_status=reply.status_code, intuit_tid=tid)

    async def _decoded(self, reply: httpx.Response, tid: str | None, loads: Loads) -> dict[str, Any] | Fault:
        decode = partial(
            faults.read,
            reply.content,
            http_status=reply.status_code,
            intuit_tid=tid,
            retry_after_s=faults.retry_after_s(reply.headers),
            loads=loads,
        )
        if len(reply.content) <= _DECODED_AT_ONCE:
            return decode()
        # because a page of a thousand rows takes a tenth of a second, and every company of the process would wait
        return await asyncio.to_thread(decode)

    def _count(self, request: Request | None) -> None:
        counts = self.counts
        if request is None:
            self.counts = replace(counts, reads=counts.reads + 1)
        elif isinstance(request, Batch):
            items = counts.batch_items + len(request.items)
            self.counts = replace(counts, batches=counts.batches + 1, batch_items=items)
        else:
            self.counts = replace(counts, writes=counts.writes + 1)


def _headers(token: str, content_type: str | None = None) -> dict[str, str]:
    """Without `Accept` QBO answers in XML."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return headers | ({"Content-Type": content_type} if content_type else {})


def _open_read(answer: CallAnswer) -> Disposition | None:
    return still_open(classify(answer.fault)) if answer.fault else None


def _accepted(answer: CallAnswer) -> CallAnswer:
    if answer.fault is not None:
        raise ReadRefused(f"QBO refuses the read: {faults.describe(answer.fault)}")
    return answer


def _object(answer: CallAnswer, name: str) -> Entity:
    found = answer.body.get(name)
    if not isinstance(found, Mapping):
        raise Unavailable(f"QBO's answer has no {name}", retry_after_s=5.0)
    return found
