"""Captures that trackers of FLAME leave: pictures, cameras, and the parameters of FLAME for every timestep."""
