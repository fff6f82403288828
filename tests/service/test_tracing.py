"""Traces are off by default, and refused in one sentence where they cannot be told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config.settings import load_settings
from bridge.service.tracing import ENDPOINT_VARIABLES, PROTOCOL_VARIABLES, tracing
from contracts.errors import ConfigurationError

CONFIG = """
[tokens]
path = "{folder}/tokens.enc"

[[companies]]
name = "acme"
realm_id = "91"
environment = "sandbox"
client_id = "client"
"""
EVERYTHING = """
import importlib, os, pathlib, pkgutil, sys
import bridge
from bridge.config.settings import load_settings
from bridge.service.tracing import traced, traces_of, tracing

apart = {"bridge.telemetry.traces", "bridge.kafka.traces", "bridge.service.traced_owner"}
for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
    if module.name not in apart and "__main__" not in module.name:
        importlib.import_module(module.name)
settings = load_settings(pathlib.Path(sys.argv[1]), os.environ)
with tracing(settings) as traces:
    assert traced("owner", traces_of("acme", settings, traces)) == ("owner", ())
loaded = {name for name in sys.modules if name.startswith("opentelemetry")}
print(sorted(loaded - {"opentelemetry", "opentelemetry.semconv"})[:3])
"""
WITHOUT = "import sys; sys.modules['opentelemetry.sdk'] = None; from bridge.cli.app import main; main()"
KEY = "QBO_BRIDGE_TOKENS__KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # pragma: allowlist secret


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "bridge.toml"
    file.write_text(CONFIG.format(folder=tmp_path))
    return file


def said_by(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env=os.environ | dict([KEY]) | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_of_opentelemetry_is_imported_where_traces_are_off(config: Path) -> None:
    """By whatever module of ours; FastStream looks by an empty package whether it is there.

    Guard: the imports inside `bridge.service.tracing`.
    """
    ended = said_by(EVERYTHING, str(config))
    assert ended.stdout.strip() == "[]", ended.stderr


def test_what_is_switched_on_and_not_installed_is_refused_with_the_remedy(config: Path) -> None:
    """Before anything is served."""
    words = ("run", "--config", str(config))
    ended = said_by(WITHOUT, *words, QBO_BRIDGE_TELEMETRY__TRACES="true")
    assert ended.returncode == 1
    assert "pip install 'qbo-bridge[otel]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("variable", PROTOCOL_VARIABLES)
def test_a_protocol_that_is_not_spoken_is_refused(config: Path, variable: str) -> None:
    """The variable is named, because several of them may say it."""
    words = ("-m", "bridge.cli.app", "run", "--config", str(config))
    switched = {variable: "grpc", "QBO_BRIDGE_TELEMETRY__TRACES": "true"}
    ended = subprocess.run(
        [sys.executable, *words], env=os.environ | dict([KEY]) | switched, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, variable in ended.stderr, "http/protobuf" in ended.stderr) == (1, True, True)


@pytest.mark.parametrize("variable", ENDPOINT_VARIABLES)
@pytest.mark.parametrize("address", ["collector:4318", "nonsense", "grpc://collector:4317"])
def test_an_endpoint_that_no_span_can_reach_is_refused(
    config: Path, variable: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, before anything is served. Guard: the look at `ENDPOINT_VARIABLES`."""
    monkeypatch.setenv(variable, address)
    monkeypatch.setenv("QBO_BRIDGE_TELEMETRY__TRACES", "true")
    monkeypatch.setenv(*KEY)
    with (
        pytest.raises(ConfigurationError, match=f"{variable} is '{address}'"),
        tracing(load_settings(config, os.environ)),
    ):
        pass
