"""Who the made person is: shape and colours. Colours are linear RGB."""

from __future__ import annotations

RIG = "anny-bust"
IDENTITY: dict[str, float] = {
    "gender": 0.08,
    "age": 0.56,
    "muscle": 0.42,
    "weight": 0.42,
    "height": 0.45,
    "proportions": 0.8,
    "head-fat-incr": 0.15,
    "nose-scale-horiz-incr": -0.4,
    "nose-point-up": 0.25,
    "nose-hump-incr": 0.15,
    "l-eye-scale-incr": 0.25,
    "r-eye-scale-incr": 0.2,
    "mouth-scale-horiz-incr": 0.1,
    "mouth-upperlip-volume-incr": -0.25,
    "mouth-lowerlip-volume-incr": -0.2,
    "mouth-upperlip-height-incr": -0.25,
    "mouth-lowerlip-height-incr": -0.2,
    "mouth-angles-up": 0.3,
    "l-cheek-bones-incr": 0.35,
    "r-cheek-bones-incr": 0.3,
    "chin-width-incr": -0.2,
    "neck-scale-horiz-incr": -0.2,
    "neck-scale-depth-incr": -0.15,
}
"""parameters of the rig"""

BUMPS: tuple[tuple[float, float, float, float, float], ...] = (
    (0.030, 0.100, 0.120, 0.016, 1.0e-3),
    (-0.034, 0.096, 0.118, 0.014, -0.7e-3),
    (0.012, 0.050, 0.130, 0.010, -0.6e-3),
    (-0.020, 0.185, 0.115, 0.020, 0.9e-3),
    (0.006, 0.110, 0.150, 0.008, 0.6e-3),
    (0.060, 0.150, 0.080, 0.018, -0.9e-3),
)
"""centre (x, y, z), width and height of what no parameter of the rig says, metres: nobody is a point of a model"""

SKIN = (0.56, 0.33, 0.235)
BLUSH = (0.60, 0.22, 0.165)
FRECKLE = (0.30, 0.135, 0.075)
LIP = (0.42, 0.125, 0.115)
BROW = (0.075, 0.036, 0.018)
LASH = (0.012, 0.008, 0.006)
IRIS = (0.10, 0.17, 0.095)
IRIS_INNER = (0.23, 0.135, 0.045)
HAIR_ROOT = (0.15, 0.045, 0.014)
HAIR_TIP = (0.60, 0.235, 0.075)
SHIRT = (0.72, 0.70, 0.64)
STRIPE = (0.055, 0.10, 0.20)
COLLAR = (0.045, 0.085, 0.17)
