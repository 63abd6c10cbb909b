"""A talking face over WebRTC: one clock, sound, and pictures or faces."""
