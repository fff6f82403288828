"""The proof of once: what the events of a span asked for against what the books hold, document by document. Pure."""
