"""Voices that say a text: programs on this machine, and services that the operator names."""
