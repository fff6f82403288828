"""A small valid PDF of a transaction: one page of text."""

from decimal import Decimal

from bridge.sandbox.wire import Doc

LINES_MAX = 40


def render(title: str, doc: Doc) -> bytes:
    """The page, with a cross-reference table that points where it should."""
    commands = ["BT", "/F1 11 Tf", "14 TL", "56 780 Td"]
    commands += [f"({_escaped(line)}) Tj T*" for line in _lines(title, doc)]
    stream = "\n".join([*commands, "ET"]).encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + trailer % (size, table, size, len(body))


def _lines(title: str, doc: Doc) -> list[str]:
    customer = doc.get("CustomerRef", {}).get("name", "")
    lines = [f"{title} {doc.get('DocNumber', doc['Id'])}", doc["TxnDate"], customer, ""]
    for line in doc["Line"][:LINES_MAX]:
        what = line.get("Description") or line.get("SalesItemLineDetail", {}).get("ItemRef", {}).get("name", "")
        lines.append(f"{what or line.get('DetailType', '')}  {line.get('Amount', Decimal(0)):,.2f}")
    return [*lines, "", f"Total {doc['TotalAmt']:,.2f}"]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").replace("\n", " ").replace("\r", " ")
