"""The cluster that the tests run on, where chance would otherwise choose the day on which it fails."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.support.kafka.cluster import KafkaCluster


@pytest.mark.kafka
@pytest.mark.usefixtures("kafka_jars")
def test_a_cluster_id_that_starts_with_a_dash_formats_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID("f8000000-0000-4000-8000-000000000001"))
    cluster = KafkaCluster(tmp_path)
    cluster._write_properties()
    cluster._format()
    assert "cluster.id=-" in (tmp_path / "data-1" / "meta.properties").read_text()
