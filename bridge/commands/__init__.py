"""What each command does, one small file per command; `bridge.cli` declares their words and options."""
