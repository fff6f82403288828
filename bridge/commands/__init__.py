"""What each command does, one small file per command; `bridge.cli.app` declares their words and options."""
