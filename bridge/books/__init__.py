"""The index kept true by reading QuickBooks."""
