"""Schedules of published head avatars on our own rig and renderer, for a comparison on the same data and device.

Written from the numbers and formulas of the papers and of their settings; none of their code is used.
"""
