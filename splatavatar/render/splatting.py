"""The constants of splatting, which every backend has: torch, the native kernels (``native/raster.h``) and Triton's.

``tests/render/test_splatting.py`` holds the native ones and what is derived from them equal to these.
"""

from __future__ import annotations

import math

TILE = 16
"""pixels along the side of a tile"""
DILATION = 0.3
"""pixels^2 added to the diagonal of every projected covariance (Zwicker et al. 2001; Kerbl et al. 2023)"""
MIN_ALPHA = 1 / 255
"""weaker contributions are skipped"""
MAX_ALPHA = 0.999
"""a single Gaussian never covers more, which keeps 1 - alpha away from zero in the backward pass"""
NEAR = 0.01
"""metres; Gaussians nearer to the camera plane are skipped"""
FINISHED = 1e-4
"""transmittance below which a pixel takes no more"""
FAINTEST = math.log2(MIN_ALPHA)
"""the logarithm to base 2 of ``MIN_ALPHA``: blending works on powers of two"""
LARGEST = 16384
"""pixels of a side of a picture"""
