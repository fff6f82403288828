"""QuickBooks Online: everything that knows its wire, and nothing that knows why we call.

Pure: `wire` (exact JSON), `requests` (writes as values), `queries` (escaping), `fault_codes` and `faults` (what a
refusal means), `batching` (steps to requests and back), `verify` (is the answer what was sent), `changes` (change data
capture), and the arithmetic of `limiter`. With I/O: `tokens`, `token_file` and `auth` (the connection), `retry` (the
one place that tries again), `client`, `warmup` (what an index is filled from), and `connection`, which wires them.
"""
