"""Motions of bodies by SMPL, SMPL-H and SMPL-X, of which a face shows the head and what the model knows of the face."""
