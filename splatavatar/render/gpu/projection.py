"""World to picture: EWA splatting (Zwicker et al. 2001, eq. 24-31; as in Kerbl et al. 2023), forward and backward.

Device functions; a value is one number per lane, a vector a tuple of three, a matrix a tuple of nine, row by row.
"""

from __future__ import annotations

import triton
import triton.language as tl

from splatavatar.render.splatting import DILATION, FAINTEST, NEAR, TILE

RECORD = 12
"""floats of a projected Gaussian: u, v (pixels), the quadratic form qxx, qxy, qyy and the peak of its power,
log2 alpha = peak + qxx dx^2 + qxy dx dy + qyy dy^2, r, g, b, padding"""
SUMS = 10
"""per Gaussian and view, over the pixels: of P = dL/d(log alpha) times 1, dx, dy, dx^2, dx dy, dy^2; of the gradient of
the picture times the blending weight, by channel; of the blending weight"""

_DILATION = tl.constexpr(DILATION)
_NEAR = tl.constexpr(NEAR)
_TILE = tl.constexpr(TILE)
_RECORD = tl.constexpr(RECORD)
_LOG2E = tl.constexpr(1.4426950408889634)
_FAINTEST = tl.constexpr(FAINTEST)


@triton.jit
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@triton.jit
def matvec(m, v):
    return (
        m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
        m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
        m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
    )


@triton.jit
def transposed(m):
    return (m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8])


@triton.jit
def columns_scaled(m, s):
    """The product m diag(s)."""
    return (
        m[0] * s[0], m[1] * s[1], m[2] * s[2],
        m[3] * s[0], m[4] * s[1], m[5] * s[2],
        m[6] * s[0], m[7] * s[1], m[8] * s[2],
    )  # fmt: skip


@triton.jit
def product(a, b):
    r0 = (
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
        a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
        a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
    )
    r1 = (
        a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
        a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
        a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
    )
    r2 = (
        a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
        a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )
    return (r0[0], r0[1], r0[2], r1[0], r1[1], r1[2], r2[0], r2[1], r2[2])


@triton.jit
def unit_quaternion(w, x, y, z):
    """The unit quaternion, and one over the length."""
    inverse = 1.0 / tl.sqrt(tl.maximum(w * w + x * x + y * y + z * z, 1e-24))
    return (w * inverse, x * inverse, y * inverse, z * inverse), inverse


@triton.jit
def load_vector(p, mask):
    return (tl.load(p, mask, other=0.0), tl.load(p + 1, mask, other=0.0), tl.load(p + 2, mask, other=0.0))


@triton.jit
def load_quaternion(p, mask):
    """The unit quaternion at ``p``, and one over the length of what is there."""
    return unit_quaternion(
        tl.load(p, mask, other=1.0), tl.load(p + 1, mask, other=0.0), tl.load(p + 2, mask, other=0.0),
        tl.load(p + 3, mask, other=0.0),
    )  # fmt: skip


@triton.jit
def rotation_matrix(q):
    w, x, y, z = q[0], q[1], q[2], q[3]
    return (
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y),
        2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x),
        2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y),
    )  # fmt: skip


@triton.jit
def rotation_matrix_backward(q, inverse, g):
    """Gradient of the raw quaternion from that of the matrix of its unit quaternion ``q``."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    dw = 2.0 * (x * (g[7] - g[5]) + y * (g[2] - g[6]) + z * (g[3] - g[1]))
    dx = 2.0 * (y * (g[1] + g[3]) + z * (g[2] + g[6]) + w * (g[7] - g[5])) - 4.0 * x * (g[4] + g[8])
    dy = 2.0 * (x * (g[1] + g[3]) + z * (g[5] + g[7]) + w * (g[2] - g[6])) - 4.0 * y * (g[0] + g[8])
    dz = 2.0 * (x * (g[2] + g[6]) + y * (g[5] + g[7]) + w * (g[3] - g[1])) - 4.0 * z * (g[0] + g[4])
    along = dw * w + dx * x + dy * y + dz * z
    return (
        (dw - along * w) * inverse,
        (dx - along * x) * inverse,
        (dy - along * y) * inverse,
        (dz - along * z) * inverse,
    )


@triton.jit
def load_rotation(view):
    """R of T_camera_world, the same in every lane."""
    return (
        tl.load(view), tl.load(view + 1), tl.load(view + 2),
        tl.load(view + 3), tl.load(view + 4), tl.load(view + 5),
        tl.load(view + 6), tl.load(view + 7), tl.load(view + 8),
    )  # fmt: skip


@triton.jit
def to_camera(mean, view):
    """A point of the world in the camera."""
    R = load_rotation(view)
    c = matvec(R, mean)
    return (c[0] + tl.load(view + 9), c[1] + tl.load(view + 10), c[2] + tl.load(view + 11))


@triton.jit
def slopes(c, view):
    """The slopes: 1/z, then x/z and y/z as the Jacobian takes them, and whether each is its own and not the limit."""
    iz = 1.0 / tl.maximum(c[2], _NEAR)
    x, y = c[0] * iz, c[1] * iz
    x0, x1, y0, y1 = tl.load(view + 19), tl.load(view + 20), tl.load(view + 21), tl.load(view + 22)
    inside = (tl.where((x >= x0) & (x <= x1), 1.0, 0.0), tl.where((y >= y0) & (y <= y1), 1.0, 0.0))
    return iz, (tl.minimum(tl.maximum(x, x0), x1), tl.minimum(tl.maximum(y, y0), y1)), inside


@triton.jit
def projected_axes(a, iz, r, fx, fy):
    """The columns of ``a``, the scaled axes in the camera, on the picture: x of each, y of each; and the covariance."""
    jx = (fx * iz * (a[0] - r[0] * a[6]), fx * iz * (a[1] - r[0] * a[7]), fx * iz * (a[2] - r[0] * a[8]))
    jy = (fy * iz * (a[3] - r[1] * a[6]), fy * iz * (a[4] - r[1] * a[7]), fy * iz * (a[5] - r[1] * a[8]))
    return jx, jy, dot(jx, jx) + _DILATION, dot(jx, jy), dot(jy, jy) + _DILATION


@triton.jit
def emit(c, a, opacity, colour, view, width, height, index, mask, record, rect, depth):
    """Writes the record, the tiles x0 | x1 << 16, y0 | y1 << 16 and the depth of what reaches a pixel at 1/255.

    What does not has no tiles and lies infinitely far.
    """
    fx, fy = tl.load(view + 12), tl.load(view + 13)
    iz, r, _inside = slopes(c, view)
    _jx, _jy, sxx, sxy, syy = projected_axes(a, iz, r, fx, fy)
    det = sxx * syy - sxy * sxy
    inverse = 1.0 / det
    u, v = fx * c[0] * iz + tl.load(view + 14), fy * c[1] * iz + tl.load(view + 15)
    peak = tl.log2(tl.maximum(opacity, 1e-12))
    tau = (peak - _FAINTEST) * (2.0 / _LOG2E)
    ex, ey = tl.sqrt(tl.maximum(tau * sxx, 0.0)), tl.sqrt(tl.maximum(tau * syy, 0.0))
    # Pixel centres inside the ellipse's bounds, kept where conversion to int is defined.
    left = tl.ceil(tl.minimum(tl.maximum(u - ex - 0.5, -2.0), 1e6)).to(tl.int32)
    right = tl.floor(tl.minimum(tl.maximum(u + ex - 0.5, -2.0), 1e6)).to(tl.int32)
    top = tl.ceil(tl.minimum(tl.maximum(v - ey - 0.5, -2.0), 1e6)).to(tl.int32)
    bottom = tl.floor(tl.minimum(tl.maximum(v + ey - 0.5, -2.0), 1e6)).to(tl.int32)
    left, top = tl.maximum(left, 0), tl.maximum(top, 0)
    right, bottom = tl.minimum(right, width - 1), tl.minimum(bottom, height - 1)
    seen = (c[2] > _NEAR) & (tau > 0.0) & (det > 0.0) & (left <= right) & (top <= bottom)
    x0, x1, y0, y1 = left // _TILE, right // _TILE + 1, top // _TILE, bottom // _TILE + 1
    tl.store(rect + 2 * index, tl.where(seen, x0 | (x1 << 16), 0), mask)
    tl.store(rect + 2 * index + 1, tl.where(seen, y0 | (y1 << 16), 0), mask)
    tl.store(depth + index, tl.where(seen, c[2], float("inf")), mask)
    out = record + index.to(tl.int64) * _RECORD
    tl.store(out, u, mask)
    tl.store(out + 1, v, mask)
    tl.store(out + 2, syy * inverse * (-0.5 * _LOG2E), mask)
    tl.store(out + 3, sxy * inverse * _LOG2E, mask)
    tl.store(out + 4, sxx * inverse * (-0.5 * _LOG2E), mask)
    tl.store(out + 5, peak, mask)
    tl.store(out + 6, tl.maximum(colour[0], 0.0), mask)
    tl.store(out + 7, tl.maximum(colour[1], 0.0), mask)
    tl.store(out + 8, tl.maximum(colour[2], 0.0), mask)


@triton.jit
def load_sums(sums, seen):
    """The sums over the pixels, zero for what is not seen."""
    return (
        tl.load(sums, seen, other=0.0), tl.load(sums + 1, seen, other=0.0), tl.load(sums + 2, seen, other=0.0),
        tl.load(sums + 3, seen, other=0.0), tl.load(sums + 4, seen, other=0.0), tl.load(sums + 5, seen, other=0.0),
        tl.load(sums + 6, seen, other=0.0), tl.load(sums + 7, seen, other=0.0), tl.load(sums + 8, seen, other=0.0),
        tl.load(sums + 9, seen, other=0.0),
    )  # fmt: skip


@triton.jit
def projection_backward(c, a, s, view):
    """From the sums over the pixels: gradients of (u, v), of the mean in the camera and of the axes in the camera."""
    fx, fy = tl.load(view + 12), tl.load(view + 13)
    iz, r, inside = slopes(c, view)
    jx, jy, sxx, sxy, syy = projected_axes(a, iz, r, fx, fy)
    inverse = 1.0 / (sxx * syy - sxy * sxy)
    A, B, C = syy * inverse, -sxy * inverse, sxx * inverse
    gu, gv = A * s[1] + B * s[2], C * s[2] + B * s[1]
    # G_S = -Q G_Q Q with the conic Q = [A B; B C] and G_Q = [gA gB; gB gC].
    gA, gB, gC = -0.5 * s[3], -0.5 * s[4], -0.5 * s[5]
    t00, t01, t10, t11 = gA * A + gB * B, gA * B + gB * C, gB * A + gC * B, gB * B + gC * C
    gxx, gxy, gyy = -(A * t00 + B * t10), -(A * t01 + B * t11), -(B * t01 + C * t11)
    hx = (2.0 * (gxx * jx[0] + gxy * jy[0]), 2.0 * (gxx * jx[1] + gxy * jy[1]), 2.0 * (gxx * jx[2] + gxy * jy[2]))
    hy = (2.0 * (gyy * jy[0] + gxy * jx[0]), 2.0 * (gyy * jy[1] + gxy * jx[1]), 2.0 * (gyy * jy[2] + gxy * jx[2]))
    sx, sy = fx * iz, fy * iz
    g_a = (
        sx * hx[0], sx * hx[1], sx * hx[2],
        sy * hy[0], sy * hy[1], sy * hy[2],
        -(sx * r[0] * hx[0] + sy * r[1] * hy[0]),
        -(sx * r[0] * hx[1] + sy * r[1] * hy[1]),
        -(sx * r[0] * hx[2] + sy * r[1] * hy[2]),
    )  # fmt: skip
    depth_row = (a[6], a[7], a[8])
    g_rx = fx * gu - inside[0] * sx * dot(depth_row, hx)
    g_ry = fy * gv - inside[1] * sy * dot(depth_row, hy)
    g_iz = (dot(hx, jx) + dot(hy, jy)) / iz + g_rx * c[0] + g_ry * c[1]
    return (gu, gv), (g_rx * iz, g_ry * iz, -g_iz * iz * iz), g_a
