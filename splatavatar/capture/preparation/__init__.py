"""Whatever was photographed or filmed becomes a capture that can be baked, and what its folder then holds."""
