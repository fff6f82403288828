"""Where each company stands, told from Kafka and, where it answers, by its service."""
