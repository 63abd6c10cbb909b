"""Recorded faces as files, one file a format."""
