"""Faces that are seen, heard or played as they come."""
