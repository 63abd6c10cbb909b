// L1, D-SSIM (Wang et al. 2004, eq. 13, Gaussian window of 7 x 7, sigma 1.5) and matte loss with their gradient, in three
// passes over rows: products and horizontal filters; vertical filters, SSIM and its derivatives; the adjoint filters.
#pragma once
#include "raster.h"
#include "simd.h"

namespace splatavatar::KERNELS_ISA {

constexpr float kWindow[2 * kSsimRadius + 1] = {0.03663285f, 0.11128076f, 0.21674532f, 0.27068215f,
                                                0.21674532f, 0.11128076f, 0.03663285f};
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

enum SsimPlane { kX = 0, kY = 3, kFiltered = 6, kAdjoint = 21 };  // x, y by channel; five products; three derivatives

struct SsimRows {
  float* scratch;
  int64_t stride, plane;
  // Row `y` of the rectangle (from -3 to height + 2); its first pixel is 16 floats in.
  float* operator()(int index, int y) const { return scratch + index * plane + (y + kSsimRadius) * stride + 16; }
};

// The window along a row, from three neighbouring vectors: shifting registers is cheaper than loads that straddle cache lines.
SPLAT_INLINE Float across(Float before, Float here, Float after) {
#define SPLAT_SHIFT(x, y, from) __builtin_shufflevector(x, y, from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 6, \
    from + 7, from + 8, from + 9, from + 10, from + 11, from + 12, from + 13, from + 14, from + 15)
  Float sum = kWindow[3] * here;
  sum += kWindow[0] * (SPLAT_SHIFT(before, here, 13) + SPLAT_SHIFT(here, after, 3));
  sum += kWindow[1] * (SPLAT_SHIFT(before, here, 14) + SPLAT_SHIFT(here, after, 2));
  sum += kWindow[2] * (SPLAT_SHIFT(before, here, 15) + SPLAT_SHIFT(here, after, 1));
#undef SPLAT_SHIFT
  return sum;
}
static_assert(kSsimRadius == 3, "across() is written for seven taps");

SPLAT_INLINE Float down(const float* row, int64_t stride) {
  Float sum = splat(0.f);
  for (int k = 0; k <= 2 * kSsimRadius; k++) sum += kWindow[k] * load(row + (k - kSsimRadius) * stride);
  return sum;
}

inline void photometric_row(const Photometric& p, int stage, int row) {
  const int w = p.x1 - p.x0, vectors = (w + kLanes - 1) / kLanes;
  SsimRows rows{p.scratch, ssim_stride(p.width), ssim_stride(p.width) * (p.height + 2 * kSsimRadius)};
  const int64_t plane = (int64_t)p.width * p.height, at = (int64_t)(p.y0 + row) * p.width + p.x0;
  const float mean = 1.f / ((float)p.width * p.height), mean3 = mean / 3.f;
  double* loss = p.row_loss + 3 * row;
  if (stage == 0) {
    loss[0] = loss[1] = loss[2] = 0;
    if (row == p.y1 - p.y0 - 1)  // a taller rectangle may have left its rows below this one
      for (int i = kFiltered; i < kSsimPlanes; i++)
        for (int below = 1; below <= kSsimRadius; below++) std::memset(rows(i, row + below), 0, vectors * kLanes * sizeof(float));
    float* g = p.gradient + at;
    // The last vector of a row may reach beyond the picture: it is copied with what there is of it.
    auto part = [&](int v) { return w - v * kLanes < kLanes ? w - v * kLanes : kLanes; };
    auto read = [&](const float* row, int v) {
      Float x = {};
      std::memcpy(&x, row + v * kLanes, part(v) * sizeof(float));
      return x;
    };
    Float l1[3] = {}, error = {};
    for (int v = 0; v < vectors; v++) {
      Int pixels = {};
      std::memcpy(&pixels, p.target + (at + v * kLanes) * 4, part(v) * 4);
      Mask inside = gt(splat((float)(w - v * kLanes)), iota());
      Float T = read(p.image + 3 * plane + at, v), matte = __builtin_convertvector((pixels >> 24) & 255, Float) * (1.f / 255.f);
      Float wrong = keep(inside, 1.f - T - matte), slope = wrong * (-2.f * p.matte * mean);
      error += wrong * wrong;
      std::memcpy(g + 3 * plane + v * kLanes, &slope, part(v) * sizeof(float));
      for (int c = 0; c < 3; c++) {
        Float x = keep(inside, read(p.image + c * plane + at, v) + T * p.background[c]);
        Float y = __builtin_convertvector((pixels >> (8 * c)) & 255, Float) * (1.f / 255.f) * matte;
        y = keep(inside, y + (1.f - matte) * p.background[c]);
        Float d = x - y, sign = keep(gt(d, splat(0.f)), splat(1.f)) - keep(gt(splat(0.f), d), splat(1.f));
        l1[c] += abs(d);
        store(rows(kX + c, row) + v * kLanes, x), store(rows(kY + c, row) + v * kLanes, y);
        sign *= p.l1 * mean3;
        std::memcpy(g + c * plane + v * kLanes, &sign, part(v) * sizeof(float));
      }
    }
    const Float terms[4] = {l1[0], l1[1], l1[2], error};
    Float total = sums<4>(terms);
    loss[0] = total[0] + total[1] + total[2], loss[2] = total[3];
    for (int c = 0; c < 3; c++) {
      const float *X = rows(kX + c, row), *Y = rows(kY + c, row);
      Float x0 = {}, y0 = {}, x1 = load(X), y1 = load(Y);
      Float xx0 = {}, yy0 = {}, xy0 = {}, xx1 = x1 * x1, yy1 = y1 * y1, xy1 = x1 * y1;
      for (int v = 0; v < vectors; v++) {
        Float x2 = {}, y2 = {};
        if (v + 1 < vectors) x2 = load(X + (v + 1) * kLanes), y2 = load(Y + (v + 1) * kLanes);
        Float xx2 = x2 * x2, yy2 = y2 * y2, xy2 = x2 * y2;
        store(rows(kFiltered + 5 * c, row) + v * kLanes, across(x0, x1, x2));
        store(rows(kFiltered + 5 * c + 1, row) + v * kLanes, across(y0, y1, y2));
        store(rows(kFiltered + 5 * c + 2, row) + v * kLanes, across(xx0, xx1, xx2));
        store(rows(kFiltered + 5 * c + 3, row) + v * kLanes, across(yy0, yy1, yy2));
        store(rows(kFiltered + 5 * c + 4, row) + v * kLanes, across(xy0, xy1, xy2));
        x0 = x1, y0 = y1, xx0 = xx1, yy0 = yy1, xy0 = xy1;
        x1 = x2, y1 = y2, xx1 = xx2, yy1 = yy2, xy1 = xy2;
      }
    }
  } else if (stage == 1) {
    for (int c = 0; c < 3; c++) {
      const float* f[5];
      for (int i = 0; i < 5; i++) f[i] = rows(kFiltered + 5 * c + i, row);
      float* d[3];  // by mu_x, E[x^2], E[xy]; each row is filtered in place
      for (int i = 0; i < 3; i++) d[i] = rows(kAdjoint + 3 * c + i, row);
      Float total = splat(0.f);
      for (int v = 0; v < vectors; v++) {
        Float mx = down(f[0] + v * kLanes, rows.stride), my = down(f[1] + v * kLanes, rows.stride);
        Float xx = down(f[2] + v * kLanes, rows.stride) - mx * mx, yy = down(f[3] + v * kLanes, rows.stride) - my * my;
        Float xy = down(f[4] + v * kLanes, rows.stride) - mx * my;
        Float l = 2.f * mx * my + kC1, s = 2.f * xy + kC2, lm = 1.f / (mx * mx + my * my + kC1), sm = 1.f / (xx + yy + kC2);
        Float value = l * s * lm * sm;
        Mask inside = gt(splat((float)(w - v * kLanes)), iota());
        total += keep(inside, 1.f - value);
        Float by_xx = -value * sm, by_xy = 2.f * l * lm * sm;
        Float by_mx = 2.f * my * s * lm * sm - 2.f * mx * value * lm - 2.f * mx * by_xx - my * by_xy;
        store(d[0] + v * kLanes, keep(inside, by_mx));
        store(d[1] + v * kLanes, keep(inside, by_xx));
        store(d[2] + v * kLanes, keep(inside, by_xy));
      }
      Float lanes[1] = {total};
      loss[1] += sums<1>(lanes)[0];
      for (int i = 0; i < 3; i++) {
        Float before = {}, here = load(d[i]);
        for (int v = 0; v < vectors; v++) {
          Float after = {};
          if (v + 1 < vectors) after = load(d[i] + (v + 1) * kLanes);
          store(d[i] + v * kLanes, across(before, here, after));
          before = here, here = after;
        }
      }
    }
  } else {
    float* g = p.gradient + at;
    for (int c = 0; c < 3; c++) {
      const float *X = rows(kX + c, row), *Y = rows(kY + c, row);
      for (int v = 0; v < vectors; v++) {
        const float* d = rows(kAdjoint + 3 * c, row) + v * kLanes;
        Float slope = down(d, rows.stride) + 2.f * load(X + v * kLanes) * down(d + rows.plane, rows.stride) +
                      load(Y + v * kLanes) * down(d + 2 * rows.plane, rows.stride);
        slope *= -p.dssim * mean3;
        const size_t bytes = (w - v * kLanes < kLanes ? w - v * kLanes : kLanes) * sizeof(float);
        Float own = {}, through = {};
        std::memcpy(&own, g + c * plane + v * kLanes, bytes), std::memcpy(&through, g + 3 * plane + v * kLanes, bytes);
        own += slope, through += own * p.background[c];
        std::memcpy(g + c * plane + v * kLanes, &own, bytes), std::memcpy(g + 3 * plane + v * kLanes, &through, bytes);
      }
    }
  }
}

}  // namespace splatavatar::KERNELS_ISA
