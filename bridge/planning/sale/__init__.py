"""One sale, from everything that a micro-batch tells of it. Pure."""
