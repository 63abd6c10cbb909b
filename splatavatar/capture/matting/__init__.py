"""Soft mattes of the person in the pictures of a clip."""

from splatavatar.capture.matting.estimate import METHODS, Mattes, edition_of, estimate_mattes

__all__ = ["METHODS", "Mattes", "edition_of", "estimate_mattes"]
