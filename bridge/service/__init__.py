"""One process that serves: the composition root, the connections, the health pages, start and drain."""
