"""A conversation on this machine: somebody is heard, an answer is found, a voice says it, an avatar speaks it."""
