"""Splats on FLAME: results of GaussianAvatars and RGBAvatar, and the person in them."""
