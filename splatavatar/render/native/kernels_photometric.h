// L1, D-SSIM (Wang et al. 2004, eq. 13, Gaussian window of 11 x 11, sigma 1.5) and matte loss with their gradient, in three
// passes over rows: products and horizontal filters; vertical filters, SSIM and its derivatives; the adjoint filters.
#pragma once
#include "raster.h"
#include "simd.h"

namespace splatavatar::KERNELS_ISA {

constexpr float kWindow[2 * kSsimRadius + 1] = {0.00102838f, 0.00759876f, 0.03600077f, 0.10936069f, 0.21300554f, 0.26601172f,
                                                0.21300554f, 0.10936069f, 0.03600077f, 0.00759876f, 0.00102838f};
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

enum SsimPlane { kX = 0, kY = 3, kFiltered = 6, kAdjoint = 21 };  // x, y by channel; five products; three derivatives

struct SsimRows {
  float* scratch;
  int64_t stride, plane;
  // Row `y` of the rectangle (from -5 to height + 4); its first pixel is 16 floats in.
  float* operator()(int index, int y) const { return scratch + index * plane + (y + kSsimRadius) * stride + 16; }
};

SPLAT_INLINE Float across(const float* row) {
  Float sum = splat(0.f);
  for (int k = 0; k <= 2 * kSsimRadius; k++) sum += kWindow[k] * load(row + k - kSsimRadius);
  return sum;
}
SPLAT_INLINE Float down(const float* row, int64_t stride) {
  Float sum = splat(0.f);
  for (int k = 0; k <= 2 * kSsimRadius; k++) sum += kWindow[k] * load(row + (k - kSsimRadius) * stride);
  return sum;
}

inline void photometric_row(const Photometric& p, int stage, int y) {
  const int w = p.x1 - p.x0, vectors = (w + kLanes - 1) / kLanes;
  SsimRows rows{p.scratch, ssim_stride(p.width), ssim_stride(p.width) * (p.height + 2 * kSsimRadius)};
  const int64_t plane = (int64_t)p.width * p.height, at = (int64_t)(p.y0 + y) * p.width + p.x0;
  const float mean = 1.f / ((float)p.width * p.height), mean3 = mean / 3.f;
  double* loss = p.row_loss + 3 * y;
  if (stage == 0) {
    loss[0] = loss[1] = loss[2] = 0;
    if (y == p.y1 - p.y0 - 1)  // a taller rectangle may have left its rows below this one
      for (int i = kFiltered; i < kSsimPlanes; i++)
        for (int below = 1; below <= kSsimRadius; below++) std::memset(rows(i, y + below), 0, vectors * kLanes * sizeof(float));
    float* g = p.gradient + at;
    const float* T = p.image + 3 * plane + at;
    const uint8_t* target = p.target + at * 4;
    for (int x = 0; x < w; x++) {
      float matte = target[4 * x + 3] * (1.f / 255.f), wrong = 1.f - T[x] - matte;
      loss[2] += wrong * wrong;
      g[3 * plane + x] = -2.f * p.matte * mean * wrong;
    }
    for (int c = 0; c < 3; c++) {
      float *X = rows(kX + c, y), *Y = rows(kY + c, y);
      const float* image = p.image + c * plane + at;
      float l1 = 0.f, bg = p.background[c];
      for (int x = 0; x < w; x++) {
        float matte = target[4 * x + 3] * (1.f / 255.f);
        X[x] = image[x] + T[x] * bg;
        Y[x] = target[4 * x + c] * (1.f / 255.f) * matte + (1.f - matte) * bg;
        float d = X[x] - Y[x];
        l1 += std::fabs(d);
        g[c * plane + x] = p.l1 * mean3 * (d > 0.f ? 1.f : d < 0.f ? -1.f : 0.f);
      }
      loss[0] += l1;
      for (int x = w; x < vectors * kLanes + kSsimRadius; x++) X[x] = Y[x] = 0.f;
      // The rows of the derivatives are not needed yet: they hold the products while those are filtered.
      float* product[3] = {rows(kAdjoint + 3 * c, y), rows(kAdjoint + 3 * c + 1, y), rows(kAdjoint + 3 * c + 2, y)};
      for (int x = 0; x < vectors * kLanes + kSsimRadius; x++)
        product[0][x] = X[x] * X[x], product[1][x] = Y[x] * Y[x], product[2][x] = X[x] * Y[x];
      for (int v = 0; v < vectors; v++) {
        store(rows(kFiltered + 5 * c, y) + v * kLanes, across(X + v * kLanes));
        store(rows(kFiltered + 5 * c + 1, y) + v * kLanes, across(Y + v * kLanes));
        for (int i = 0; i < 3; i++) store(rows(kFiltered + 5 * c + 2 + i, y) + v * kLanes, across(product[i] + v * kLanes));
      }
    }
  } else if (stage == 1) {
    for (int c = 0; c < 3; c++) {
      const float* f[5];
      for (int i = 0; i < 5; i++) f[i] = rows(kFiltered + 5 * c + i, y);
      float* d[3];  // by mu_x, E[x^2], E[xy]; each row is filtered in place
      for (int i = 0; i < 3; i++) d[i] = rows(kAdjoint + 3 * c + i, y);
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
        Float last = Float{};
        for (int x = vectors * kLanes; x < vectors * kLanes + kSsimRadius; x++) d[i][x] = 0.f;
        for (int v = 0; v < vectors; v++) {
          float window[kLanes + 2 * kSsimRadius + kLanes] = {};
          const float* row = d[i] + v * kLanes;
          for (int k = 0; k < kSsimRadius; k++) window[k] = last[kLanes - kSsimRadius + k];
          std::memcpy(window + kSsimRadius, row, (kLanes + kSsimRadius) * sizeof(float));
          last = load(row);
          store(d[i] + v * kLanes, across(window + kSsimRadius));
        }
      }
    }
  } else {
    float* g = p.gradient + at;
    for (int c = 0; c < 3; c++) {
      const float *X = rows(kX + c, y), *Y = rows(kY + c, y);
      for (int v = 0; v < vectors; v++) {
        const float* d = rows(kAdjoint + 3 * c, y) + v * kLanes;
        Float slope = down(d, rows.stride) + 2.f * load(X + v * kLanes) * down(d + rows.plane, rows.stride) +
                      load(Y + v * kLanes) * down(d + 2 * rows.plane, rows.stride);
        slope *= -p.dssim * mean3;
        for (int l = 0; l < kLanes && v * kLanes + l < w; l++) {
          int x = v * kLanes + l;
          float total = g[c * plane + x] + slope[l];
          g[c * plane + x] = total;
          g[3 * plane + x] += total * p.background[c];
        }
      }
    }
  }
}

}  // namespace splatavatar::KERNELS_ISA
