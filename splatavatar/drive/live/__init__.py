"""The loop of a live drive, and what it is made of."""
