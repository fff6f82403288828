"""Answers to results. Pure."""
