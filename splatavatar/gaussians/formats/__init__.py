"""Posed Gaussians in the files that other viewers open, one file a format."""
