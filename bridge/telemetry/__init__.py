"""What a process says about itself: the status board, the metrics, the logs."""
