"""Faces that come over a network."""
