"""One reader a capture format."""
