"""A bare Shopify body is told by its shape; its topic by the state of the document (events in, form 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Object = Mapping[str, object]

_NOT_ORDERS = frozenset({"abandoned_checkout_url", "invoice_url", "applied_discount"})
"""Checkouts and draft orders have lines and totals too; they are not sales yet."""


def infer_topic(body: Object) -> str | None:
    """The topic that a Shopify body without headers most likely had, None when it has no known shape."""
    for looks_like, topic in _SHAPES:
        if looks_like(body):
            return topic(body)
    return None


def bare_payout(body: Object) -> Object:
    """A payout of the Admin API from under its name `payout`; what stands beside it there belongs to it."""
    inner = body.get("payout")
    if not isinstance(inner, Mapping):
        return body
    return {**{name: value for name, value in body.items() if name != "payout"}, **inner}


def _is_order(body: Object) -> bool:
    if not isinstance(body.get("line_items"), list) or "total_price" not in body:
        return False
    return "financial_status" in body or ("currency" in body and not _NOT_ORDERS & body.keys())


def _order_topic(body: Object) -> str:
    if body.get("cancelled_at"):
        return "orders/cancelled"
    if body.get("financial_status") == "paid":
        return "orders/paid"
    return _by_age("orders")(body)


def _has(*names: str) -> Callable[[Object], bool]:
    wanted = frozenset(names)
    return lambda body: wanted <= body.keys()


def _always(topic: str) -> Callable[[Object], str]:
    return lambda _: topic


def _by_age(kind: str) -> Callable[[Object], str]:
    """What was never updated since it was created is new."""

    def topic(body: Object) -> str:
        updated = body.get("updated_at")
        new = updated is None or updated == body.get("created_at")
        word = "updated" if kind == "orders" else "update"
        return f"{kind}/{'create' if new else word}"

    return topic


_SHAPES: tuple[tuple[Callable[[Object], bool], Callable[[Object], str]], ...] = (
    (_is_order, _order_topic),
    (_has("refund_line_items", "order_id"), _always("refunds/create")),
    (_has("kind", "gateway", "order_id"), _always("order_transactions/create")),
    (_has("evidence_due_by", "order_id", "amount"), _by_age("disputes")),
    (_has("remote_reference", "payment_method", "order_id"), _always("tender_transactions/create")),
    (_has("tracking_number", "order_id", "status"), _by_age("fulfillments")),
    (_has("tracking_numbers", "order_id", "status"), _by_age("fulfillments")),
    (_has("order_edit"), _always("orders/edited")),
    (_has("variants", "title", "product_type"), _by_age("products")),
    (_has("first_name", "last_name", "email", "state"), _by_age("customers")),
    (_has("payment_schedules", "payment_terms_name"), _by_age("payment_terms")),
    (_has("balance_transactions", "date", "amount", "status"), _always("shopify_payments/payouts")),
    (_has("payment_terms_id", "due_at"), _always("payment_schedules/due")),
)
