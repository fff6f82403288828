"""The first import of the command line: what has to hold before everything that takes time.

A service that is stopped before it has begun ends with 0, like any other: Kafka's libraries take the better part of a
second to import, and whoever restarts services does not wait for that. Until the service handles its signals itself,
nothing is open, joined or written, so nothing is left to finish.

Every other command lives for seconds and keeps nearly all that it makes, so garbage is looked for seldom: imports and
tens of thousands of records would have Python walk over all of them again and again.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
OBJECTS_BETWEEN_COLLECTIONS = 100_000


def _leave(_number: int, _frame: FrameType | None) -> None:
    # because SystemExit would be swallowed wherever an import happens to be at this instant
    os._exit(0)


if sys.argv[1:2] == ["run"]:
    for _signal in STOP_SIGNALS:
        signal.signal(_signal, _leave)
else:
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
