"""From plans to waves: what has to be written, in which order, less what is already in the books. Pure."""
