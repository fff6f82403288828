"""The codes of Intuit's fault table and what each one asks of us.

Sources: Intuit's error-code table and 'fix common errors' page, bodies recorded on live sandboxes (2025-05 and
later). A code that is not listed falls back to the HTTP status, and a 5xx decides over any code (`faults.py`).
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a fault asks for. The first five never leave the client as a value."""

    RETRY_SAME = "retry_same"
    """Outcome unknown or trouble of the world: the same bytes under the same request id."""
    THROTTLED = "throttled"
    """Over a limit: the company pauses, then the same bytes."""
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - an action, not a secret
    """The access token is refused: refresh once, then the same bytes."""
    RECONNECT = "reconnect"
    """The connection is dead: a person must connect the company again."""
    BLOCKED = "blocked"
    """The company takes no writes (subscription, reset data): pause until a person has acted."""

    STALE = "stale"
    """The SyncToken is old: re-read, rebase, send under a new id."""
    DUPLICATE_NAME = "duplicate_name"
    """The name is taken: look the holder up, adopt it if it is ours."""
    DUPLICATE_NUMBER = "duplicate_number"
    """The document number is taken: look the holder up, adopt it if it is ours."""
    DUPLICATE_REQUEST = "duplicate_request"
    """The request id was used before and the answer is withheld: read back, never send under a new id."""
    REFERENCE_MISSING = "reference_gone"
    """Something referred to is missing or inactive: forget it and resolve again once."""
    PERIOD_CLOSED = "period_closed"
    """The books are closed for that date: the rules' policy."""
    REJECT = "reject"
    """This content can never be booked."""


_BY_ACTION: dict[Action, str] = {
    # ThrottleExceeded; recorded as XML with statusCode 429 and 403 (quickbooks-ruby fixtures, 2016).
    Action.THROTTLED: "3001",
    # 3200 recorded 2024 and 2026-09-30; 3202, 100 and 110 from Intuit's table.
    Action.REFRESH_TOKEN: "3200 3202 100 110",
    # 3100 recorded (keys of another environment, removed connection); 120: the connecting user lost access;
    # OAuth: invalid_grant (oauth-jsclient #128), invalid_client, unauthorized_client, invalid_request (RFC 6749).
    Action.RECONNECT: "3100 120 invalid_grant invalid_client unauthorized_client invalid_request",
    # 6190 recorded: subscription ended, the company is read-only; 10200: company data was reset, ids are void.
    Action.BLOCKED: "6190 10200",
    # Wrong cluster, locked company, maintenance, query engine (Intuit's table).
    Action.RETRY_SAME: "130 140 150 4002",
    Action.STALE: "5010",  # API reference; HTTP 400
    Action.DUPLICATE_NAME: "6240",  # recorded 2025-06, with `Id=19` for items and `null` for customers
    Action.DUPLICATE_NUMBER: "6140",  # recorded 2026-04-29, names TxnType and TxnId
    Action.DUPLICATE_REQUEST: "600",  # Intuit's table only; a replay was measured to answer 200
    # 610 and 2500 recorded 2025-06 with HTTP 400; 6250 from Intuit's table: customer missing or inactive; 620 recorded
    # for a payment whose invoice is another customer's (by now).
    Action.REFERENCE_MISSING: "610 620 2500 6250",
    Action.PERIOD_CLOSED: "6200 6210",  # 6210 recorded
    Action.REJECT: (
        # unsupported, links, parents, duplicates of a unique key, generic failures, batch size, content type
        "500 630 700 800 900 1000 1010 1020 1040 1050 "
        # 2xxx: shape and values of the request (2020, 2030 recorded 2025-06; 2010, 2050 in public issues)
        "2000 2010 2020 2030 2040 2050 2060 2070 2080 2090 2100 2110 2120 2130 2140 2150 2160 2170 2180 2190 2200 "
        "2210 2220 2230 2240 2250 2260 2270 2280 2290 2300 2600 3000 "
        # queries (recorded), deprecated fields, features that the user or the edition lacks
        "4000 4001 5000 5020 5030 "
        # 6xxx: business rules; 6000 and 6070 recorded
        "6000 6010 6020 6030 6040 6041 6050 6060 6070 6080 6090 6100 6110 6120 6130 6150 6160 6170 6180 6220 6230 "
        "6270 6280 6290 6300 6310 6320 6330 6340 6350 6360 6370 6380 6390 6400 6420 6430 6440 6450 6460 6470 6480 "
        "6490 6500 6510 6520 6530 6540 6560 "
        # 10000 on 400 recorded 2025-06 for bad input (on 5xx the status decides); 10100: result too large
        "10000 10100"
    ),
}

ACTIONS: dict[str, Action] = {code: action for action, codes in _BY_ACTION.items() for code in codes.split()}
"""What each code asks for."""

CONFLICTS = frozenset("630 800 6110 6120 6130 6220 6280 6400 6450 6480 6540".split())
"""Rejections because of what else is in the books (deposited, matched to a bank feed, settled, …)."""

SUSPECTS = frozenset("1000 1010 1020 10000".split())
"""Generic failures: worth the same bytes again a few times before they count as refusals."""

QUIET_DETAILS = frozenset("5010 3200 3202 100 110 120 2040 2200 2210 6240 invalid_grant invalid_client".split())
"""Details that quote people, names, addresses or tokens; `describe` leaves them out."""
