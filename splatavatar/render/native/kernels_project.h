// World -> picture: EWA splatting (Zwicker et al. 2001, eq. 24-31; as used by Kerbl et al. 2023), forward and backward,
// sixteen Gaussians at a time.
#pragma once
#include "raster.h"
#include "simd.h"

namespace splatavatar::KERNELS_ISA {

struct Vec3 { Float x, y, z; };
struct Mat3 { Float m[3][3]; };

SPLAT_INLINE Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
SPLAT_INLINE Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
SPLAT_INLINE Vec3 operator*(Vec3 a, Float s) { return {a.x * s, a.y * s, a.z * s}; }
SPLAT_INLINE Float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
SPLAT_INLINE Vec3 mul(const Mat3& a, Vec3 v) {
  return {a.m[0][0] * v.x + a.m[0][1] * v.y + a.m[0][2] * v.z, a.m[1][0] * v.x + a.m[1][1] * v.y + a.m[1][2] * v.z,
          a.m[2][0] * v.x + a.m[2][1] * v.y + a.m[2][2] * v.z};
}
SPLAT_INLINE Vec3 mul_t(const Mat3& a, Vec3 v) {  // a^T v
  return {a.m[0][0] * v.x + a.m[1][0] * v.y + a.m[2][0] * v.z, a.m[0][1] * v.x + a.m[1][1] * v.y + a.m[2][1] * v.z,
          a.m[0][2] * v.x + a.m[1][2] * v.y + a.m[2][2] * v.z};
}

// Lane l of the result is p[stride * min(first + l, n - 1)].
SPLAT_INLINE Float gather(const float* p, int stride, int first, int n) {
  Float out;
  for (int l = 0; l < kLanes; l++) out[l] = p[(int64_t)stride * (first + l < n ? first + l : n - 1)];
  return out;
}
SPLAT_INLINE Vec3 gather3(const float* p, int first, int n) {
  return {gather(p, 3, first, n), gather(p + 1, 3, first, n), gather(p + 2, 3, first, n)};
}
SPLAT_INLINE void scatter(float* p, int stride, int first, int n, Float x) {
  for (int l = 0; l < kLanes && first + l < n; l++) p[(int64_t)stride * (first + l)] = x[l];
}
SPLAT_INLINE void scatter3(float* p, int first, int n, Vec3 x) {
  scatter(p, 3, first, n, x.x), scatter(p + 1, 3, first, n, x.y), scatter(p + 2, 3, first, n, x.z);
}

struct Quat { Float w, x, y, z; };

SPLAT_INLINE Quat normalised(Quat q, Float& inverse_length) {
  inverse_length = 1.f / sqrt(max(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z, splat(1e-24f)));
  return {q.w * inverse_length, q.x * inverse_length, q.y * inverse_length, q.z * inverse_length};
}
SPLAT_INLINE Mat3 rotation_matrix(Quat q) {
  return {{{1.f - 2.f * (q.y * q.y + q.z * q.z), 2.f * (q.x * q.y - q.w * q.z), 2.f * (q.x * q.z + q.w * q.y)},
           {2.f * (q.x * q.y + q.w * q.z), 1.f - 2.f * (q.x * q.x + q.z * q.z), 2.f * (q.y * q.z - q.w * q.x)},
           {2.f * (q.x * q.z - q.w * q.y), 2.f * (q.y * q.z + q.w * q.x), 1.f - 2.f * (q.x * q.x + q.y * q.y)}}};
}
// Gradient of the raw quaternion from the gradient of the matrix of its unit quaternion q.
SPLAT_INLINE Quat rotation_matrix_backward(Quat q, Float inverse_length, const Mat3& g) {
  const auto& m = g.m;
  Quat d = {2.f * (q.x * (m[2][1] - m[1][2]) + q.y * (m[0][2] - m[2][0]) + q.z * (m[1][0] - m[0][1])),
            2.f * (q.y * (m[0][1] + m[1][0]) + q.z * (m[0][2] + m[2][0]) + q.w * (m[2][1] - m[1][2])) -
                4.f * q.x * (m[1][1] + m[2][2]),
            2.f * (q.x * (m[0][1] + m[1][0]) + q.z * (m[1][2] + m[2][1]) + q.w * (m[0][2] - m[2][0])) -
                4.f * q.y * (m[0][0] + m[2][2]),
            2.f * (q.x * (m[0][2] + m[2][0]) + q.y * (m[1][2] + m[2][1]) + q.w * (m[1][0] - m[0][1])) -
                4.f * q.z * (m[0][0] + m[1][1])};
  Float along = d.w * q.w + d.x * q.x + d.y * q.y + d.z * q.z;
  return {(d.w - along * q.w) * inverse_length, (d.x - along * q.x) * inverse_length,
          (d.y - along * q.y) * inverse_length, (d.z - along * q.z) * inverse_length};
}

// Values that both directions of the projection need.
struct Projected {
  Vec3 c;              // mean in the camera
  Float iz, rx, ry;    // 1/z, and x/z, y/z clamped
  Float in_x, in_y;    // 1 where the clamp is idle
  Vec3 a[3];           // columns of R M
  Float jx[3], jy[3];  // columns projected
  Float sxx, sxy, syy, det;
};

SPLAT_INLINE Projected project(Vec3 mean, const Mat3& axes, const View& view) {
  Projected p;
  const float* R = view.R;
  p.c = {R[0] * mean.x + R[1] * mean.y + R[2] * mean.z + view.t[0], R[3] * mean.x + R[4] * mean.y + R[5] * mean.z + view.t[1],
         R[6] * mean.x + R[7] * mean.y + R[8] * mean.z + view.t[2]};
  Float z = max(p.c.z, splat(kNear));
  p.iz = 1.f / z;
  Float x = p.c.x * p.iz, y = p.c.y * p.iz;
  p.rx = min(max(x, splat(view.clamp_x[0])), splat(view.clamp_x[1]));
  p.ry = min(max(y, splat(view.clamp_y[0])), splat(view.clamp_y[1]));
  p.in_x = keep(both(ge(x, splat(view.clamp_x[0])), ge(splat(view.clamp_x[1]), x)), splat(1.f));
  p.in_y = keep(both(ge(y, splat(view.clamp_y[0])), ge(splat(view.clamp_y[1]), y)), splat(1.f));
  p.sxx = splat(kDilation), p.sxy = splat(0.f), p.syy = splat(kDilation);
  for (int j = 0; j < 3; j++) {
    Float m0 = axes.m[0][j], m1 = axes.m[1][j], m2 = axes.m[2][j];
    p.a[j] = {R[0] * m0 + R[1] * m1 + R[2] * m2, R[3] * m0 + R[4] * m1 + R[5] * m2, R[6] * m0 + R[7] * m1 + R[8] * m2};
    p.jx[j] = view.fx * p.iz * (p.a[j].x - p.rx * p.a[j].z);
    p.jy[j] = view.fy * p.iz * (p.a[j].y - p.ry * p.a[j].z);
    p.sxx += p.jx[j] * p.jx[j], p.sxy += p.jx[j] * p.jy[j], p.syy += p.jy[j] * p.jy[j];
  }
  p.det = p.sxx * p.syy - p.sxy * p.sxy;
  return p;
}

// Writes the records of a block and the depth keys; culls what touches no pixel centre at 1/255 and what is not finite.
SPLAT_INLINE void emit(const Projected& p, const View& view, Float opacity, Float peak, Float tau, Vec3 colour, int first,
                       int n, Splat* splats, uint32_t* keys) {
  Float u = view.fx * p.c.x * p.iz + view.cx, v = view.fy * p.c.y * p.iz + view.cy, inverse = 1.f / p.det;
  Float A = p.syy * inverse, B = -p.sxy * inverse, C = p.sxx * inverse;
  Float ex = sqrt(max(tau * p.sxx, splat(0.f))), ey = sqrt(max(tau * p.syy, splat(0.f)));
  // Bounds of the pixel centres inside the ellipse, kept in a range where conversion to int is defined.
  Float limit = splat(1e6f), low = splat(-2.f);
  Float left = max(min(u - ex - .5f, limit), low), right = max(min(u + ex - .5f, limit), low);
  Float top = max(min(v - ey - .5f, limit), low), bottom = max(min(v + ey - .5f, limit), low);
  const Float infinity = splat(__builtin_inff());
  Mask visible = both(both(gt(p.c.z, splat(kNear)), gt(tau, splat(0.f))), both(gt(p.det, splat(0.f)), gt(infinity, p.det)));
  uint32_t alive = bits(both(visible, gt(infinity, abs(colour.x + colour.y + colour.z))));
  for (int l = 0; l < kLanes && first + l < n; l++) {
    int i = first + l;
    int px0 = (int)std::ceil(left[l]), px1 = (int)std::floor(right[l]), py0 = (int)std::ceil(top[l]), py1 = (int)std::floor(bottom[l]);
    px0 = px0 < 0 ? 0 : px0, py0 = py0 < 0 ? 0 : py0;
    px1 = px1 >= view.width ? view.width - 1 : px1, py1 = py1 >= view.height ? view.height - 1 : py1;
    Splat& s = splats[i];
    if (!(alive >> l & 1) || px0 > px1 || py0 > py1) {
      keys[i] = kCulled;
      s.x0 = s.x1 = s.y0 = s.y1 = 0;
      continue;
    }
    s = {u[l], v[l], A[l], B[l], C[l], opacity[l], colour.x[l], colour.y[l], colour.z[l], p.c.z[l], peak[l], tau[l],
         (uint16_t)(px0 / kTile), (uint16_t)(px1 / kTile + 1), (uint16_t)(py0 / kTile), (uint16_t)(py1 / kTile + 1), 0, 0.f};
    std::memcpy(&keys[i], &s.depth, 4);  // positive floats sort as integers
  }
}

SPLAT_INLINE void peak_and_tau(Float opacity, Float& peak, Float& tau) {
  Float safe = max(opacity, splat(1e-12f));
  peak = log2(safe);
  tau = 1.3862943611f * (peak + 7.9943534368f);  // 2 ln 2 (log2 o + log2 255)
}

// Sum over its tiles of the gradients of each Gaussian of a block: out[c][lane].
SPLAT_INLINE void gather_pairs(const Splat* splats, const uint32_t* keys, const float* pairs, int first, int n,
                               Float out[kSplatGradients]) {
  float sums[kSplatGradients][kLanes] = {};
  for (int l = 0; l < kLanes && first + l < n; l++) {
    const Splat& s = splats[first + l];
    if (keys[first + l] == kCulled) continue;
    int count = (s.x1 - s.x0) * (s.y1 - s.y0);
    const float* p = pairs + (int64_t)s.slot * kSplatGradients;
    for (int k = 0; k < count; k++, p += kSplatGradients)
      for (int c = 0; c < kSplatGradients; c++) sums[c][l] += p[c];
  }
  for (int c = 0; c < kSplatGradients; c++) out[c] = load(sums[c]);
}

// From gradients of the record (u v A B C) to those of the mean and the axes M (columns are scaled axes, world).
SPLAT_INLINE void project_backward(const Projected& p, const View& view, const Float g[5], Vec3& g_mean, Mat3& g_axes,
                                   Vec3& g_camera, Vec3 g_a[3]) {
  Float inverse = 1.f / p.det;
  Float A = p.syy * inverse, B = -p.sxy * inverse, C = p.sxx * inverse;
  // G_S = -Q G_Q Q with Q the conic, G_Q = [gA gB/2; gB/2 gC].
  Float gA = g[2], gB = .5f * g[3], gC = g[4];
  Float t00 = gA * A + gB * B, t01 = gA * B + gB * C, t10 = gB * A + gC * B, t11 = gB * B + gC * C;
  Float gxx = -(A * t00 + B * t10), gxy = -(A * t01 + B * t11), gyy = -(B * t01 + C * t11);
  Float g_rx_jacobian = splat(0.f), g_ry_jacobian = splat(0.f), g_iz = splat(0.f);
  Float sx = view.fx * p.iz, sy = view.fy * p.iz;
  for (int j = 0; j < 3; j++) {
    Float gjx = 2.f * (gxx * p.jx[j] + gxy * p.jy[j]), gjy = 2.f * (gyy * p.jy[j] + gxy * p.jx[j]);
    g_a[j] = {sx * gjx, sy * gjy, -(sx * p.rx * gjx + sy * p.ry * gjy)};
    g_rx_jacobian -= sx * p.a[j].z * gjx, g_ry_jacobian -= sy * p.a[j].z * gjy;
    g_iz += (gjx * p.jx[j] + gjy * p.jy[j]) / p.iz;
  }
  Float g_rx = view.fx * g[0] + p.in_x * g_rx_jacobian, g_ry = view.fy * g[1] + p.in_y * g_ry_jacobian;
  g_iz += g_rx * p.c.x + g_ry * p.c.y;
  g_camera = {g_rx * p.iz, g_ry * p.iz, -g_iz * p.iz * p.iz};
  const float* R = view.R;
  g_mean = {R[0] * g_camera.x + R[3] * g_camera.y + R[6] * g_camera.z, R[1] * g_camera.x + R[4] * g_camera.y + R[7] * g_camera.z,
            R[2] * g_camera.x + R[5] * g_camera.y + R[8] * g_camera.z};
  for (int j = 0; j < 3; j++) {
    g_axes.m[0][j] = R[0] * g_a[j].x + R[3] * g_a[j].y + R[6] * g_a[j].z;
    g_axes.m[1][j] = R[1] * g_a[j].x + R[4] * g_a[j].y + R[7] * g_a[j].z;
    g_axes.m[2][j] = R[2] * g_a[j].x + R[5] * g_a[j].y + R[8] * g_a[j].z;
  }
}

SPLAT_INLINE Quat load_quat(const float* p, int first, int n) {
  return {gather(p, 4, first, n), gather(p + 1, 4, first, n), gather(p + 2, 4, first, n), gather(p + 3, 4, first, n)};
}
SPLAT_INLINE Mat3 scaled_columns(const Mat3& r, Vec3 s) {
  Mat3 out;
  for (int i = 0; i < 3; i++) out.m[i][0] = r.m[i][0] * s.x, out.m[i][1] = r.m[i][1] * s.y, out.m[i][2] = r.m[i][2] * s.z;
  return out;
}

inline void project_world(const WorldGaussians& w, const View& view, int block, Splat* splats, uint32_t* keys) {
  int first = block * kLanes;
  Float inverse_length, peak, tau, opacity = gather(w.opacity, 1, first, w.n);
  Mat3 R = rotation_matrix(normalised(load_quat(w.rotation, first, w.n), inverse_length));
  Projected p = project(gather3(w.mean, first, w.n), scaled_columns(R, gather3(w.scale, first, w.n)), view);
  peak_and_tau(opacity, peak, tau);
  emit(p, view, opacity, peak, tau, gather3(w.colour, first, w.n), first, w.n, splats, keys);
}

inline void project_world_backward(const WorldGaussians& w, const View& view, int block, const Splat* splats,
                                   const uint32_t* keys, const float* pairs, WorldGradients& out) {
  int first = block * kLanes;
  Float g[kSplatGradients], inverse_length;
  gather_pairs(splats, keys, pairs, first, w.n, g);
  Quat q = normalised(load_quat(w.rotation, first, w.n), inverse_length);
  Mat3 R = rotation_matrix(q), g_axes;
  Vec3 scale = gather3(w.scale, first, w.n), mean = gather3(w.mean, first, w.n), g_mean, g_camera, g_a[3];
  Projected p = project(mean, scaled_columns(R, scale), view);
  project_backward(p, view, g, g_mean, g_axes, g_camera, g_a);
  uint32_t visible = 0;
  for (int l = 0; l < kLanes && first + l < w.n; l++) visible |= (keys[first + l] != kCulled ? 1u : 0u) << l;
  // By selection, not multiplication: what is not finite in a culled Gaussian must not reach the sums.
  auto only_visible = [&](Float x) {
    for (int l = 0; l < kLanes; l++) x[l] = visible >> l & 1 ? x[l] : 0.f;
    return x;
  };
  auto visible3 = [&](Vec3 x) { return Vec3{only_visible(x.x), only_visible(x.y), only_visible(x.z)}; };
  g_mean = visible3(g_mean);
  Vec3 g_scale = visible3({g_axes.m[0][0] * R.m[0][0] + g_axes.m[1][0] * R.m[1][0] + g_axes.m[2][0] * R.m[2][0],
                           g_axes.m[0][1] * R.m[0][1] + g_axes.m[1][1] * R.m[1][1] + g_axes.m[2][1] * R.m[2][1],
                           g_axes.m[0][2] * R.m[0][2] + g_axes.m[1][2] * R.m[1][2] + g_axes.m[2][2] * R.m[2][2]});
  Quat g_q = rotation_matrix_backward(q, inverse_length, scaled_columns(g_axes, scale));
  scatter3(out.mean, first, w.n, g_mean);
  scatter3(out.scale, first, w.n, g_scale);
  scatter(out.rotation, 4, first, w.n, only_visible(g_q.w)), scatter(out.rotation + 1, 4, first, w.n, only_visible(g_q.x));
  scatter(out.rotation + 2, 4, first, w.n, only_visible(g_q.y)), scatter(out.rotation + 3, 4, first, w.n, only_visible(g_q.z));
  scatter(out.opacity, 1, first, w.n, g[5]);
  scatter3(out.colour, first, w.n, {g[6], g[7], g[8]});
  if (out.T_camera_world) {
    Vec3 gc = visible3(g_camera);
    const Float gcs[3] = {gc.x, gc.y, gc.z}, ms[3] = {mean.x, mean.y, mean.z};
    Float terms[12];
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        Float t = gcs[i] * ms[j];
        for (int k = 0; k < 3; k++)
          t += (i == 0 ? g_a[k].x : i == 1 ? g_a[k].y : g_a[k].z) * (R.m[j][k] * (k == 0 ? scale.x : k == 1 ? scale.y : scale.z));
        t = only_visible(t);
        terms[3 * i + j] = t;
      }
    for (int i = 0; i < 3; i++) terms[9 + i] = gcs[i];
    Float total = sums<12>(terms);
    for (int c = 0; c < 12; c++) out.T_camera_world[block * 12 + c] = total[c];
  }
}

}  // namespace splatavatar::KERNELS_ISA
