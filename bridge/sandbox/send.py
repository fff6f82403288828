"""Sending a sales form by e-mail: nothing leaves the machine, the form says that it was sent.

`POST /invoice/{id}/send[?sendTo=address]`; without any address 6420; a sandbox company may send 40 a day.
"""

from bridge.sandbox import errors
from bridge.sandbox.company import Kind, SandboxCompany
from bridge.sandbox.errors import QboFault
from bridge.sandbox.wire import Doc

SENDABLE = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment")


def send(company: SandboxCompany, kind: Kind, entity_id: str, send_to: str) -> Doc:
    """Mark a form as sent and return it."""
    if kind.name not in SENDABLE:
        raise errors.unsupported_operation("send")
    doc = company.find(kind.name, entity_id)
    if doc is None:
        raise errors.not_found()
    address = send_to or doc.get("BillEmail", {}).get("Address")
    if not address:
        raise QboFault("6420", "Email address is required", None, "BillEmail")
    if "@" not in address:
        reason = f"The email address does not conform to the RFC 822 syntax rules. Supplied value:{address}"
        raise QboFault("2210", "Invalid Email Address Format", reason)
    company.begin()
    delivery = {"DeliveryType": "Email", "DeliveryTime": company.stamp()}
    changes = {"EmailStatus": "EmailSent", "DeliveryInfo": delivery, "BillEmail": {"Address": address}}
    sent = company.touch(kind.name, entity_id, changes)
    company.note(kind.name, entity_id, "Emailed")
    company.commit()
    return kind.present(company, sent)
