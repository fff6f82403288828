"""The catalogue of the journal: each kind comes back as it was written, and what is not known is refused."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.index.index import Index
from bridge.index.payment_links import noted
from bridge.index.posted import Posted
from bridge.journal import entries as catalogue
from bridge.journal.entries import FORMAT, KINDS, EntryKind, check_formats, kind_of
from bridge.journal.known_until import KNOWN_UNTIL_KEY, known_until_value, read_known_until
from bridge.journal.lost_markers import journal_key, journal_value, restore
from bridge.journal.redrives import Redrive, read_redrive, redrive_key, redrive_value
from bridge.journal.stop import Stop
from bridge.journal.versions import read_versions, version_key, version_value
from contracts.errors import UnreadableJournal
from contracts.keys import SourceKey
from contracts.posting import Version
from contracts.records import Place
from tests.support.assembly import MemoryJournal
from tests.support.journal_story import written_today
from tests.support.orders import bought
from tests.support.seals import SEAL
from tests.support.world import opened

texts = st.text(max_size=20)
names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
ids = st.text("abc123_:-", min_size=1, max_size=20)
keys = st.builds(SourceKey, st.sampled_from(["shopify", "stripe"]), names, ids)
moments = st.datetimes(timezones=st.just(UTC))
places = st.builds(Place, st.text("abc.-_7", min_size=1, max_size=12), st.integers(0, 10**6), st.integers(0, 2**62))
versions = st.builds(Version, st.integers(0, 2**53), st.integers(0, 99), st.text("0123456789abcdef-", max_size=12))
amounts = st.decimals(0, 10**9, places=2)
links = st.dictionaries(
    keys.filter(lambda key: key.kind != "payment_intent"), st.none() | amounts, min_size=1, max_size=3
)


@given(st.dictionaries(keys, versions | links.map(noted), max_size=4))
def test_versions_and_links_come_back(found: Mapping[SourceKey, Version]) -> None:
    """A link is an entry of its own shape."""
    assert read_versions({version_key(key): version_value(version) for key, version in found.items()}) == found


@given(
    st.builds(Stop, code=texts, dead_letters=st.integers(1, 10**6), at=moments.map(datetime.isoformat), process=texts)
)
def test_a_stop_comes_back(stop: Stop) -> None:
    """Why, when and by whom."""
    assert Stop.from_bytes(stop.to_bytes()) == stop


@given(moments)
def test_until_when_changes_are_known_comes_back(moment: datetime) -> None:
    """To the microsecond."""
    assert read_known_until({KNOWN_UNTIL_KEY: known_until_value(moment)}) == moment


@given(places, st.builds(Redrive, moments, places))
def test_a_redrive_comes_back(letter: Place, redrive: Redrive) -> None:
    """When, and the record that the event became."""
    journal = {redrive_key(letter): redrive_value(redrive)}
    assert (read_redrive(journal, letter), read_redrive({}, letter)) == (redrive, None)


@given(keys, st.integers(1, 10**9), amounts, st.none() | st.text("123", min_size=1, max_size=9))
def test_a_lost_marker_comes_back(key: SourceKey, ident: int, total: Decimal, customer: str | None) -> None:
    """As a document that a person has deleted, with all that planning asks of it."""
    posted = Posted(
        entity="Invoice",
        key=key,
        id=str(ident),
        sync_token="3",
        total=total,
        currency="USD",
        customer_id=customer,
        marker_fields={"v": "7.4", "h": "0badcafe", "t": f"{total:.2f}"},
    )
    index = Index(SEAL, complete_since=datetime(2026, 1, 1, tzinfo=UTC))
    restore(index, {journal_key(posted): journal_value(posted, SEAL)})
    found = index.get("Invoice", key)
    assert found is not None
    assert (found.id, found.written, found.version, found.customer_id) == (str(ident), total, posted.version, customer)
    assert (found.voided, found.voided_by_us) == (True, False)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.prefix)
def test_each_kind_names_the_module_that_owns_it(kind: EntryKind) -> None:
    """Which exists, writes a format that it reads itself, and uses the catalogue's kind."""
    module = importlib.import_module(kind.module)
    assert any(value is kind for value in vars(module).values())
    assert kind.writes in kind.reads


def test_no_key_is_of_two_kinds() -> None:
    """Whatever follows the prefix."""
    for kind in KINDS:
        key = kind.key("" if kind.is_single else "a:1")
        assert [each for each in KINDS if each.holds(key)] == [kind]
    assert (kind_of("stopped:since"), kind_of("fresh:until"), kind_of("decision:7")) == (None, None, None)


def _newer(fields: dict[str, object]) -> bytes:
    return orjson.dumps({**fields, FORMAT: 2})


STRANGE: dict[str, Callable[[dict[str, object]], bytes]] = {
    "a newer format": _newer,
    "format zero": lambda fields: orjson.dumps({**fields, FORMAT: 0}),
    "a format that is true": lambda fields: orjson.dumps({**fields, FORMAT: True}),
    "a format that is a text": lambda fields: orjson.dumps({**fields, FORMAT: "1"}),
    "no format": lambda fields: orjson.dumps({name: value for name, value in fields.items() if name != FORMAT}),
    "no object": lambda _: b"[1]",
    "no JSON": lambda _: b"\xff\x00",
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.prefix)
@pytest.mark.parametrize("strange", STRANGE)
async def test_a_value_of_another_format_is_refused(kind: EntryKind, strange: str) -> None:
    """The sentence names what it is, its key, and what to do. Guard: `EntryKind.fields`."""
    journal = dict(await written_today())
    key = next(key for key in journal if kind.holds(key))
    journal[key] = STRANGE[strange](orjson.loads(journal[key]))
    with pytest.raises(UnreadableJournal) as refused:
        check_formats(journal)
    assert f"the journal holds {kind.what} ({key})" in str(refused.value)
    assert "start the release that wrote it, or a newer one" in str(refused.value)


async def test_a_kind_that_is_not_known_is_refused() -> None:
    """A newer release keeps something that this one would forget."""
    with pytest.raises(UnreadableJournal, match=r"of a kind that this release does not know \(decision:7\)"):
        check_formats({**await written_today(), "decision:7": b'{"format":1}'})


async def test_a_damaged_entry_is_one_sentence() -> None:
    """The right format and none of its fields."""
    for kind in KINDS:
        journal = {key: kind.value({}) for key in await written_today() if kind.holds(key)}
        with pytest.raises(UnreadableJournal, match="is damaged"):
            kind.read_all(journal, lambda _, fields: fields["there is no such field"])


async def test_a_release_that_reads_two_formats_takes_both() -> None:
    """The first of the two releases in which a format is raised: it writes the old one and reads the new one."""
    wide = replace(catalogue.STOP, reads=frozenset({1, 2}))
    for number in (1, 2):
        raw = orjson.dumps({FORMAT: number, "code": "x"})
        assert wide.read("stopped", raw, lambda _, fields: fields["code"]) == "x"
    assert orjson.loads(wide.value({}))[FORMAT] == 1


@pytest.mark.parametrize("key", ["decision:7", "waiting:shopify.events:0:1", "request:qbb-1"])
async def test_a_company_whose_journal_is_newer_is_not_taken_over(key: str) -> None:
    """Nothing is sent, nothing is written, nothing is resent before. Guard: `check_formats` in `Company.take_over`."""
    async with opened() as acme:
        await acme.tell(bought(0))
        await acme.company.released()
        before = (acme.client.counts, dict(acme.journal.entries), len(acme.journal.appends))
        acme.journal.put(key, b'{"format":2}')
        with pytest.raises(UnreadableJournal, match=key):
            await acme.company.take_over(2)
        acme.journal.put(key, None)
        assert (acme.client.counts, acme.journal.entries, len(acme.journal.appends)) == before


async def test_it_is_taken_over_once_the_newer_entry_has_ended() -> None:
    """The newer release has settled what it left; nothing else stands in the way."""
    journal = MemoryJournal(entries={"decision:7": b'{"format":1}'})
    with pytest.raises(UnreadableJournal):
        async with opened(journal=journal):
            pass
    journal.put("decision:7", None)
    async with opened(journal=journal) as acme:
        assert acme.shown["phase"] == "running"
