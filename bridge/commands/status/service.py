"""What a company's own service says over HTTP, where one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.request import ProxyHandler, build_opener

import orjson

from bridge.commands.status.unknown import Unknown
from bridge.config.settings import Settings

HTTP_WAIT_S = 1.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServiceWord:
    """What one service says of itself: its version, and each company that it knows by name and realm."""

    version: str
    companies: Mapping[tuple[str, str], Mapping[str, Any]]


def address_of(settings: Settings) -> str | None:
    """Where a service of these settings answers on this machine; None where it takes any port."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http.host, settings.http.host)  # noqa: S104 - not bound
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.http.port}" if settings.http.port else None


async def ask_service(url: str | None) -> ServiceWord | Unknown:
    """What /status of the service at `url` says; unknown where nobody answers there, or something else does."""
    if url is None:
        return Unknown("the service takes any free port: name its address with --url")
    if not url.startswith(("http://", "https://")):
        return Unknown(f"{url} is no address such as http://10.0.0.7:8080")
    try:
        said = orjson.loads(await asyncio.to_thread(_get, f"{url.rstrip('/')}/status"))
        companies = {(str(each["company"]), str(each["realm_id"])): each for each in said["companies"]}
        return ServiceWord(str(said["version"]), companies)
    except (OSError, HTTPException):
        return Unknown(f"no service answers at {url}")
    except (ValueError, KeyError, TypeError):
        return Unknown(f"what answers at {url} is no qbo-bridge")


def _get(url: str) -> bytes:
    """The body of a page; OSError where nobody gives one."""
    direct = build_opener(ProxyHandler({}))  # because a proxy of the environment has no business with our own service
    with direct.open(url, timeout=HTTP_WAIT_S) as reply:
        body: bytes = reply.read()
        return body


def of_owner(
    service: ServiceWord | Unknown, word: Mapping[str, Any] | None, name: str, read: Callable[[Any], T]
) -> T | Unknown:
    """What only the process that owns the company knows of it."""
    if isinstance(service, Unknown):
        return service
    if word is None:
        return Unknown("the service that was asked does not own the company")
    found = word.get(name)
    return Unknown("the service does not say") if found is None or found == {} else read(found)
