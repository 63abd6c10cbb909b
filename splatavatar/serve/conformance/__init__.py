"""Checks that any avatar worker for LiveKit can be put to: ``docs/conformance.md``."""
