"""From photos of one moment, taken from all around, to their cameras, by COLMAP."""
