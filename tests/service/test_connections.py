"""Which keys sign a company's markers, and which are believed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bridge.config.settings import Settings, load_settings
from bridge.service.connections import marker_seal
from contracts.errors import ConfigurationError
from contracts.keys import SourceKey
from contracts.marker import Marker
from contracts.marker_seal import MarkerSeal, marker_key

COMPANY = """
[[companies]]
name = "acme-us"
realm_id = "9130000000000001"
environment = "sandbox"
client_id = "app"
"""
TODAY, BEFORE = bytes(32), bytes(range(32))
MARKER = Marker(SourceKey("shopify", "order", "1"))


def text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def seal(folder: Path, **environ: str) -> MarkerSeal:
    """The seal of the only company with these secrets, `tokens__key` for QBO_BRIDGE_TOKENS__KEY."""
    (folder / "bridge.toml").write_text(COMPANY)
    named = {f"QBO_BRIDGE_{name.upper()}": value for name, value in environ.items()}
    settings: Settings = load_settings(folder / "bridge.toml", named)
    return marker_seal(settings, settings.companies[0])


def by(*keys: bytes) -> MarkerSeal:
    return MarkerSeal("9130000000000001", keys)


def test_the_key_of_the_tokens_signs_and_former_ones_are_believed(tmp_path: Path) -> None:
    """A key that is rotated makes no stranger of what is in the books."""
    both = seal(tmp_path, tokens__key=text(TODAY), tokens__former_keys=f'["{text(BEFORE)}"]')
    assert both.line("Invoice", MARKER) == by(marker_key(TODAY)).line("Invoice", MARKER)
    assert both.find("Invoice", by(marker_key(BEFORE)).line("Invoice", MARKER)) == MARKER


def test_the_markers_own_key_is_enough(tmp_path: Path) -> None:
    """It is K itself: who holds it can read markers and cannot open the token store."""
    alone = seal(tmp_path, markers__key=text(marker_key(TODAY)))
    assert alone == seal(tmp_path, tokens__key=text(TODAY))


def test_without_any_key_the_settings_are_named(tmp_path: Path) -> None:
    """One sentence for the operator."""
    sentence = r"QBO_BRIDGE_TOKENS__KEY; `qbo-bridge keygen` .*QBO_BRIDGE_MARKERS__KEY"
    with pytest.raises(ConfigurationError, match=sentence):
        seal(tmp_path)
