"""Who owns a company: the election, without a broker."""

from __future__ import annotations

from aiokafka.cluster import ClusterMetadata
from hypothesis import given
from hypothesis import strategies as st

from bridge.kafka.ownership import Ownership, OwnershipClaim, elect, rank


def test_a_first_member_owns_under_epoch_one() -> None:
    """Nobody has owned the company before."""
    assert elect("acme", {"m1": OwnershipClaim(process="a")}) == OwnershipClaim(process="a", epoch=1, owner="m1")


def test_an_owner_keeps_the_company_and_its_epoch() -> None:
    """However many join, and whatever their rank (rule 1)."""
    claims = {"m1": OwnershipClaim(process="a", epoch=4, owner="m1")}
    claims |= {f"n{number}": OwnershipClaim(process=f"p{number}", epoch=4, owner="m1") for number in range(9)}
    assert elect("acme", claims) == OwnershipClaim(process="a", epoch=4, owner="m1")


def test_a_member_that_was_thrown_out_has_lost_its_claim() -> None:
    """It comes back under a new member id and owns nothing, even alone: a new epoch begins (rules 2 and 3)."""
    back = {"m7": OwnershipClaim(process="a", epoch=4, owner="m1")}
    assert elect("acme", back) == OwnershipClaim(process="a", epoch=5, owner="m7")


def test_an_older_epoch_loses() -> None:
    """A claim that was overtaken does not count, though its member id is right."""
    claims = {
        "m1": OwnershipClaim(process="a", epoch=1, owner="m1"),
        "m2": OwnershipClaim(process="b", epoch=2, owner="m2"),
    }
    assert elect("acme", claims).owner == "m2"


def test_a_standby_carries_the_epoch_on() -> None:
    """The owner is gone; whoever follows must not begin again at one."""
    assert elect("acme", {"m2": OwnershipClaim(process="b", epoch=7, owner="m1")}).epoch == 8


def test_companies_spread_over_processes() -> None:
    """Rendezvous: of 300 companies each of three processes gets its share (rule 4)."""
    winners = [max("abc", key=lambda process: rank(f"company-{n}", process)) for n in range(300)]
    assert min(winners.count(process) for process in "abc") > 60


def test_user_data_of_strangers_claims_nothing() -> None:
    """Another program in our group must not break the election."""
    for raw in (None, b"", b"\xff\x00", b"[]", b'{"process": 1}', b'{"process": "a", "epoch": "x", "owner": null}'):
        assert OwnershipClaim.from_bytes(raw) == OwnershipClaim(process="")


@given(st.text(), st.integers(min_value=0, max_value=2**53), st.none() | st.text())
def test_claims_survive_the_wire(process: str, epoch: int, owner: str | None) -> None:
    """What a member says is what the leader hears."""
    claim = OwnershipClaim(process=process, epoch=epoch, owner=owner)
    assert OwnershipClaim.from_bytes(claim.to_bytes()) == claim


def test_the_owner_gets_every_partition_and_everybody_the_epoch() -> None:
    """A standby learns the epoch too, so that it can carry it on; an assignor is one company's own."""
    acme, other = Ownership("acme", "a"), Ownership("other", "a")
    cluster = ClusterMetadata()
    cluster._partitions = {"events": {0: None, 2: None, 1: None}}
    metadata = acme.assignor().metadata(["events", "missing"])
    shares = acme.assignor().assign(cluster, {"m1": metadata, "m2": metadata})
    decided = OwnershipClaim.from_bytes(shares["m1"].user_data)
    owner, standby = ("m1", "m2") if decided.owner == "m1" else ("m2", "m1")
    assert shares[owner].assignment == [("events", [0, 1, 2]), ("missing", [])]
    assert shares[standby].assignment == []
    acme.assignor().on_assignment(shares[standby])
    assert (acme.epoch, other.epoch) == (1, 0)
