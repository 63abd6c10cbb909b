"""Faces in files."""
