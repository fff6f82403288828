"""Orders of a buyer each, and what comes of them: many lanes for one micro-batch, named by a number."""

from __future__ import annotations

from tests.support.orders import ORDER_ID, Json, line, order, refund, refund_line, shopify_event, transaction


def sold(number: int) -> Json:
    """An order of a buyer of its own: three pieces of 12.00, of which nothing is paid yet."""
    email = f"buyer{number}@example.com"
    named = {"id": ORDER_ID + number, "name": f"#{2000 + number}", "order_number": 2000 + number}
    buyer = {"id": 500 + number, "email": email, "first_name": f"Ada {number}", "last_name": "Ng"}
    body = order([line("12.00", 3)], **named, admin_graphql_api_id=None, email=email, customer=buyer)
    return shopify_event("orders/create", {**body, "financial_status": "pending", "total_outstanding": "36.00"})


def paid(number: int) -> Json:
    """All of its money."""
    money = transaction(id=7000 + number, order_id=ORDER_ID + number, admin_graphql_api_id=None, amount="36.00")
    return shopify_event("order_transactions/create", money)


def back(number: int, *money: Json) -> Json:
    """A piece of it came back, with this money or on credit."""
    rows = [refund_line(line("12.00", 3), 1, "12.00")]
    named = {"order_id": ORDER_ID + number, "id": 800 + number, "admin_graphql_api_id": None}
    return shopify_event("refunds/create", refund(rows, *money, **named))
