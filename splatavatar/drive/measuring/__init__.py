"""How fast an avatar plays, and how old its pictures are."""
