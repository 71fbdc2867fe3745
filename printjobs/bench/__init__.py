"""Measures what docs/performance.md says: ``running.run``. Nothing is loaded here, for the children's sake."""
