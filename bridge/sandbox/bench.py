"""How fast the sandbox answers, so that it is never the bottleneck of somebody else's measurement.

`python -m bridge.sandbox.bench [SECONDS]` starts a sandbox in a process of its own and prints invoices
created per second: one per request over eight keep-alive connections, and in batches of 30.
"""

import asyncio
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

from bridge.sandbox.settings import DEFAULT_REALM
from bridge.sandbox.wire import dumps, loads

CONNECTIONS = 8
BATCH_ITEMS = 30
LINE = {
    "DetailType": "SalesItemLineDetail",
    "Amount": 100,
    "SalesItemLineDetail": {"ItemRef": {"value": "4"}, "Qty": 2, "UnitPrice": 50},
}
INVOICE = {"CustomerRef": {"value": "1"}, "Line": [LINE], "PrivateNote": "[qbb:shopify:order:450789469]"}


def request(token: str, resource: str, request_id: str, body: bytes) -> bytes:
    """The bytes of one POST."""
    path = f"/v3/company/{DEFAULT_REALM}/{resource}?requestid={request_id}&minorversion=75"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: sandbox\r\n"
        f"Authorization: Bearer {token}\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connection(port: int, until: float, next_request: Callable[[], bytes]) -> int:
    """Send one request after another; the number answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    while time.monotonic() < until:
        writer.write(next_request())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        answered += 1
    writer.close()
    await writer.wait_closed()
    return answered


async def rate(port: int, seconds: float, next_request: Callable[[], bytes]) -> float:
    """Requests per second over all connections."""
    started = time.monotonic()
    counts = await asyncio.gather(*(connection(port, started + seconds, next_request) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.monotonic() - started)


def measure(port: int, seconds: float) -> tuple[float, float]:
    """Invoices per second, single and in batches."""
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/sandbox/token", method="POST")
    ) as answer:
        token = loads(answer.read())["access_token"]
    number = 0

    def single() -> bytes:
        nonlocal number
        number += 1
        return request(token, "invoice", f"s{number}", dumps(INVOICE))

    def batch() -> bytes:
        nonlocal number
        number += 1
        items = [{"bId": f"b{item}", "operation": "create", "Invoice": INVOICE} for item in range(BATCH_ITEMS)]
        return request(token, "batch", f"b{number}", dumps({"BatchItemRequest": items}))

    singles = asyncio.run(rate(port, seconds, single))
    return singles, asyncio.run(rate(port, seconds, batch)) * BATCH_ITEMS


def main(seconds: float) -> None:
    """Start, measure, print, stop."""
    command = [sys.executable, "-m", "bridge.cli.app", "sandbox", "--port", "0", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = int(line.split(" realm")[0].rpartition(":")[2])
            singles, batched = measure(port, seconds)
        finally:
            process.terminate()
    sys.stdout.write(
        f"invoices created per second: {singles:,.0f} single, {batched:,.0f} in batches of {BATCH_ITEMS}\n"
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5)
