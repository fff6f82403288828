"""An embedded Kafka broker: the mock cluster inside librdkafka, in its own process, for the demo and quick tests.

It is a real socket that speaks the real protocol, so the bridge cannot tell it from Kafka by looking. What it cannot do
(each a strict expected failure in tests/kafka):

* groups of several members, so no standby and no hand-over: one member a group;
* transactions: it answers "committed", but drops the offsets, fences nobody and ignores `read_committed`;
* admin requests (create, list, describe): a topic appears, with four partitions, when somebody asks for it;
* `offsets_for_times`, compaction, retention by time, size limits on records;
* more than 5 MiB or 100,000 record batches a partition (the oldest are dropped), or more than one batch a fetch.

A process of its own, because librdkafka's broker thread must not share a fate (or an interpreter lock) with the bridge
that it serves. Run it by hand with `python -m bridge.demo.broker`: it prints its address and ends when its standard
input closes, so it never outlives whoever started it.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

from confluent_kafka import Producer

STOP_TIMEOUT_S = 5.0


@contextlib.contextmanager
def embedded_broker() -> Iterator[str]:
    """Start a broker process, give its bootstrap address, and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge.demo.broker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _address(process)
    finally:
        _stop(process)


def _address(process: subprocess.Popen[str]) -> str:
    """The first line that the process prints."""
    address = process.stdout.readline().strip() if process.stdout else ""
    if not address:
        raise RuntimeError(f"the embedded Kafka broker did not start (exit code {process.wait()})")
    return address


def _stop(process: subprocess.Popen[str]) -> None:
    """Closing its input asks it to end; a process that does not listen is killed, by its own handle."""
    with process:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()


def serve() -> None:
    """Be the broker: print the bootstrap address and stay until standard input closes."""
    # Ctrl-C goes to the whole foreground group; whoever started us decides when to close our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    brokers = cluster.list_topics(timeout=10).brokers.values()
    sys.stdout.write(",".join(f"{broker.host}:{broker.port}" for broker in brokers) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve()
