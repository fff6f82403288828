"""What the source's events say against what the books hold: document by document, and day by day. Pure."""
