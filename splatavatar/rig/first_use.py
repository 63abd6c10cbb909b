"""What is done once on a machine, when a body model is first used: the stages by which progress tells of it."""

from __future__ import annotations

ANNY = "preparing the body model (once, about a minute)"
IDENTITY = "making the identity basis (once)"
FACE = "laying the face over the body model (once)"
STAGES = frozenset({ANNY, IDENTITY, FACE})
"""of all loaders of the package"""
