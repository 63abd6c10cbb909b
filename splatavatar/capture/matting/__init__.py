"""Soft mattes of the person in the pictures of a clip, without a downloaded model."""

from splatavatar.capture.matting.estimate import METHODS, Mattes, estimate_mattes

__all__ = ["METHODS", "Mattes", "estimate_mattes"]
