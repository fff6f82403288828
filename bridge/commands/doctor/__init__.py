"""What would fail later, found now: configuration, Kafka, connections, and the company's own books."""
