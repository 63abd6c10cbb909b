// The mark in the pixels (docs/watermark.md), in whole numbers alone: every instruction set and numpy agree to the bit.
#pragma once
#include <algorithm>
#include <cstring>
#include "raster.h"

namespace splatavatar::KERNELS_ISA {

constexpr int kMarkStrip = 256;  // columns at a time: their rows stay in the nearest cache
constexpr int kMarkStep = 2;
constexpr int kMarkCap = 24;

template <int Channels>
inline void mark_luma(const uint8_t* __restrict in, int count, uint8_t* __restrict luma) {
  for (int x = 0; x < count; x++)
    luma[x] = (uint8_t)((77 * in[Channels * x] + 150 * in[Channels * x + 1] + 29 * in[Channels * x + 2] + 128) >> 8);
}

inline void add_capped(const uint8_t* __restrict a, const uint8_t* __restrict b, int count, uint16_t* __restrict sums) {
  for (int x = 0; x < count; x++) {
    const int difference = a[x] - b[x], size = difference < 0 ? -difference : difference;
    sums[x] = (uint16_t)(sums[x] + (size < kMarkCap ? size : kMarkCap));
  }
}

inline void mark_busy_row(const MarkImage& image, int row, uint8_t* busy) {
  const int height = std::min(kMarkBlock, image.height - row * kMarkBlock);
  const int64_t stride = (int64_t)image.channels * image.width;
  for (int begin = 0; begin < image.width; begin += kMarkStrip) {
    const int width = std::min(kMarkStrip, image.width - begin);
    uint8_t luma[kMarkBlock][kMarkStrip];
    uint16_t across[kMarkStrip] = {}, down[kMarkStrip] = {};
    for (int y = 0; y < height; y++) {
      const uint8_t* in = image.pixels + (int64_t)(row * kMarkBlock + y) * stride + (int64_t)begin * image.channels;
      if (image.channels == 3) mark_luma<3>(in, width, luma[y]);
      else mark_luma<4>(in, width, luma[y]);
      add_capped(luma[y], luma[y] + kMarkStep, width - kMarkStep, across);
      if (y >= kMarkStep) add_capped(luma[y - kMarkStep], luma[y], width, down);
    }
    for (int x = 0; x < width; x += kMarkBlock) {
      int sum = 0;
      for (int i = 0; i < kMarkBlock; i++) sum += down[x + i] + (i < kMarkBlock - kMarkStep ? across[x + i] : 0);
      busy[(begin + x) / kMarkBlock] = (uint8_t)std::min(sum >> 5, kMarkLevels - 1);
    }
  }
}

inline void mark_rgb(const uint8_t* __restrict in, const int16_t* __restrict change, int count, uint8_t* __restrict out) {
  for (int x = 0; x < count; x++)
    for (int c = 0; c < 3; c++) out[3 * x + c] = (uint8_t)std::clamp(in[3 * x + c] + change[x], 0, 255);
}

// Bytes of a pixel in the order of little-endian machines, the only ones that wheels are made for.
inline void mark_rgba(const uint8_t* __restrict in, const int16_t* __restrict change, int count, uint8_t* __restrict out) {
  for (int x = 0; x < count; x++) {
    uint32_t pixel;
    std::memcpy(&pixel, in + 4 * x, 4);
    const int add = pixel >> 24 ? change[x] : 0;
    uint32_t marked = pixel & 0xff000000u;
    for (int c = 0; c < 24; c += 8) {
      const int value = (int)(pixel >> c & 255) + add, above = value < 0 ? 0 : value;
      marked |= (uint32_t)(above > 255 ? 255 : above) << c;
    }
    std::memcpy(out + 4 * x, &marked, 4);
  }
}

inline void mark_row(const MarkImage& image, const uint8_t* busy, const int16_t* gains, const int8_t* tile, int row, uint8_t* out) {
  const int height = std::min(kMarkBlock, image.height - row * kMarkBlock);
  const int64_t stride = (int64_t)image.channels * image.width;
  for (int begin = 0; begin < image.width; begin += kMarkTile) {
    const int width = std::min(kMarkTile, image.width - begin);
    int16_t gain[kMarkTile], change[kMarkTile];
    bool any = false;
    for (int x = 0; x < width; x++) gain[x] = gains[busy[(begin + x) / kMarkBlock]];
    for (int x = 0; x < width; x += kMarkBlock) any = any || gain[x];
    for (int y = 0; y < height; y++) {
      const int64_t from = (int64_t)(row * kMarkBlock + y) * stride + (int64_t)begin * image.channels;
      const uint8_t* in = image.pixels + from;
      if (!any) {
        std::copy_n(in, width * image.channels, out + from);
        continue;
      }
      const int8_t* waves = tile + (row * kMarkBlock + y) % kMarkTile * kMarkTile;
      for (int x = 0; x < width; x++) change[x] = (int16_t)((gain[x] * waves[x] + 1024) >> 11);
      if (image.channels == 3) mark_rgb(in, change, width, out + from);
      else mark_rgba(in, change, width, out + from);
    }
  }
}

}  // namespace splatavatar::KERNELS_ISA
