"""Two installations on one cluster share no group and no transactional id."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.settings import load_settings
from bridge.service.settings import kafka_connection
from contracts.errors import ConfigurationError

COMPANY = '[[companies]]\nname = "acme"\nrealm_id = "91"\nenvironment = "sandbox"\nclient_id = "c"\n'


def test_the_setting_begins_the_names_of_groups(tmp_path: Path) -> None:
    """`kafka.group`, or the name of the program."""
    config = tmp_path / "bridge.toml"
    config.write_text(COMPANY)
    assert kafka_connection(load_settings(config, {}).kafka).group_id("acme") == "qbo-bridge.acme"
    config.write_text('[kafka]\ngroup = "books.eu"\n' + COMPANY)
    assert kafka_connection(load_settings(config, {}).kafka).group_id("acme") == "books.eu.acme"


def test_a_group_that_kafka_cannot_name_is_told(tmp_path: Path) -> None:
    """One sentence, as for every setting."""
    config = tmp_path / "bridge.toml"
    config.write_text('[kafka]\ngroup = "books eu"\n' + COMPANY)
    with pytest.raises(ConfigurationError, match=r"kafka\.group: expected the beginning of names"):
        load_settings(config, {})
