"""What draws an avatar, on each device."""
