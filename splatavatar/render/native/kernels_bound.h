// Triangle -> world: Gaussians that ride on the triangles of a mesh (the binding of GaussianAvatars, Qian et al. 2024, eq. 1-4,
// with a barycentric origin), forward and backward.
//   R = [e/|e|, n, e/|e| x n], e = v1 - v0; k = (|e| + height) / 2; mean = o + k R p; axes = k R R(q) diag(s)
#pragma once
#include "kernels_project.h"

namespace splatavatar::KERNELS_ISA {

inline void triangle_frames(const float* vertices, const int32_t* triangles, int begin, int end, float* frames) {
  for (int t = begin; t < end; t++) {
    const float* corner[3];
    float e[3], d[3], n[3];
    for (int c = 0; c < 3; c++) corner[c] = vertices + 3 * triangles[3 * t + c];
    for (int i = 0; i < 3; i++) e[i] = corner[1][i] - corner[0][i], d[i] = corner[2][i] - corner[0][i];
    n[0] = e[1] * d[2] - e[2] * d[1], n[1] = e[2] * d[0] - e[0] * d[2], n[2] = e[0] * d[1] - e[1] * d[0];
    float length = std::sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2]), area = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    float ie = 1.f / (length > 1e-12f ? length : 1e-12f), in = 1.f / (area > 1e-12f ? area : 1e-12f);
    float* f = frames + (int64_t)t * kFrame;
    for (int i = 0; i < 3; i++) e[i] *= ie, n[i] *= in;
    float b[3] = {e[1] * n[2] - e[2] * n[1], e[2] * n[0] - e[0] * n[2], e[0] * n[1] - e[1] * n[0]};
    for (int i = 0; i < 3; i++) f[3 * i] = e[i], f[3 * i + 1] = n[i], f[3 * i + 2] = b[i];
    f[9] = .5f * (length + std::fabs(b[0] * d[0] + b[1] * d[1] + b[2] * d[2]));
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < 3; i++) f[10 + 3 * c + i] = corner[c][i];
    f[19] = 0.f;
  }
}

struct Frame {
  Mat3 R;
  Float k;
  Vec3 origin;
};

SPLAT_INLINE Frame load_frame(const float* frames, const int32_t* face, Float b0, Float b1, Float b2) {
  alignas(64) float rows[kLanes][kFrame], columns[kFrame][kLanes];
  for (int l = 0; l < kLanes; l++) std::memcpy(rows[l], frames + (int64_t)face[l] * kFrame, sizeof rows[l]);
  for (int c = 0; c < kFrame - 1; c++)
    for (int l = 0; l < kLanes; l++) columns[c][l] = rows[l][c];
  Frame f;
  for (int i = 0; i < 9; i++) f.R.m[i / 3][i % 3] = load(columns[i]);
  f.k = load(columns[9]);
  f.origin = {b0 * load(columns[10]) + b1 * load(columns[13]) + b2 * load(columns[16]),
              b0 * load(columns[11]) + b1 * load(columns[14]) + b2 * load(columns[17]),
              b0 * load(columns[12]) + b1 * load(columns[15]) + b2 * load(columns[18])};
  return f;
}

SPLAT_INLINE Mat3 product(const Mat3& a, const Mat3& b) {
  Mat3 out;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) out.m[i][j] = a.m[i][0] * b.m[0][j] + a.m[i][1] * b.m[1][j] + a.m[i][2] * b.m[2][j];
  return out;
}

// Colour seen from the eye: base + SH . d, d the viewing direction in the triangle frame, not below black.
SPLAT_INLINE Vec3 view_direction(Vec3 mean, const View& view, Float& inverse_distance) {
  Vec3 d = {mean.x - view.eye[0], mean.y - view.eye[1], mean.z - view.eye[2]};
  inverse_distance = 1.f / sqrt(max(dot(d, d), splat(1e-24f)));
  return d * inverse_distance;
}
SPLAT_INLINE Vec3 lit(Vec3 base, const Float sh[9], Vec3 d) {
  return {base.x + sh[0] * d.x + sh[1] * d.y + sh[2] * d.z, base.y + sh[3] * d.x + sh[4] * d.y + sh[5] * d.z,
          base.z + sh[6] * d.x + sh[7] * d.y + sh[8] * d.z};
}
SPLAT_INLINE Vec3 above_black(Vec3 c) { return {max(c.x, splat(0.f)), max(c.y, splat(0.f)), max(c.z, splat(0.f))}; }

struct BoundBlock {
  Frame f;
  Vec3 position, scale, mean, d, colour;
  Quat q;
  Float inverse_length, inverse_distance, opacity, sh[9];
  Mat3 Rq, P;
};

SPLAT_INLINE BoundBlock load_bound(const BoundModel& m, const View& view, int first) {
  BoundBlock b;
  int32_t face[kLanes];
  for (int l = 0; l < kLanes; l++) face[l] = m.face[first + l < m.n ? first + l : m.n - 1];
  Vec3 bary = gather3(m.barycentric, first, m.n);
  b.f = load_frame(m.frames, face, bary.x, bary.y, bary.z);
  b.position = gather3(m.position, first, m.n);
  Vec3 log_scale = gather3(m.log_scale, first, m.n);
  b.scale = {exp(log_scale.x), exp(log_scale.y), exp(log_scale.z)};
  b.opacity = 1.f / (1.f + exp(-gather(m.logit, 1, first, m.n)));
  b.q = normalised(load_quat(m.rotation, first, m.n), b.inverse_length);
  b.Rq = rotation_matrix(b.q);
  b.P = product(b.f.R, b.Rq);
  b.mean = b.f.origin + mul(b.f.R, b.position) * b.f.k;
  b.d = mul_t(b.f.R, view_direction(b.mean, view, b.inverse_distance));
  for (int i = 0; i < 9; i++) b.sh[i] = gather(m.sh + i, 9, first, m.n);
  b.colour = lit(gather3(m.colour, first, m.n), b.sh, b.d);
  return b;
}

inline void project_bound(const BoundModel& m, const View& view, int block, Splat* splats, uint32_t* keys) {
  int first = block * kLanes;
  BoundBlock b = load_bound(m, view, first);
  Projected p = project(b.mean, scaled_columns(b.P, b.scale * b.f.k), view);
  Float peak, tau;
  peak_and_tau(b.opacity, peak, tau);
  emit(p, view, b.opacity, peak, tau, above_black(b.colour), first, m.n, splats, keys);
}

inline void project_bound_backward(const BoundModel& m, const View& view, int block, const Splat* splats,
                                   const uint32_t* keys, const float* pairs, BoundGradients& out) {
  int first = block * kLanes, n = m.n;
  uint32_t visible = 0;
  for (int l = 0; l < kLanes && first + l < n; l++) visible |= (keys[first + l] != kCulled ? 1u : 0u) << l;
  Float zero = splat(0.f);
  Vec3 zero3 = {zero, zero, zero};
  if (!visible) {
    scatter3(out.position, first, n, zero3), scatter3(out.log_scale, first, n, zero3), scatter3(out.colour, first, n, zero3);
    for (int i = 0; i < 4; i++) scatter(out.rotation + i, 4, first, n, zero);
    for (int i = 0; i < 9; i++) scatter(out.sh + i, 9, first, n, zero);
    scatter(out.logit, 1, first, n, zero), scatter(out.motion, 1, first, n, zero), scatter(out.weight, 1, first, n, zero);
    if (out.frame)
      for (int i = 0; i < 13; i++) scatter(out.frame + i, 13, first, n, zero);
    return;
  }
  Float g[kSplatGradients];
  gather_pairs(splats, keys, pairs, first, n, g);
  BoundBlock b = load_bound(m, view, first);
  Vec3 world_scale = b.scale * b.f.k, g_mean, g_camera, g_a[3];
  Mat3 g_axes;
  Projected p = project(b.mean, scaled_columns(b.P, world_scale), view);
  project_backward(p, view, g, g_mean, g_axes, g_camera, g_a);
  auto seen = [&](Float x) {
    for (int l = 0; l < kLanes; l++) x[l] = visible >> l & 1 ? x[l] : 0.f;
    return x;
  };
  auto seen3 = [&](Vec3 x) { return Vec3{seen(x.x), seen(x.y), seen(x.z)}; };

  // Colour and its view dependence.
  Vec3 gc = {keep(gt(b.colour.x, zero), g[6]), keep(gt(b.colour.y, zero), g[7]), keep(gt(b.colour.z, zero), g[8])};
  const Float gcs[3] = {gc.x, gc.y, gc.z}, ds[3] = {b.d.x, b.d.y, b.d.z};
  Vec3 g_d = {gcs[0] * b.sh[0] + gcs[1] * b.sh[3] + gcs[2] * b.sh[6], gcs[0] * b.sh[1] + gcs[1] * b.sh[4] + gcs[2] * b.sh[7],
              gcs[0] * b.sh[2] + gcs[1] * b.sh[5] + gcs[2] * b.sh[8]};
  Vec3 view_world = mul(b.f.R, b.d), g_view = mul(b.f.R, g_d);
  g_mean = g_mean + (g_view - view_world * dot(g_view, view_world)) * b.inverse_distance;

  // Axes: M = k R R(q) diag(s).
  Mat3 g_P = scaled_columns(g_axes, world_scale), g_Rq, g_R;
  Vec3 g_world_scale;
  {
    Float* gs[3] = {&g_world_scale.x, &g_world_scale.y, &g_world_scale.z};
    for (int j = 0; j < 3; j++) *gs[j] = g_axes.m[0][j] * b.P.m[0][j] + g_axes.m[1][j] * b.P.m[1][j] + g_axes.m[2][j] * b.P.m[2][j];
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      g_Rq.m[i][j] = b.f.R.m[0][i] * g_P.m[0][j] + b.f.R.m[1][i] * g_P.m[1][j] + b.f.R.m[2][i] * g_P.m[2][j];
      g_R.m[i][j] = g_P.m[i][0] * b.Rq.m[j][0] + g_P.m[i][1] * b.Rq.m[j][1] + g_P.m[i][2] * b.Rq.m[j][2];
    }
  Quat g_q = rotation_matrix_backward(b.q, b.inverse_length, g_Rq);
  scatter3(out.position, first, n, seen3(mul_t(b.f.R, g_mean) * b.f.k));
  scatter3(out.log_scale, first, n, seen3({g_world_scale.x * world_scale.x, g_world_scale.y * world_scale.y, g_world_scale.z * world_scale.z}));
  scatter(out.rotation, 4, first, n, seen(g_q.w)), scatter(out.rotation + 1, 4, first, n, seen(g_q.x));
  scatter(out.rotation + 2, 4, first, n, seen(g_q.y)), scatter(out.rotation + 3, 4, first, n, seen(g_q.z));
  scatter(out.logit, 1, first, n, g[5] * b.opacity * (1.f - b.opacity));
  scatter3(out.colour, first, n, gc);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 3; i++) scatter(out.sh + 3 * c + i, 9, first, n, seen(gcs[c] * ds[i]));
  Float mx = g[0] * (.5f * view.width), my = g[1] * (.5f * view.height);
  scatter(out.motion, 1, first, n, sqrt(mx * mx + my * my));
  scatter(out.weight, 1, first, n, g[9]);
  if (!out.frame) return;

  Vec3 offset = mul(b.f.R, b.position);
  const Float gm[3] = {g_mean.x, g_mean.y, g_mean.z}, ps[3] = {b.position.x, b.position.y, b.position.z};
  const Float vw[3] = {view_world.x, view_world.y, view_world.z}, gd[3] = {g_d.x, g_d.y, g_d.z};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      scatter(out.frame + 3 * i + j, 13, first, n, seen(g_R.m[i][j] + b.f.k * gm[i] * ps[j] + vw[i] * gd[j]));
  scatter(out.frame + 9, 13, first, n, seen(dot(g_mean, offset) + dot(g_world_scale, b.scale)));
  for (int i = 0; i < 3; i++) scatter(out.frame + 10 + i, 13, first, n, seen(gm[i]));
}

inline void project_play(const PlayModel& m, const View& view, int block, Splat* splats, uint32_t* keys) {
  const float* field = m.fields + (int64_t)block * kPlayFields * kLanes;
  auto at = [&](int f) { return load(field + f * kLanes); };
  Float delta[6] = {};
  const int8_t* c = m.corrective + (int64_t)block * m.correctives * 6 * kLanes;
  for (int k = 0; k < m.correctives; k++)
    for (int i = 0; i < 6; i++, c += kLanes) {
      typedef int8_t Bytes __attribute__((vector_size(16)));
      Bytes packed;
      std::memcpy(&packed, c, sizeof packed);
      delta[i] += m.corrective_scale[k * 2 + (i >= 3)] * __builtin_convertvector(packed, Float);
    }
  const Float shares[2] = {at(kPositionShare), at(kColourShare)};
  for (int i = 0; i < 6; i++) delta[i] *= shares[i / 3];
  Float b1 = at(kBary1), b2 = at(kBary2);
  Frame f = load_frame(m.frames, m.face + block * kLanes, 1.f - b1 - b2, b1, b2);
  Vec3 position = {at(kPosX) + delta[0], at(kPosY) + delta[1], at(kPosZ) + delta[2]};
  Vec3 mean = f.origin + mul(f.R, position) * f.k;
  Mat3 P = product(f.R, rotation_matrix({at(kRotW), at(kRotX), at(kRotY), at(kRotZ)}));
  Projected p = project(mean, scaled_columns(P, Vec3{at(kScaleX), at(kScaleY), at(kScaleZ)} * f.k), view);
  Float inverse_distance, sh[9];
  Vec3 d = mul_t(f.R, view_direction(mean, view, inverse_distance));
  for (int i = 0; i < 9; i++) sh[i] = at(kSh + i);
  Vec3 colour = lit({at(kRed) + delta[3], at(kGreen) + delta[4], at(kBlue) + delta[5]}, sh, d);
  emit(p, view, at(kOpacity), at(kPeak), at(kTau), above_black(colour), block * kLanes, m.n, splats, keys);
}

}  // namespace splatavatar::KERNELS_ISA
