"""Who stands behind an avatar, and the marks of what shows it."""
