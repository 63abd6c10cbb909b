"""Bundles of LAM: a glTF with its skin and morph targets, and splats of its vertices."""
