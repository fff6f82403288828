"""The board behind health, status and metrics."""

from __future__ import annotations

import asyncio

import pytest

from bridge.telemetry.metrics import CATALOGUE, PREFIX, Telemetry
from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.lifecycle import Phase
from contracts.results import ResultStatus
from tests.support.clocks import ManualClock

WAYS = {
    Phase.RUNNING: (Phase.WARMING, Phase.RUNNING),
    Phase.PAUSED: (Phase.WARMING, Phase.RUNNING, Phase.PAUSED),
    Phase.NEEDS_RECONNECT: (Phase.WARMING, Phase.NEEDS_RECONNECT),
}


def board_of(name: str = "acme") -> tuple[StatusBoard, CompanyBoard, ManualClock]:
    clock = ManualClock(auto=False)
    board = StatusBoard(clock=clock, poll_age_max_s=60, version="1")
    return board, board.company(name, "91"), clock


def put(acme: CompanyBoard, phase: Phase, epoch: int | None = None) -> None:
    """The company is in `phase`, by a way that leads there."""
    for step in WAYS.get(phase, (phase,)):
        acme.enter(step, epoch=epoch)


def metric(board: StatusBoard, line: str) -> bool:
    return line in board.telemetry.exposition().decode().splitlines()


@pytest.mark.parametrize(
    ("phase", "ready"),
    [
        (Phase.JOINING, False),
        (Phase.STANDBY, True),
        (Phase.WARMING, False),
        (Phase.RUNNING, True),
        (Phase.PAUSED, True),
        (Phase.NEEDS_RECONNECT, False),
        (Phase.STOPPED, False),
    ],
)
def test_readiness_follows_the_phase(phase: Phase, *, ready: bool) -> None:
    """A standby that has joined is ready; an owner is once it is warm, unless a person must act."""
    board, acme, _ = board_of()
    put(acme, phase)
    assert (board.ready() == ()) is ready


def test_a_process_without_companies_is_not_ready_yet() -> None:
    """Between start and the first company there is nothing to send traffic to."""
    assert StatusBoard(clock=ManualClock()).ready() == ("no company has started yet",)


def test_one_company_that_warms_keeps_the_process_unready() -> None:
    """Readiness is about all companies that are owned here, and says which one is missing."""
    board, acme, _ = board_of()
    put(acme, Phase.RUNNING)
    board.company("beta", "92").enter(Phase.WARMING)
    assert board.ready() == ("beta is warming",)


def test_kafka_away_after_a_good_start_is_not_ready() -> None:
    """Polls of a broker that is away come back empty, so it is said by itself, a standby's too. Guard: `complaint`."""
    board, acme, _ = board_of()
    acme.enter(Phase.STANDBY)
    acme.kafka("the topics shopify.events do not exist")
    assert board.ready() == ("acme: the topics shopify.events do not exist",)
    assert acme.snapshot()["kafka"] == "the topics shopify.events do not exist"
    assert metric(board, 'qbo_bridge_kafka_trouble{company="acme"} 1.0')
    acme.kafka(None)
    assert board.ready() == ()
    assert metric(board, 'qbo_bridge_kafka_trouble{company="acme"} 0.0')


def test_what_waits_for_limits_is_shown() -> None:
    """A company that is quiet because of its limits says so, in the status and in the metrics."""
    board, acme, _ = board_of()
    acme.limited(waiting=7, fraction=0.5, pause_s=12.34, used=0.25)
    assert acme.snapshot()["limits"] == {"waiting_calls": 7, "fraction": 0.5, "pause_s": 12.3, "used": 0.25}
    assert metric(board, 'qbo_bridge_limit_waiting_calls{company="acme"} 7.0')
    assert metric(board, 'qbo_bridge_limit_fraction{company="acme"} 0.5')


def test_the_wait_of_an_outage_is_the_one_that_is_waited() -> None:
    """Who waits says how long; without an outage there is nothing to wait for."""
    board, acme, _ = board_of()
    put(acme, Phase.RUNNING)
    acme.waits(3.0)
    assert acme.snapshot()["outage_wait_s"] is None
    acme.outage(0.0, "503")
    acme.waits(3.04)
    assert acme.snapshot()["outage_wait_s"] == 3.0
    assert metric(board, 'qbo_bridge_outage_wait_seconds{company="acme"} 3.0')


def test_an_outage_after_warm_up_pauses_and_recovers() -> None:
    """It shows in the status and in the metrics, and readiness does not change."""
    board, acme, _ = board_of()
    put(acme, Phase.RUNNING, 3)
    acme.outage(4.0, "503 from QBO")
    assert acme.snapshot()["phase"] == "paused"
    assert acme.snapshot()["outage_wait_s"] == 4.0
    assert acme.snapshot()["epoch"] == 3
    assert board.ready() == ()
    assert metric(board, 'qbo_bridge_outage{company="acme"} 1.0')
    acme.recovered()
    assert acme.snapshot()["phase"] == "running"
    assert acme.snapshot()["reason"] is None
    assert metric(board, 'qbo_bridge_outage{company="acme"} 0.0')


def test_an_outage_while_warming_stays_unready() -> None:
    """A company that never got warm must not become ready by losing QBO."""
    board, acme, _ = board_of()
    acme.enter(Phase.WARMING)
    acme.outage(1.0, "connection refused")
    assert board.ready() == ("acme is warming",)
    acme.recovered()
    assert acme.phase is Phase.WARMING


def test_a_company_that_gave_up_says_why_and_lets_the_process_live() -> None:
    """It polls no more, by its own decision: a restart would stop the other companies too. Guard: `gave_up`."""
    board, acme, clock = board_of()
    acme.polled()
    acme.gave_up("the journal holds an entry of a kind that this release does not know (decision:7)")
    asyncio.run(clock.advance(10_000))
    assert board.live() == ()
    assert acme.snapshot()["phase"] == "stopped"
    assert board.ready() == (f"acme is stopped: {acme.snapshot()['reason']}",)


def test_a_company_that_was_connected_again_is_running() -> None:
    """The first answer after a person acted ends the alarm, and readiness returns."""
    board, acme, _ = board_of()
    put(acme, Phase.RUNNING, 3)
    acme.enter(Phase.NEEDS_RECONNECT, reason="invalid_grant")
    assert board.ready() == ("acme needs a person to connect it again",)
    acme.recovered()
    assert acme.phase is Phase.RUNNING
    assert board.ready() == ()


def test_a_lost_company_has_no_epoch() -> None:
    """The epoch belongs to the owner; who stands by has none."""
    _, acme, _ = board_of()
    put(acme, Phase.RUNNING, 7)
    acme.enter(Phase.STANDBY)
    assert acme.snapshot()["epoch"] is None


async def test_liveness_is_the_age_of_the_last_good_poll() -> None:
    """Who never polled is alive (Kafka may be away at start); who stopped polling is not."""
    board, acme, clock = board_of()
    await clock.advance(1000)
    assert board.live() == ()
    acme.polled()
    await clock.advance(60)
    assert board.live() == ()
    await clock.advance(1)
    assert board.live() == ("acme has not polled for 61 s",)


def test_results_are_counted_in_the_status_and_in_the_metrics_alike() -> None:
    """Both say the same, by status and by reason code."""
    board, acme, _ = board_of()
    acme.committed([(ResultStatus.POSTED, None), (ResultStatus.IGNORED, "test_event")], 0.2)
    assert acme.snapshot()["results"] == {"posted": 1, "ignored": 1}
    assert acme.snapshot()["reasons"] == {"test_event": 1}
    assert metric(board, 'qbo_bridge_records_total{company="acme",reason="test_event",status="ignored"} 1.0')


def test_running_sums_are_counted_once() -> None:
    """The client's sums are told again and again; the counters grow by the difference only."""
    board, acme, _ = board_of()
    acme.called(reads=2, writes=1, batches=0)
    acme.called(reads=2, writes=4, batches=0)
    assert metric(board, 'qbo_bridge_qbo_calls_total{company="acme",kind="read"} 2.0')
    assert metric(board, 'qbo_bridge_qbo_calls_total{company="acme",kind="write"} 4.0')


def test_the_whole_catalogue_is_exposed() -> None:
    """Every metric has its help line, so a dashboard can be built from the page alone."""
    text = Telemetry().exposition().decode()
    assert all(f"# HELP {PREFIX}{each.name}" in text for each in CATALOGUE)


def test_everything_that_is_reported_shows() -> None:
    """Micro-batches, waves, index and waiting documents each have their metric."""
    board, acme, _ = board_of()
    acme.took(20, 1.5)
    acme.sent_wave([30, 4])
    acme.indexed(12)
    acme.waiting(2)
    assert metric(board, 'qbo_bridge_newest_record_age_seconds{company="acme"} 1.5')
    assert metric(board, 'qbo_bridge_qbo_batch_items_count{company="acme"} 2.0')
    assert board.snapshot()["companies"] == [acme.snapshot()]


def test_thin_events_are_a_notice_of_a_company_that_is_ready() -> None:
    """Guard: every sale is lost though nothing is wrong with the process; other warnings are counted only."""
    board, acme, _ = board_of()
    put(acme, Phase.RUNNING)
    acme.warned(["received_unknown"])
    assert (board.ready(), board.notices()) == ((), ())
    acme.warned(["thin_event", "thin_event"])
    (notice,) = board.notices()
    assert board.ready() == ()
    assert notice.startswith("acme: 2 events of Stripe named their object without holding it (thin events)")
    assert acme.snapshot()["warnings"] == {"received_unknown": 1, "thin_event": 2}
    assert board.snapshot()["warnings"] == [notice]
