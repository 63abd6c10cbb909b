// Splats -> pixels of one 16x16 tile, nearest first: a row of the tile is one vector, a splat visits only the rows that its
// 1/255 ellipse reaches, rows that have become opaque are dropped. Backward replays the same order; the colour behind a
// splat is the final colour minus what has been blended so far.
#pragma once
#include "raster.h"
#include "simd.h"

namespace splatavatar::KERNELS_ISA {

constexpr float kLog2e = 1.44269504f;
constexpr float kMinPower = -7.99435344f;   // log2(kMinAlpha)
constexpr float kMaxPower = -0.00144341687f;  // log2(kMaxAlpha)

// A splat relative to a tile, with the rows it reaches.
struct TileSplat {
  float u, v, qxx, qxy, qyy, peak;
  uint32_t rows;
};

SPLAT_INLINE TileSplat enter(const Splat& s, float x0, float y0) {
  TileSplat t;
  t.u = s.u - x0 - .5f, t.v = s.v - y0 - .5f, t.peak = s.peak;
  t.qxx = -.5f * kLog2e * s.A, t.qxy = -kLog2e * s.B, t.qyy = -.5f * kLog2e * s.C;
  // Row y meets the ellipse A dx^2 + 2 B dx dy + C dy^2 <= tau in an interval about u - (B/A) dy.
  Row dy = row(iota()) - t.v;
  float ia = 1.f / s.A, slope = s.B * ia, curve = (s.C - s.B * slope) * ia, reach = s.tau * ia;
  Row square = reach - (dy * dy) * curve, centre = t.u - dy * slope;
  Row half = sqrt(max(square, 0.f));
  t.rows = bits(both(ge(square, 0.f), both(ge(centre + half, 0.f), ge(15.f, centre - half))));
  return t;
}

struct TilePixels {
  Float T[kTile], r[kTile], g[kTile], b[kTile];
};

SPLAT_INLINE uint32_t tile_rows(const View& view, int y0) {
  int rows = view.height - y0;
  return rows >= kTile ? 0xffffu : (1u << rows) - 1u;
}

constexpr int kChunk = 128;  // splats of a tile that are prepared at once; their records stay in the first-level cache

// The splats of a chunk, ready for any row y: alpha = exp2(dx (qxx dx + tilt[y]) + level[y]), dx = x - u.
struct Chunk {
  struct alignas(32) Fixed { float u, qxx, r, g, b; } fixed[kChunk];
  alignas(64) float tilt[kChunk][kTile], level[kChunk][kTile];
  uint16_t rows[kChunk];
};

// Row by row through the chunk: transmittance and colour of the sixteen pixels stay in registers, nothing is stored per splat.
// `Finished` is the transmittance (times 1e-5) below which a row is dropped. `Exact` caps alpha pixel by pixel; otherwise the
// opacity is capped, which differs by a quarter of a level of eight bits at most and costs nothing per pixel.
template <int Finished, bool Exact>
SPLAT_INLINE void blend_tile(const Splat* splats, const Bins& bins, const View& view, int tile, TilePixels& px) {
  int x0 = tile % view.tiles_x * kTile, y0 = tile / view.tiles_x * kTile;
  for (int y = 0; y < kTile; y++) px.T[y] = splat(1.f), px.r[y] = px.g[y] = px.b[y] = splat(0.f);
  uint32_t alive = tile_rows(view, y0);
  const Row lane = row(iota());
  const float finished = Finished * 1e-5f;
  Chunk chunk;
  int32_t order[kChunk + kLanes];
  for (uint32_t begin = bins.offsets[tile], end = bins.offsets[tile + 1]; begin < end && alive; begin += kChunk) {
    const uint32_t stop = end - begin < (uint32_t)kChunk ? end : begin + kChunk;
    int count = 0;
    for (uint32_t k = begin; k < stop; k++) {
      if (k + 8 < end) __builtin_prefetch(&splats[bins.list[k + 8]]);
      const Splat& s = splats[bins.list[k]];
      TileSplat t = enter(s, (float)x0, (float)y0);
      if (!(t.rows & alive)) continue;
      Row dy = lane - t.v;
      chunk.fixed[count] = {t.u, t.qxx, s.r, s.g, s.b};
      store(chunk.tilt[count], dy * t.qxy);
      const float peak = Exact || t.peak < kMaxPower ? t.peak : kMaxPower;
      store(chunk.level[count], (dy * dy) * t.qyy + peak);
      chunk.rows[count++] = (uint16_t)t.rows;
    }
    for (uint32_t rest = alive; rest; rest &= rest - 1) {
      const int y = __builtin_ctz(rest);
      const int hits = members(chunk.rows, count, y, order);
      Row T = row(px.T[y]), r = row(px.r[y]), g = row(px.g[y]), b = row(px.b[y]);
      auto add = [&](int i) __attribute__((always_inline)) {
        const Chunk::Fixed& f = chunk.fixed[i];
        Row dx = lane - f.u;
        Row power = dx * (dx * f.qxx + chunk.tilt[i][y]) + chunk.level[i][y];
        Row alpha = exp2(power);
        if (Exact) alpha = min(alpha, kMaxAlpha);
        Row w = keep(ge(power, kMinPower), alpha * T);
        r = r + w * f.r, g = g + w * f.g, b = b + w * f.b;
        T = T - w;
      };
      int h = 0;
      for (; h + 1 < hits; h += 2) {  // two splats a look at the transmittance
        add(order[h]), add(order[h + 1]);
        if (!any(gt(T, finished))) {
          alive &= ~(1u << y);
          break;
        }
      }
      if (h + 1 == hits) add(order[h]);
      store(px.T[y], T), store(px.r[y], r), store(px.g[y], g), store(px.b[y], b);
    }
  }
}

inline void blend_float(const Splat* splats, const Bins& bins, const View& view, int tile, const FloatImage& image) {
  TilePixels px;
  blend_tile<(int)(kMinTransmittance * 1e5f + .5f), true>(splats, bins, view, tile, px);
  int x0 = tile % view.tiles_x * kTile, y0 = tile / view.tiles_x * kTile;
  int columns = view.width - x0 < kTile ? view.width - x0 : kTile, rows = view.height - y0 < kTile ? view.height - y0 : kTile;
  int64_t plane = (int64_t)image.width * image.height;
  const Float* planes[4] = {px.r, px.g, px.b, px.T};
  for (int c = 0; c < 4; c++)
    for (int y = 0; y < rows; y++)
      std::memcpy(image.planes + c * plane + (int64_t)(y0 + y) * image.width + x0, &planes[c][y], columns * sizeof(float));
}

inline void blend_bytes(const Splat* splats, const Bins& bins, const View& view, int tile, const ByteImage& image) {
  TilePixels px;
  blend_tile<195, false>(splats, bins, view, tile, px);  // what is left is less than half a level of eight bits
  int x0 = tile % view.tiles_x * kTile, y0 = tile / view.tiles_x * kTile;
  int columns = view.width - x0 < kTile ? view.width - x0 : kTile, rows = view.height - y0 < kTile ? view.height - y0 : kTile;
  for (int y = 0; y < rows; y++) {
    Float c[4] = {px.r[y], px.g[y], px.b[y], 1.f - px.T[y]};
    if (image.channels == 3)
      for (int i = 0; i < 3; i++) c[i] += px.T[y] * image.background[i];
    else
      for (int i = 0; i < 3; i++) c[i] *= 1.f / max(c[3], splat(1e-6f));
    Int q[4];
    for (int i = 0; i < image.channels; i++) q[i] = __builtin_convertvector(min(max(c[i], splat(0.f)), splat(1.f)) * 255.f + .5f, Int);
    uint8_t* out = image.pixels + ((int64_t)(y0 + y) * image.width + x0) * image.channels;
    for (int x = 0; x < columns; x++)
      for (int i = 0; i < image.channels; i++) *out++ = (uint8_t)q[i][x];
  }
}

// gradient: (4, H, W) of the loss with respect to colour over black and transmittance. Every pair of the tile is written.
inline void blend_backward(const Splat* splats, const Bins& bins, const View& view, int tile, const FloatImage& image,
                           const float* gradient, float* pairs) {
  int x0 = tile % view.tiles_x * kTile, y0 = tile / view.tiles_x * kTile, tx = tile % view.tiles_x, ty = tile / view.tiles_x;
  int columns = view.width - x0 < kTile ? view.width - x0 : kTile;
  int64_t plane = (int64_t)image.width * image.height;
  Float T[kTile], behind[kTile], dr[kTile], dg[kTile], db[kTile];
  uint32_t alive = tile_rows(view, y0);
  const Row lane = row(iota());
  const RowMask in_picture = gt((float)columns, lane);
  for (int y = 0; y < kTile; y++) {
    Float in[8] = {};
    if (alive >> y & 1)
      for (int c = 0; c < 8; c++)
        std::memcpy(&in[c], (c < 4 ? image.planes : gradient) + (c & 3) * plane + (int64_t)(y0 + y) * image.width + x0,
                    columns * sizeof(float));
    T[y] = splat(1.f), dr[y] = in[4], dg[y] = in[5], db[y] = in[6];
    // Gradient-weighted colour that is still to come: starts as the whole picture, background through the transmittance.
    behind[y] = in[4] * in[0] + in[5] * in[1] + in[6] * in[2] + in[7] * in[3];
  }
  uint32_t begin = bins.offsets[tile], end = bins.offsets[tile + 1];
  for (uint32_t k = begin; k < end; k++) {
    if (k + 4 < end) __builtin_prefetch(&splats[bins.list[k + 4]]);
    const Splat& s = splats[bins.list[k]];
    float* out = pairs + ((int64_t)s.slot + (ty - s.y0) * (s.x1 - s.x0) + (tx - s.x0)) * kSplatGradients;
    TileSplat t;
    uint32_t rows = 0;
    if (alive) t = enter(s, (float)x0, (float)y0), rows = t.rows & alive;
    if (!rows) {
      std::memset(out, 0, kSplatGradients * sizeof(float));
      continue;
    }
    Row dx = lane - t.u, along = dx * t.qxy, fixed = (dx * dx) * t.qxx + t.peak;
    // By column, sums over rows of dL/d(power) times 1, dy, dy^2; then of the colour gradients and the weights.
    Row p0 = row(Float{}), p1 = p0, p2 = p0, red = p0, green = p0, blue = p0, weight = p0;
    do {
      int y = __builtin_ctz(rows);
      rows &= rows - 1;
      float dy = (float)y - t.v;
      Row level = along * dy + (fixed + t.qyy * dy * dy), alpha = exp2(level), in = row(T[y]);
      Row dry = row(dr[y]), dgy = row(dg[y]), dby = row(db[y]);
      RowMask hit = both(ge(level, kMinPower), in_picture);
      Row a = keep(hit, min(alpha, kMaxAlpha)), w = a * in;
      red = red + w * dry, green = green + w * dgy, blue = blue + w * dby, weight = weight + w;
      Row own = w * (dry * s.r + dgy * s.g + dby * s.b), rest = row(behind[y]) - own;
      store(behind[y], rest);
      Row power = keep(gt(kMaxAlpha, alpha), own - rest * (a * reciprocal(1.f - a)));  // the ceiling has no slope
      Row left = in - w;
      store(T[y], left);
      if (!any(gt(left, kMinTransmittance))) alive &= ~(1u << y);
      p0 = p0 + power, p1 = p1 + power * dy, p2 = p2 + power * (dy * dy);
    } while (rows);
    Row px = p0 * dx;
    const Row summed[kSplatGradients] = {p0, px, p1, px * dx, p1 * dx, p2, red, green, blue, weight};
    Float sum[kSplatGradients];
    for (int i = 0; i < kSplatGradients; i++) store(sum[i], summed[i]);
    Float total = sums<kSplatGradients>(sum);
    const float s0 = total[0], sx = total[1], sy = total[2], sxx = total[3], sxy = total[4], syy = total[5];
    out[0] = s.A * sx + s.B * sy, out[1] = s.C * sy + s.B * sx;
    out[2] = -.5f * sxx, out[3] = -sxy, out[4] = -.5f * syy;
    out[5] = s0 / s.opacity;
    out[6] = total[6], out[7] = total[7], out[8] = total[8], out[9] = total[9];
  }
}

}  // namespace splatavatar::KERNELS_ISA
