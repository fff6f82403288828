"""Log lines for people on a terminal, JSON lines for machines elsewhere; always on stderr, never a secret.

Our own events are structlog's: a short dotted name and key-values. What libraries log through `logging` takes the same
way out, from warnings on. Tracebacks never carry local variables: they would hold tokens and customers.
"""

from __future__ import annotations

import logging
import math
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bridge.config.settings import LogSettings

MASKED = "***"
_SECRET = re.compile(r"secret|token|password|authorization|^key$|_key$", re.IGNORECASE)
REPEATED_EVERY_S = 30.0
_CHATTY = ("aiokafka", "faststream", "httpx", "httpcore", "uvicorn", "asyncio", "opentelemetry")


def setup_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (stderr), from the level of `settings` on."""
    out = stream or sys.stderr
    human = settings.format == "console" or (settings.format == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(human=human)],
        )
    )
    handler.addFilter(_Sparse())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def silence_logs() -> None:
    """No log line at all, for a command that says in sentences of its own what a person must know."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class _Sparse(logging.Filter):
    """Of what a library repeats, one line in half a minute: in an outage aiokafka says a hundred a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Our own events always pass."""
        if not record.name.startswith(_CHATTY):
            return True
        said = (record.name, str(record.msg)[:60])
        due = record.created - self._said.get(said, -math.inf) >= REPEATED_EVERY_S
        if due:
            self._said[said] = record.created
        return due


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last net: a value whose name sounds like a secret is not written, whoever passed it."""
    return {name: MASKED if _SECRET.search(name) and value else value for name, value in event.items()}


def _renderers(*, human: bool) -> list[Processor]:
    if human:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(transformer), structlog.processors.JSONRenderer()]
