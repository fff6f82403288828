"""Every command answers with success as JSON, in one style: each is typed at a served company with something to say."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from contracts.records import OutboundRecord
from tests.support.commands import ANSWERING, RULES, Words
from tests.support.consenting import ADDRESS, decide
from tests.support.orders import Json, line, order, shopify_event, transaction
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MOMENT = datetime.now(UTC)
DAY = MOMENT.date().isoformat()
UNREADABLE = 2
ANSWERS: dict[Words, Words] = {
    ("status",): (),
    ("map",): ("order.json",),
    ("results",): (),
    ("explain",): ("#1",),
    ("keygen",): (),
    ("config", "check"): (),
    ("config", "show"): (),
    ("config", "reference"): (),
    ("rules", "check"): (str(RULES),),
    ("rules", "init"): (),
    ("asyncapi",): (),
    ("waiting", "list"): (),
    ("dead-letters", "list"): (),
    ("dead-letters", "summary"): (),
    ("dead-letters", "show"): ("FIRST",),
    ("dead-letters", "redrive"): ("FIRST", "--dry-run"),
    ("dead-letters", "dismiss"): ("FIRST", "--note", "by hand"),
    ("dead-letters", "edit"): ("SECOND", "--body", "mended.json", "--wait"),
    ("produce",): ("order.json", "--source", "shopify", "--topic", "EVENTS"),
    ("doctor",): (),
    ("backfill",): ("--plan",),
    ("verify",): ("--day", DAY),
    ("reconcile",): ("--from", DAY, "--to", DAY),
    ("adopt",): ("shopify:order:1", "--none"),
    ("pause",): (),
    ("resume",): (),
    ("connect",): ("--no-browser", "--port", "0", "--timeout", "60"),
}
"""In the order in which they are typed; FIRST and SECOND are dead letters, EVENTS a topic of events."""
WITHOUT_CONFIGURATION = {("keygen",), ("config", "reference"), ("rules", "check")}
OF_ANOTHER_STANDARD = {("asyncapi",)}

NAME = re.compile(r"[a-z][a-z0-9_]*")
COUNTED_BY = {
    "amounts",
    "would",
    "companies",
    "ignored",
    "cannot_be_booked",
    "undecided",
    "accounts",
    "effect",
    "named",
    "unknown",
}
"""Under these names lie tables whose own names are currencies, codes, companies or settings."""
IDENTIFIER = re.compile(
    r"id|ids|\w+_id|\w+_tid|sync_token|doc_number|number|name|distinct\w*|key|value|default|version|\w+_version"
)
MONEY = {"amount", "total", "balance", "told", "booked", "sold", "invoiced", "paid", "refunded", "fees", "in_clearing"}
AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")
TIME = re.compile(r"\w+_at|oldest|\w+_since")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PLANNED = "draft"
"""What would be posted has decimals as text."""


def sold(number: int, **changes: object) -> Json:
    """An order of today."""
    own = {"admin_graphql_api_id": None, "processed_at": MOMENT.isoformat(timespec="seconds")}
    return order([line("10.00")], id=number, name=f"#{number}", **own, **changes)


def money_of(number: int) -> Json:
    """Its card money."""
    moment = MOMENT.isoformat(timespec="seconds")
    own = {"admin_graphql_api_id": None, "processed_at": moment, "created_at": moment}
    return transaction(id=10_000 + number, order_id=number, amount="10.00", **own)


def published(*events: tuple[str, Json]) -> list[OutboundRecord]:
    values = [orjson.dumps(shopify_event(topic, body)) for topic, body in events]
    return [OutboundRecord(topic="shopify.events", key=None, value=each) for each in (*values, *[b"{"] * UNREADABLE)]


def test_every_command_that_answers_is_typed_here() -> None:
    """A new one is red until it is asked for success."""
    assert ANSWERS.keys() == ANSWERING.keys()


async def test_each_answer_is_json_in_one_style(stage: Stage) -> None:
    """Numbers are numbers, ids and money are texts, times have an offset, names are written in one way."""
    (stage.folder / "order.json").write_bytes(orjson.dumps(sold(2)))
    (stage.folder / "mended.json").write_bytes(orjson.dumps(shopify_event("orders/create", sold(3))))
    told = published(("orders/create", sold(1)), *(("order_transactions/create", money_of(each)) for each in (1, 2)))
    async with stage.bridge():
        await stage.produce(told)
        await stage.outcomes(len(told) - 1, timeout_s=120)
        letters = [each["letter"] for each in documents((await typed(stage, ("dead-letters", "list"))).stdout)]
        places = dict(zip(("FIRST", "SECOND"), letters, strict=True)) | {"EVENTS": stage.events[0]}
        complaints: list[str] = []
        for words, given in ANSWERS.items():
            if words == ("connect",):
                continue
            ended = await typed(stage, words, *(places.get(each, each) for each in given))
            assert ended.returncode == 0, (words, ended.stdout[-2000:], ended.stderr[-2000:])
            answers = documents(ended.stdout)
            assert answers, words
            if words not in OF_ANOTHER_STANDARD:
                complaints += [f"{' '.join(words)}: {each}" for answer in answers for each in against_style(answer)]
            if words == ("produce",):
                await stage.outcomes(len(told) + 2, timeout_s=120)
        complaints += [f"connect: {each}" for answer in await connected(stage) for each in against_style(answer)]
    assert not complaints, "\n".join(complaints)


async def typed(stage: Stage, words: Words, *given: str) -> subprocess.CompletedProcess[str]:
    """A command with `--json`, as a process of its own that is no terminal."""
    return await asyncio.to_thread(
        subprocess.run,
        command(stage, words, *given),
        env=stage.environment(),
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(stage: Stage, words: Words, *given: str) -> list[str]:
    config = () if words in WITHOUT_CONFIGURATION else ("--config", str(stage.config()))
    return [sys.executable, "-m", "bridge.cli.app", *words, *given, "--json", *config]


async def connected(stage: Stage) -> list[Any]:
    """What `connect` says until a person has consented."""
    words = command(stage, ("connect",), *ANSWERS["connect",])
    with subprocess.Popen(  # noqa: ASYNC220 - what it asks for is answered while it waits
        words, env=stage.environment(), cwd=stage.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = await asyncio.to_thread(process.stdout.readline)
        found = ADDRESS.search(json.loads(first)["open"])
        assert found is not None
        await asyncio.to_thread(decide, found[0])
        rest, err = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0, err
    return documents(first + rest)


def documents(out: str) -> list[Any]:
    """One document, or one a line."""
    try:
        return [json.loads(out)]
    except ValueError:
        return [json.loads(each) for each in out.splitlines()]


def against_style(said: Any, name: str = "", *, counted: bool = False) -> Iterator[str]:
    """What of an answer is written in another way than all the rest."""
    if isinstance(said, dict):
        for key, value in said.items():
            if not counted and not NAME.fullmatch(key):
                yield f"{key!r} in {name!r} is no name"
            if key != PLANNED:
                yield from against_style(value, name if counted else key, counted=key in COUNTED_BY)
    elif isinstance(said, list):
        for each in said:
            yield from against_style(each, name, counted=False)
    elif name in MONEY and not (said is None or (isinstance(said, str) and AMOUNT.fullmatch(said))):
        yield f"{name} is {said!r} and no amount"
    elif IDENTIFIER.fullmatch(name) and not isinstance(said, str | None):
        yield f"{name} is {said!r} and no text"
    elif isinstance(said, str) and said.isdecimal() and not IDENTIFIER.fullmatch(name):
        yield f"{name} is the number {said} as a text"
    elif isinstance(said, str) and TIME.fullmatch(name) and said != "unknown" and not _is_time(said):
        yield f"{name} is {said!r} and no time with an offset"
    elif said in ("None", "nan", "True", "False"):
        yield f"{name} is {said!r}"


def _is_time(text: str) -> bool:
    try:
        return bool(DATE.fullmatch(text)) or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
