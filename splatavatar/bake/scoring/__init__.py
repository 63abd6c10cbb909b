"""How close an avatar is to pictures."""
