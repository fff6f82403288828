"""A real Apache Kafka on loopback, without Docker: one node, or three with replication.

    python -m tests.support.kafka.cluster [--nodes 3] [--port 9092] [--data FOLDER]

runs one in the foreground (`make kafka`); the tests use `KafkaCluster`. It is KRaft in its simplest form, every node
broker and controller at once. Two settings are for tests: records are kept however old their timestamps are (Kafka
counts retention from the record's own timestamp, so a replayed event of last year would vanish within minutes), and
sessions may be as short as a second.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import concurrent.futures
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from tests.support.kafka.jars import DEPLOY, KafkaMissing, classpath, find_java
from tests.support.kafka.secured import PROTOCOLS, broker_properties, format_options, make_certificates

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 20
HOST = "127.0.0.1"
JVM = ["-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}{listeners}
advertised.listeners=PLAINTEXT://{host}:{port}{advertised}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}
log.dirs={data}
num.partitions=6
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
log.cleaner.backoff.ms=500
"""


class KafkaNode:
    """One broker process."""

    def __init__(self, number: int, folder: Path, port: int, controller: int) -> None:
        self.number = number
        self.port = port
        self.controller = controller
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def properties(self) -> Path:
        """Its configuration file."""
        return self.folder / f"node-{self.number}.properties"

    @property
    def pid(self) -> int:
        """For signals; the node must be running."""
        assert self._process is not None
        return self._process.pid

    def java(self, *arguments: str) -> list[str]:
        """A command line that runs one of Kafka's own classes."""
        logging = f"-Dlog4j2.configurationFile={DEPLOY / 'log4j2.properties'}"
        return [find_java(), *JVM, logging, "-cp", classpath(), *arguments]

    def start(self) -> None:
        """In a session of its own, so that Ctrl-C reaches us and we stop it in order."""
        log = (self.folder / f"node-{self.number}.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self.java("kafka.Kafka", str(self.properties)), stdout=log, stderr=log, start_new_session=True
            )

    def check(self) -> None:
        """Raise when the process has ended, with the end of its log."""
        if self._process is not None and self._process.poll() is not None:
            log = (self.folder / f"node-{self.number}.log").read_text(errors="replace")
            raise KafkaMissing(f"Kafka ended with exit code {self._process.returncode}: {log[-1500:]}")

    def stop(self) -> None:
        """SIGTERM, then kill."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """As a machine dies."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


class KafkaCluster:
    """One or three nodes that know each other; data stays in *folder* over restarts."""

    def __init__(self, folder: Path, *, nodes: int = 1, port: int | None = None, secure: bool = False) -> None:
        ports = _free_ports(2 * nodes)
        if port is not None:
            ports[:nodes] = range(port, port + nodes)
        self.folder = folder
        self.nodes = [KafkaNode(i + 1, folder, ports[i], ports[nodes + i]) for i in range(nodes)]
        self.certificates = make_certificates(folder / "certificates") if secure else None
        self.secure_ports = dict(zip(PROTOCOLS, _free_ports(len(PROTOCOLS)), strict=True)) if secure else {}

    @property
    def bootstrap_servers(self) -> str:
        """All nodes' addresses."""
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Format where that was not done before, start every node, and wait until all of them answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        self._format()
        for node in self.nodes:
            node.start()
        self.wait_until_ready()

    def stop(self) -> None:
        """All nodes at once: a cluster that loses its majority first would wait for it."""
        threads = [threading.Thread(target=node.stop) for node in self.nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait_until_ready(self) -> None:
        """Until every node is in the cluster's metadata."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            for node in self.nodes:
                node.check()
            if _ask(self.bootstrap_servers) >= len(self.nodes):
                return
            if time.monotonic() > deadline:
                raise KafkaMissing(f"Kafka did not answer within {START_TIMEOUT_S} s on {self.bootstrap_servers}")
            time.sleep(0.3)

    def _write_properties(self) -> None:
        voters = ",".join(f"{node.number}@{HOST}:{node.controller}" for node in self.nodes)
        for node in self.nodes:
            text = PROPERTIES.format(
                node=node.number,
                voters=voters,
                host=HOST,
                port=node.port,
                controller=node.controller,
                data=self.folder / f"data-{node.number}",
                replicas=min(3, len(self.nodes)),
                in_sync=min(2, len(self.nodes)),
                listeners="".join(f",{each}://{HOST}:{port}" for each, port in self.secure_ports.items()),
                advertised="".join(f",{each}://localhost:{port}" for each, port in self.secure_ports.items()),
                protocols="".join(f",{each}:{each}" for each in self.secure_ports),
            )
            if self.certificates is not None:
                text += broker_properties(self.certificates)
            node.properties.write_text(text)

    def _format(self) -> None:
        """Every node under the same cluster id; formatted folders are left alone."""
        # Joined by "=": one id in 64 starts with "-" and would be read as an option of its own.
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        users = format_options() if self.certificates is not None else []
        formatting = [
            subprocess.Popen(
                node.java(
                    "kafka.tools.StorageTool", "format", f"--cluster-id={name}", *users, "-c", str(node.properties)
                ),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for node in self.nodes
            if not (self.folder / f"data-{node.number}" / "meta.properties").exists()
        ]
        for process in formatting:
            _, errors = process.communicate()
            if process.returncode != 0:
                raise KafkaMissing(f"Kafka's storage could not be formatted: {errors.decode(errors='replace')[-500:]}")


@contextlib.contextmanager
def running_cluster(
    *, nodes: int = 1, port: int | None = None, data: Path | None = None, secure: bool = False
) -> Iterator[KafkaCluster]:
    """A cluster that is stopped at the end; its data is kept only in a folder that was given.

    A *secure* one, of one node, listens with TLS and passwords too (`tests.support.kafka.secured`, `secure_ports`).
    """
    with contextlib.ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qbo-bridge-kafka-")))
        cluster = KafkaCluster(folder, nodes=nodes, port=port, secure=secure)
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def _ask(bootstrap_servers: str) -> int:
    """In a thread of its own: a fixture may be asked for while the test's event loop runs."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_brokers(bootstrap_servers))).result()


async def _brokers(bootstrap_servers: str) -> int:
    """How many brokers the cluster says it has; 0 while nobody answers."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=2_000)
    try:
        await client.bootstrap()
        return len((await client.fetch_all_metadata()).brokers())
    except (KafkaError, OSError):
        return 0
    finally:
        await client.close()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def main() -> int:
    """Run a cluster in the foreground until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="make kafka", description="Apache Kafka on loopback, until Ctrl-C.")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, help="of the first node (the others follow); free ones if not given")
    parser.add_argument("--data", type=Path, help="a folder that is kept; a temporary one if not given")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it reports every attempt before the broker listens
    stopped = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopped.set())
    try:
        with running_cluster(nodes=arguments.nodes, port=arguments.port, data=arguments.data) as cluster:
            sys.stdout.write(f"{cluster.bootstrap_servers}\n")
            sys.stdout.flush()
            stopped.wait()
    except KafkaMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
