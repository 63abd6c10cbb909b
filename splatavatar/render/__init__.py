"""How splats become pixels: one function, and its backends."""
