"""Where the head was, what it looked like and what it did: rig parameters from landmarks."""
