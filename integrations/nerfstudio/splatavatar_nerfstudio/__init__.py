"""splatavatar in nerfstudio: the method ``splat-avatar`` and the dataparser ``splat-avatar-data``."""
