"""Reading records whose header *names* are no UTF-8, which aiokafka refuses to decode.

Most clients cannot write such a name, but some (Go's, C's) take any bytes, and the broker does not look. aiokafka then
raises for the whole poll, again and again: a poison record that no parser of ours ever sees. So after the first such
error this process reads with aiokafka's pure Python decoder, made lenient: a byte that is no UTF-8 becomes U+FFFD, as
text decoders have it. It is several times slower, which does not matter beside QBO, and only used where it is needed.
"""

from __future__ import annotations

from typing import Any, SupportsIndex

import structlog
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

MAGIC_WITH_HEADERS = 2

log = structlog.get_logger(__name__)


class _Text(bytearray):
    """Bytes whose text is never refused; so is that of every slice of them."""

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        found = super().__getitem__(index)
        return _Text(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: Any = _Text(self._buffer)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self) -> Any:
        raw = self._next_slice
        batch = super().next_batch()
        return _Batch(raw) if batch is not None and batch.magic >= MAGIC_WITH_HEADERS else batch


def read_leniently_after(error: BaseException) -> None:
    """From now on, if *error* says that a header's name cannot be decoded; otherwise nothing changes."""
    unreadable = isinstance(error, UnicodeDecodeError) or isinstance(error.__cause__, UnicodeDecodeError)
    if unreadable and fetcher.MemoryRecords is not _Records:
        log.warning("kafka.header_name_not_utf8", consequence="records are decoded leniently from now on")
        fetcher.MemoryRecords = _Records
