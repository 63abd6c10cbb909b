"""Sessions of the service: who speaks in each, what happens in it, and when it ends."""
