"""Avatars of fewer Gaussians."""

from __future__ import annotations

from dataclasses import fields, replace

from splatavatar.avatar.avatar import Avatar


def thinned(avatar: Avatar, every: int) -> Avatar:
    """``avatar`` with every ``every``-th of its Gaussians, each as large as it was."""
    g, c = avatar.gaussians, avatar.correctives
    few = {field.name: getattr(g, field.name)[::every] for field in fields(g)}
    linear = replace(c, position=c.position[:, ::every], colour=c.colour[:, ::every])
    return replace(avatar, gaussians=replace(g, **few), correctives=linear)
