"""Avatars of other tools as ours: one file a tool, and ``table``, which knows what a file or a folder is."""
