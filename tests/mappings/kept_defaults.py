"""The fields that may be left out in silence although the books then differ, each with the reason.

By the path in the source's document, `[]` for a row of a list; null counts as left out.
"""

_NOT_MONEY_HERE = "the transaction then is in the customer's currency and is skipped: its order's body tells the money"
_FEE = "a fee is in no event but those whose producer expands it; its payout books it"
_SHOPS = "a charge that names no order is an ordinary one: nothing else tells the two apart"
_ROWS = "a producer attaches the rows; without them the event is ignored, and says so"

KEPT: dict[str, str] = {
    "amount_rounding": "only newer bodies have it, null where nothing was rounded",
    "transactions.[].amount_rounding": "only newer bodies have it, null where nothing was rounded",
    "total_cash_rounding_payment_adjustment_set": "only newer bodies have it; nothing is rounded but cash",
    "amount_set": _NOT_MONEY_HERE,
    "amount_set.shop_money": _NOT_MONEY_HERE,
    "currency": "a customer without one has bought nothing yet: its first order brings it into the books",
    "arrival_date": "of a payout that failed without rows only the day on which it came back counts",
    "balance_transaction": _FEE,
    "latest_charge.balance_transaction": _FEE,
    "balance_transaction.amount": "without it QuickBooks' rate counts; the payout books the difference",
    "balance_transaction.exchange_rate": "without it QuickBooks' rate counts; the payout books the difference",
    "balance_transactions": _ROWS,
    "description": _SHOPS,
    "metadata": _SHOPS,
    "metadata.shopify_order_id": _SHOPS,
    "lines.data.[].taxes": "the taxes of the whole are booked; a line without any is not taxed",
    "payment_intent": "a refund that names neither charge nor intent is of a customer's cash balance",
    "refunds": "only old charges list their refunds; each has an event of its own",
    "refunds.data": "only old charges list their refunds; each has an event of its own",
    "refunds.data.[].balance_transaction": "null is how Stripe says that nothing moved: a release",
    "status_transitions.marked_uncollectible_at": "null is how Stripe says that it was never given up",
}
