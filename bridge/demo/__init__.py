"""The demo: the whole bridge on one machine, and the proof that nothing is posted twice."""
