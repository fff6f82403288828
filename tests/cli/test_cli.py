"""The commands as a user types them: what they print, and how they end."""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.cli.app import main
from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from contracts.dead_letters import dead_letter_record
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import ResultStatus, result_record
from tests.support.results import NOW, result_of

COMMANDS = (
    "connect",
    "doctor",
    "produce",
    "backfill",
    "run",
    "demo",
    "sandbox",
    "map",
    "verify",
    "reconcile",
    "results",
    "dead-letters list",
    "dead-letters show",
    "dead-letters redrive",
    "dead-letters summary",
    "waiting list",
    "dead-letters dismiss",
    "dead-letters edit",
    "keygen",
    "config check",
    "config show",
    "config reference",
    "rules check",
    "pause",
    "status",
    "resume",
    "explain",
    "asyncapi",
)

CONFIG = """
[kafka]
bootstrap_servers = "{broker}"
transactions = false
[topics]
results = "results-{name}"
dead_letters = "letters-{name}"
[http]
port = {port}
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
shop_domains = ["acme.myshopify.com"]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["qbo-bridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call


def write_config(folder: Path, *, broker: str = "127.0.0.1:1", name: str = "x", port: int = 0) -> Path:
    path = folder / "bridge.toml"
    path.write_text(CONFIG.format(broker=broker, name=name, port=port))
    return path


def order_file(folder: Path) -> Path:
    sample = generate(EventSettings(orders=1, mix=ORDERS_ONLY))
    path = folder / "order.json"
    path.write_bytes(sample.events[0].record.value or b"")
    return path


@pytest.fixture
def told(embedded: KafkaConnection, unique: str, cli: Cli, tmp_path: Path) -> Cli:
    """Three results and two dead letters on a broker; the configuration points at them."""
    results = (
        result_of(1),
        result_of(2, ResultStatus.IGNORED, "test_event"),
        result_of(3, ResultStatus.DEAD_LETTERED, "unbalanced", company="other"),
    )
    records = [OutboundRecord(topic=f"results-{unique}", key=None, value=b"somebody else's")]
    records += [result_record(result, f"results-{unique}") for result in results]
    records += [
        letter(unique, "undecodable", b"\x1b[31mpoison\xff", offset=7),
        letter(unique, "unbalanced", b'{"id": 820982911946154508, "total_price": "1.10"}', offset=8),
    ]
    asyncio.run(publish(embedded, records))
    write_config(tmp_path, broker=embedded.bootstrap_servers, name=unique)
    return cli


def letter(name: str, code: str, value: bytes, offset: int) -> OutboundRecord:
    record = InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=offset,
        key=b"k",
        value=value,
        headers=(("X-Shopify-Topic", b"orders/paid"),),
        timestamp_ms=0,
    )
    facts = {"reason-code": code, "reason": "it cannot be", "company": "acme-us", "topic": record.topic}
    facts |= {"partition": "0", "offset": str(offset), "failed-at": NOW.isoformat()}
    return dead_letter_record(record, f"letters-{name}", facts)


def test_the_version_is_printed(cli: Cli) -> None:
    """Which version somebody runs is the first question of support."""
    assert cli("--version").out.startswith("qbo-bridge 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(cli: Cli, command: str) -> None:
    """`--help` is where an operator looks first."""
    ended = cli(*command.split(), "--help")
    assert ended.code == 0
    assert f"Example: qbo-bridge {command}" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("results", "--last", "many"),
        ("results", "--status", "lost"),
        ("results", "--from-beginning", "--last", "1"),
        ("map", "absent.json"),
        ("dead-letters", "show", "twelve"),
        ("sandbox", "--port", "99999"),
    ],
)
def test_wrong_usage_ends_with_2(cli: Cli, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Scripts tell a typing error from a problem."""
    write_config(tmp_path)
    ended = cli(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["run", "results", "dead-letters list"])
def test_without_a_configuration_a_command_says_where_it_looked(cli: Cli, command: str) -> None:
    """One sentence on stderr and exit code 1."""
    ended = cli(*command.split())
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "bridge.toml: No such file or directory; expected a configuration file (see --config).\n"


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_configuration_that_is_named_must_be_there(cli: Cli, command: str) -> None:
    """Also for the commands that need none."""
    ended = cli(command, "--config", "elsewhere.toml")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("elsewhere.toml: ")


@pytest.mark.parametrize("command", ["results", "dead-letters list"])
def test_a_broker_that_is_away_is_one_sentence(tmp_path: Path, command: str) -> None:
    """Neither a traceback nor the client library's own log lines; in a process, where nothing else listens to those."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    write_config(tmp_path, broker=f"127.0.0.1:{port}")
    words = [sys.executable, "-m", "bridge.cli.app", *command.split()]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    sentence = "no broker answers at the addresses of kafka.bootstrap_servers"
    assert ended.stderr == f"Kafka: {sentence} (127.0.0.1:{port}: nothing listens there).\n"


def test_run_on_a_port_in_use_ends_with_1(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's mistake is a sentence, as a process shows it."""
    monkeypatch.setenv("QBO_BRIDGE_TOKENS__KEY", "A" * 43)
    monkeypatch.setenv("QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET", "secret")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        write_config(tmp_path, port=taken.getsockname()[1])
        command = [sys.executable, "-m", "bridge.cli.app", "run"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "is in use; expected a free port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_asyncapi_prints_the_contract_without_a_configuration(cli: Cli, tmp_path: Path) -> None:
    """Of the default topics; with a configuration of its own."""
    without = cli("asyncapi")
    write_config(tmp_path, name="x")
    with_one = cli("asyncapi")
    assert (without.code, with_one.code) == (0, 0)
    assert {"qbo.results", "shopify.events"} <= json.loads(without.out)["channels"].keys()
    assert "results-x" in json.loads(with_one.out)["channels"]


def test_map_shows_what_an_order_would_post(cli: Cli, tmp_path: Path) -> None:
    """Customer, invoice and total, without any configuration."""
    ended = cli("map", str(order_file(tmp_path)))
    assert ended.code == 0
    assert "Customer" in ended.out
    assert "Invoice" in ended.out
    assert "Total" in ended.out


def test_map_prints_the_payloads_as_json(cli: Cli, tmp_path: Path) -> None:
    """Every reference said, amounts as text, one document."""
    ended = cli("map", str(order_file(tmp_path)), "--json")
    assert ended.code == 0
    steps = {step["entity"]: step for step in json.loads(ended.out)["plan"]["steps"]}
    assert steps["Invoice"]["draft"]["customer"] == steps["Customer"]["key"]
    assert steps["Payment"]["draft"]["amount"] == steps["Invoice"]["draft"]["total"]


def test_map_reads_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`dead-letters show --raw | map -` is how a fix is tried."""
    value = order_file(tmp_path).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(value)))
    ended = cli("map", "-", "--topic", "orders/create")
    assert (ended.code, ended.err) == (0, "")


def test_map_reads_no_more_than_a_topic_takes(cli: Cli) -> None:
    """Guard: a pipe without an end fills the memory."""
    ended = cli("map", "/dev/zero", "--topic", "orders/create")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "/dev/zero: more than 32 MiB, which no topic takes as one event.\n"


def test_map_of_an_unreadable_event_ends_with_1_and_why(cli: Cli, tmp_path: Path) -> None:
    """It would be dead-lettered."""
    (tmp_path / "event").write_bytes(b"{torn off")
    ended = cli("map", "event")
    assert ended.code == 1
    assert ended.err.startswith("Dead letter, undecodable: ")


def test_map_routes_as_the_bridge_does(cli: Cli, tmp_path: Path) -> None:
    """With a configuration an event of an unknown account is skipped, and an unknown company is a sentence."""
    write_config(tmp_path)
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "charge.succeeded",
        "livemode": True,
        "created": 1_760_000_000,
        "account": "acct_unknown",
        "data": {"object": {"id": "ch_1", "object": "charge"}},
    }
    (tmp_path / "event").write_text(json.dumps(event))
    assert "unknown_source" in cli("map", "event").out
    wrong = cli("map", "event", "--company", "beta")
    assert (wrong.code, wrong.err) == (1, "There is no company 'beta'; expected one of: acme-us.\n")


def test_results_are_listed_with_what_was_posted(told: Cli) -> None:
    """The newest at the end; a record that is no result of ours is passed over."""
    ended = told("results")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert len(lines) == 4
    assert "posted" in lines[1]
    assert "Invoice 1 9.50 USD" in lines[1]
    assert "unbalanced: because" in lines[3]


@pytest.mark.parametrize(
    ("arguments", "documents"),
    [
        (("--last", "1"), [3]),
        (("--from-beginning",), [1, 2, 3]),
        (("--status", "posted", "--status", "ignored"), [1, 2]),
        (("--code", "test_event"), [2]),
        (("--document", "shopify:order:3"), [3]),
        (("--document", "1"), [1]),
        (("--company", "acme-us", "--last", "1"), [2]),
    ],
)
def test_results_are_filtered(told: Cli, arguments: tuple[str, ...], documents: list[int]) -> None:
    """By status, reason, document, company, and how many of the last."""
    ended = told("results", "--json", *arguments)
    found = [json.loads(line)["source"]["document"] for line in ended.out.splitlines()]
    assert found == [f"shopify:order:{number}" for number in documents]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_results_are_followed_until_ctrl_c(told: Cli, form: tuple[str, ...]) -> None:
    """Line by line as they come, for eyes and for programs; Ctrl-C is the way to end it, so it ends with 0."""
    command = [sys.executable, "-m", "bridge.cli.app", "results", "--follow", "--from-beginning", *form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert {f"shopify:order:{number}" for number in (1, 2, 3)} == {
        word for line in lines for word in re.findall(r"shopify:order:\d", line)
    }
    assert (process.returncode, said) == (0, "")


def test_no_results_is_a_sentence(told: Cli, unique: str) -> None:
    """An empty screen leaves open whether anything was looked at."""
    assert told("results", "--document", "none").out == f"No matching results on results-{unique}.\n"


def test_an_order_s_name_is_no_document(told: Cli) -> None:
    """Wrong usage that names the command which finds it. Guard: the sign in `results`."""
    ended = told("results", "--document", "#1043")
    assert (ended.code, ended.out) == (2, "")
    assert "qbo-bridge explain '#1043'" in " ".join(ended.err.split())


def test_dead_letters_are_listed_with_their_reason_and_origin(told: Cli) -> None:
    """Enough to decide which to look at."""
    listed = told("dead-letters", "list").out
    assert "shopify.events/0/7" in listed
    assert "it cannot be" in listed
    only = told("dead-letters", "list", "--code", "unbalanced", "--json").out.splitlines()
    assert [json.loads(line)["reason_code"] for line in only] == ["unbalanced"]


def test_a_dead_letter_is_shown_whole_and_harmless(told: Cli) -> None:
    """Original headers, readable value; an escape sequence of a stranger never reaches the terminal."""
    rows = [json.loads(line) for line in told("dead-letters", "list", "--json").out.splitlines()]
    letters = {row["reason_code"]: row["letter"] for row in rows}
    poison = told("dead-letters", "show", letters["undecodable"]).out
    assert "X-Shopify-Topic" in poison
    assert "\x1b" not in poison
    assert "\\x1b[31mpoison" in poison
    assert "820982911946154508" in told("dead-letters", "show", letters["unbalanced"]).out


def test_the_original_bytes_come_out_as_they_went_in(told: Cli) -> None:
    """`--raw` is for a file or a pipe."""
    command = [sys.executable, "-m", "bridge.cli.app", "dead-letters"]
    listed = subprocess.run([*command, "list", "--json"], capture_output=True, text=True, check=True).stdout
    letters = {row["reason_code"]: row["letter"] for row in map(json.loads, listed.splitlines())}
    shown = subprocess.run([*command, "show", letters["undecodable"], "--raw"], capture_output=True, check=True)
    assert shown.stdout == b"\x1b[31mpoison\xff"


def test_a_dead_letter_that_is_not_there_is_a_sentence(told: Cli, unique: str) -> None:
    """One sentence, exit code 1."""
    ended = told("dead-letters", "show", "0/999")
    assert (ended.code, ended.err) == (1, f"There is no dead letter 0/999 on letters-{unique}.\n")
