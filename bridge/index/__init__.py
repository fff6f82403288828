"""What QuickBooks holds of ours, in memory. Pure."""
