"""Whether this process traces: off by default, and then nothing of OpenTelemetry is imported."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bridge.config.settings import Settings
from bridge.config.types import http_address
from bridge.kafka.owner import CompanyOwner
from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from bridge.service.traced_owner import CompanyTraces
    from bridge.telemetry.traces import Traces

PROTOCOL = "http/protobuf"
PROTOCOL_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextlib.contextmanager
def tracing(settings: Settings) -> Iterator[Traces | None]:
    """The traces of this process, handed over when the block ends; None where they are off.

    ConfigurationError where they are on and cannot be told.
    """
    if not settings.telemetry.traces:
        yield None
        return
    traces = _traces()
    try:
        yield traces
    finally:
        traces.close()


def traces_of(company: str, settings: Settings, traces: Traces | None) -> CompanyTraces | None:
    """What one company tells; None where traces are off."""
    if traces is None:
        return None
    from bridge.service.traced_owner import CompanyTraces  # noqa: PLC0415 - of the extra `otel`

    return CompanyTraces(traces, company, results_topic=settings.topics.results)


def traced(owner: CompanyOwner, traces: CompanyTraces | None) -> tuple[CompanyOwner, Sequence[Any]]:
    """The owner as it is, or with its work told as spans, and what FastStream adds to each poll."""
    if traces is None:
        return owner, ()
    from bridge.service.traced_owner import TracedOwner  # noqa: PLC0415 - of the extra `otel`

    return TracedOwner(owner, traces, time.time_ns), traces.middlewares


def _traces() -> Traces:
    for variable in PROTOCOL_VARIABLES:
        if (asked := os.environ.get(variable, PROTOCOL)) != PROTOCOL:
            raise ConfigurationError(f"{variable} is {asked!r}; traces are sent as {PROTOCOL} only")
    # because the exporter begins with any text, and not one span would arrive; the first one that is set counts
    endpoint = next(filter(os.environ.get, ENDPOINT_VARIABLES), None)
    if endpoint is not None:
        try:
            http_address(os.environ[endpoint])
        except ValueError:
            said = f"{endpoint} is {os.environ[endpoint]!r}; expected an address: http://collector:4318"
            raise ConfigurationError(said) from None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - the extra

        from bridge.telemetry.traces import Traces  # noqa: PLC0415 - the extra
    except ModuleNotFoundError as error:
        said = "telemetry.traces is true, and OpenTelemetry is not installed: `pip install 'qbo-bridge[otel]'`"
        raise ConfigurationError(f"{said} ({error.name} is missing)") from None
    return Traces(OTLPSpanExporter(), version=version("qbo-bridge"))
