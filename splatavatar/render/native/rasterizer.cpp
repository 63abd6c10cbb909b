#include "rasterizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "memory.h"
#include "thread_pool.h"

namespace splatavatar {
namespace {

constexpr int kBlock = 16;          // Gaussians a kernel takes at once
constexpr int kBlocksPerTask = 32;

int blocks(int n) { return (n + kBlock - 1) / kBlock; }

}  // namespace

View make_view(const double* T, const double* K, int width, int height) {
  View v{};
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) v.R[3 * i + j] = (float)T[4 * i + j];
    v.t[i] = (float)T[4 * i + 3];
  }
  for (int j = 0; j < 3; j++) v.eye[j] = (float)-(T[j] * T[3] + T[4 + j] * T[7] + T[8 + j] * T[11]);
  v.fx = (float)K[0], v.fy = (float)K[4], v.cx = (float)K[2], v.cy = (float)K[5];
  v.width = width, v.height = height;
  v.tiles_x = (width + kTile - 1) / kTile, v.tiles_y = (height + kTile - 1) / kTile;
  // The Jacobian is evaluated at most 0.3 half-fields outside of the picture, as in gsplat, or distant Gaussians smear.
  float mx = .15f * width / v.fx, my = .15f * height / v.fy;
  v.clamp_x[0] = -v.cx / v.fx - mx, v.clamp_x[1] = (width - v.cx) / v.fx + mx;
  v.clamp_y[0] = -v.cy / v.fy - my, v.clamp_y[1] = (height - v.cy) / v.fy + my;
  return v;
}

template <class Project>
void Rasterizer::run(Kind kind, int n, const View& view, float* planes, Project&& project) {
  kind_ = Kind::kNone;
  view_ = view, gaussians_ = n;
  grow(splats_, n), grow(keys_, n);
  parallel_ranges(blocks(n), kBlocksPerTask, [&](int begin, int end) {
    for (int b = begin; b < end; b++) project(b);
  });
  pairs_count_ = binner_.bin(splats_.data(), keys_.data(), n, view, true);
  FloatImage image{planes, view.width, view.height};
  const Kernels& k = kernels();
  parallel_for(view.tiles_x * view.tiles_y, [&](int tile, int) { k.blend(splats_.data(), binner_.bins(), view_, tile, image); });
  kind_ = kind;
}

void Rasterizer::check_forward(Kind kind, int n) const {
  if (kind != kind_ || n != gaussians_) throw std::invalid_argument("backward needs the forward pass of the same Gaussians first");
}

void Rasterizer::forward(const WorldGaussians& g, const View& view, float* planes) {
  const Kernels& k = kernels();
  run(Kind::kWorld, g.n, view, planes, [&](int block) { k.project_world(g, view, block, splats_.data(), keys_.data()); });
}

void Rasterizer::forward(const BoundModel& m, const View& view, float* planes) {
  const Kernels& k = kernels();
  run(Kind::kBound, m.n, view, planes, [&](int block) { k.project_bound(m, view, block, splats_.data(), keys_.data()); });
}

void Rasterizer::blend_backward(const float* planes, const float* gradient) {
  grow(pairs_, (size_t)pairs_count_ * kSplatGradients);
  FloatImage image{const_cast<float*>(planes), view_.width, view_.height};
  const Kernels& k = kernels();
  parallel_for(view_.tiles_x * view_.tiles_y, [&](int tile, int) {
    k.blend_backward(splats_.data(), binner_.bins(), view_, tile, image, gradient, pairs_.data());
  });
}

void Rasterizer::backward(const WorldGaussians& g, const float* planes, const float* gradient, WorldGradients out,
                          double* g_camera) {
  blend_backward(planes, gradient);
  out.T_camera_world = nullptr;
  if (g_camera) {
    grow(camera_, (size_t)blocks(g.n) * 12);
    out.T_camera_world = camera_.data();
  }
  const Kernels& k = kernels();
  parallel_ranges(blocks(g.n), kBlocksPerTask, [&](int begin, int end) {
    for (int b = begin; b < end; b++) k.project_world_backward(g, view_, b, splats_.data(), keys_.data(), pairs_.data(), out);
  });
  if (!g_camera) return;
  std::fill(g_camera, g_camera + 16, 0.0);
  for (int b = 0; b < blocks(g.n); b++)
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) g_camera[4 * i + j] += camera_[b * 12 + 3 * i + j];
      g_camera[4 * i + 3] += camera_[b * 12 + 9 + i];
    }
}

void Rasterizer::backward(const BoundModel& m, const float* planes, const float* gradient, BoundGradients out) {
  blend_backward(planes, gradient);
  const Kernels& k = kernels();
  parallel_ranges(blocks(m.n), kBlocksPerTask, [&](int begin, int end) {
    for (int b = begin; b < end; b++) k.project_bound_backward(m, view_, b, splats_.data(), keys_.data(), pairs_.data(), out);
  });
}

void frames_forward(const float* vertices, const int32_t* triangles, int count, float* frames) {
  const Kernels& k = kernels();
  parallel_ranges(count, 1024, [&](int begin, int end) { k.triangle_frames(vertices, triangles, begin, end, frames); });
}

void frames_backward(const float* vertices, const int32_t* triangles, int count, const int32_t* face, const float* barycentric,
                     int n, const float* per_gaussian, float* scratch, float* g_vertices) {
  // Serial on purpose: the sums run in the order of the Gaussians, so they are the same on any number of threads.
  std::memset(scratch, 0, (size_t)count * 19 * sizeof(float));
  for (int i = 0; i < n; i++) {
    const float *g = per_gaussian + (size_t)i * 13, *b = barycentric + (size_t)i * 3;
    float* f = scratch + (size_t)face[i] * 19;
    for (int c = 0; c < 10; c++) f[c] += g[c];
    for (int corner = 0; corner < 3; corner++)
      for (int c = 0; c < 3; c++) f[10 + 3 * corner + c] += b[corner] * g[10 + c];
  }
  for (int t = 0; t < count; t++) {
    const float* g = scratch + (size_t)t * 19;
    const int32_t* corner = triangles + 3 * (size_t)t;
    double e[3], d[3], n_raw[3], a[3], n_unit[3], b[3], ga[3], gn[3], gb[3], ge[3], gd[3] = {};
    for (int i = 0; i < 3; i++) e[i] = vertices[3 * corner[1] + i] - vertices[3 * corner[0] + i];
    for (int i = 0; i < 3; i++) d[i] = vertices[3 * corner[2] + i] - vertices[3 * corner[0] + i];
    auto cross = [](const double* x, const double* y, double* z) {
      z[0] = x[1] * y[2] - x[2] * y[1], z[1] = x[2] * y[0] - x[0] * y[2], z[2] = x[0] * y[1] - x[1] * y[0];
    };
    auto dot = [](const double* x, const double* y) { return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]; };
    cross(e, d, n_raw);
    double length = std::sqrt(dot(e, e)), area = std::sqrt(dot(n_raw, n_raw));
    if (length > 1e-12 && area > 1e-12) {  // a collapsed triangle has no frame to move
      for (int i = 0; i < 3; i++) a[i] = e[i] / length, n_unit[i] = n_raw[i] / area;
      cross(a, n_unit, b);
      double height = dot(b, d), sign = height < 0 ? -1 : 1, gk = .5 * g[9];
      for (int i = 0; i < 3; i++) {
        ga[i] = g[3 * i], gn[i] = g[3 * i + 1];
        gb[i] = g[3 * i + 2] + gk * sign * d[i];
        gd[i] = gk * sign * b[i];
      }
      double t0[3], gn_raw[3];
      cross(n_unit, gb, t0);  // b = a x n: dL/da = n x gb, dL/dn = gb x a
      for (int i = 0; i < 3; i++) ga[i] += t0[i];
      cross(gb, a, t0);
      for (int i = 0; i < 3; i++) gn[i] += t0[i];
      double na = dot(ga, a), nn = dot(gn, n_unit);
      for (int i = 0; i < 3; i++) {
        ge[i] = (ga[i] - na * a[i]) / length + gk * a[i];
        gn_raw[i] = (gn[i] - nn * n_unit[i]) / area;
      }
      cross(d, gn_raw, t0);  // n_raw = e x d
      for (int i = 0; i < 3; i++) ge[i] += t0[i];
      cross(gn_raw, e, t0);
      for (int i = 0; i < 3; i++) gd[i] += t0[i];
    } else {
      for (int i = 0; i < 3; i++) ge[i] = gd[i] = 0;
    }
    for (int i = 0; i < 3; i++) {
      g_vertices[3 * corner[0] + i] += g[10 + i] - (float)(ge[i] + gd[i]);
      g_vertices[3 * corner[1] + i] += g[13 + i] + (float)ge[i];
      g_vertices[3 * corner[2] + i] += g[16 + i] + (float)gd[i];
    }
  }
}

void photometric(Photometric& p, double loss[3]) {
  const Kernels& k = kernels();
  std::memset(p.gradient, 0, sizeof(float) * 4 * p.width * p.height);
  int rows = p.y1 - p.y0;
  for (int stage = 0; stage < (p.dssim > 0 ? 3 : 1); stage++)
    parallel_ranges(rows, 16, [&](int begin, int end) {
      for (int y = begin; y < end; y++) k.photometric_row(p, stage, y);
    });
  if (!(p.dssim > 0))  // the last pass also carries the colour gradient to the transmittance
    for (int y = p.y0; y < p.y1; y++)
      for (int x = p.x0; x < p.x1; x++) {
        size_t at = (size_t)y * p.width + x, plane = (size_t)p.width * p.height;
        for (int c = 0; c < 3; c++) p.gradient[3 * plane + at] += p.gradient[c * plane + at] * p.background[c];
      }
  loss[0] = loss[1] = loss[2] = 0;
  for (int y = 0; y < rows; y++)
    for (int i = 0; i < 3; i++) loss[i] += p.row_loss[3 * y + i];
  double pixels = (double)p.width * p.height;
  loss[0] /= 3 * pixels, loss[1] /= 3 * pixels, loss[2] /= pixels;
}

}  // namespace splatavatar
