"""The first import of the command line: a service that is stopped before it has begun ends with 0, like any other.

Kafka's libraries take the better part of a second to import, and whoever restarts services does not wait for that.
Until the service handles its signals itself, nothing is open, joined or written, so nothing is left to finish.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _leave(_number: int, _frame: FrameType | None) -> None:
    # because SystemExit would be swallowed wherever an import happens to be at this instant
    os._exit(0)


if sys.argv[1:2] == ["run"]:
    for _signal in STOP_SIGNALS:
        signal.signal(_signal, _leave)
