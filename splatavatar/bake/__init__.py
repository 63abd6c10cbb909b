"""From a capture to an avatar."""
