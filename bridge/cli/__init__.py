"""What is typed: commands, their words and options. Each hands over to `bridge.commands` or `bridge.service`."""
