"""Waves to answers: what is written, and what cures a refusal."""
