// Adam (Kingma and Ba 2015, algorithm 1) with decoupled weight decay (Loshchilov and Hutter 2019) over rows of parameters, skipping rows of Gaussians that the view does not see.
#pragma once
#include "raster.h"
#include "simd.h"

namespace splatavatar::KERNELS_ISA {

SPLAT_INLINE void adam_value(float& value, float& m, float& v, float g, const auto& s) {
  m = s.beta1 * m + (1.f - s.beta1) * g;
  v = s.beta2 * v + (1.f - s.beta2) * g * g;
  value = s.shrink * value - s.rate * (m * s.correction1) / (std::sqrt(v * s.correction2) + s.epsilon);
}

// Calls f(first, last) for every run of visible rows in [begin, end): long runs keep the loops over values vectorised.
SPLAT_INLINE void visible_runs(const uint8_t* visible, int begin, int end, auto f) {
  for (int row = begin; row < end;) {
    int last = row;
    if (!visible) last = end;
    while (last < end && visible && visible[last]) last++;
    if (last > row) f(row, last);
    row = last + 1;
  }
}

inline void adam(const AdamStep& s, int begin, int end) {
  visible_runs(s.visible, begin, end, [&](int first, int last) {
    float *value = s.value, *m = s.m, *v = s.v;
    const float* g = s.gradient;
#pragma GCC ivdep
    for (int64_t i = (int64_t)first * s.width; i < (int64_t)last * s.width; i++) adam_value(value[i], m[i], v[i], g[i], s);
  });
}

// value, m, v: (k, rows, width).
inline void adam_rank_one(const AdamRankOne& s, int begin, int end) {
  visible_runs(s.visible, begin, end, [&](int first, int last) {
    for (int k = 0; k < s.k; k++) {
      int64_t plane = (int64_t)k * s.rows * s.width;
      float *value = s.value + plane, *m = s.m + plane, *v = s.v + plane, psi = s.psi[k];
      const float* g = s.shared;
#pragma GCC ivdep
      for (int64_t i = (int64_t)first * s.width; i < (int64_t)last * s.width; i++)
        adam_value(value[i], m[i], v[i], psi * g[i], s);
    }
  });
}

// out = base + sum_k weights[k] basis[k], over elements [begin, end) of rows of `stride`; base may be null.
inline void weighted_sum(const float* basis, const float* weights, int count, const float* base, int begin, int end, int stride,
                         float* out) {
  for (int i = begin; i < end; i++) out[i] = base ? base[i] : 0.f;
  for (int k = 0; k < count; k++) {
    float w = weights[k];
    if (w == 0.f) continue;
    const float* b = basis + (int64_t)k * stride;
    for (int i = begin; i < end; i++) out[i] += w * b[i];
  }
}

}  // namespace splatavatar::KERNELS_ISA
