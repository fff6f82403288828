"""All that the compacted journal topic holds, both directions of each kind of entry."""
