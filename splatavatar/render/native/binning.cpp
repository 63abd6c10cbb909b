#include "binning.h"

#include <algorithm>
#include <string>

#include "memory.h"
#include "refusal.h"
#include "thread_pool.h"

namespace splatavatar {
namespace {

constexpr int kDigitBits = 12, kDigits = 1 << kDigitBits;
constexpr uint64_t kMaxPairs = 1u << 28;  // 10 GB of gradients; a head has 10^5 to 10^6
constexpr int kChunks = 4;  // fixed, so that the result does not depend on the number of threads

}  // namespace

// Least significant digit first, stable; each chunk scatters into its own places of every digit.
void Binner::sort(int chunks, int digits) {
  grow(histogram_, (size_t)chunks * kDigits);
  int per_chunk = (visible_ + chunks - 1) / chunks;
  for (int shift = 0; shift < digits * kDigitBits; shift += kDigitBits) {
    parallel_for(chunks, [&](int c, int) {
      uint32_t* h = histogram_.data() + c * kDigits;
      std::fill(h, h + kDigits, 0u);
      for (int i = c * per_chunk, end = std::min(visible_, i + per_chunk); i < end; i++) h[entries_[i].key >> shift & (kDigits - 1)]++;
    });
    uint32_t total = 0;
    for (int d = 0; d < kDigits; d++)
      for (int c = 0; c < chunks; c++) {
        uint32_t count = histogram_[c * kDigits + d];
        histogram_[c * kDigits + d] = total;
        total += count;
      }
    parallel_for(chunks, [&](int c, int) {
      uint32_t* h = histogram_.data() + c * kDigits;
      for (int i = c * per_chunk, end = std::min(visible_, i + per_chunk); i < end; i++)
        spare_[h[entries_[i].key >> shift & (kDigits - 1)]++] = entries_[i];
    });
    entries_.swap(spare_);
  }
}

uint32_t Binner::bin(Splat* splats, const uint32_t* keys, int n, const View& view, bool slots) {
  const int tiles = view.tiles_x * view.tiles_y;
  grow(entries_, n), grow(spare_, n);
  int per_chunk = (n + kChunks - 1) / kChunks;
  // Compaction: count, then copy, by chunk.
  uint32_t visible[kChunks];
  uint64_t areas[kChunks];
  uint32_t lows[kChunks], highs[kChunks];
  parallel_for(kChunks, [&](int c, int) {
    uint32_t count = 0, low = kCulled, high = 0;
    uint64_t area = 0;
    for (int i = c * per_chunk, end = std::min(n, i + per_chunk); i < end; i++) {
      if (keys[i] == kCulled) continue;
      count++, area += (uint64_t)(splats[i].x1 - splats[i].x0) * (splats[i].y1 - splats[i].y0);
      low = std::min(low, keys[i]), high = std::max(high, keys[i]);
    }
    visible[c] = count, areas[c] = area, lows[c] = low, highs[c] = high;
  });
  uint32_t total = 0;
  uint64_t pairs = 0;
  for (int c = 0; c < kChunks; c++) {
    uint32_t count = visible[c];
    uint64_t area = areas[c];
    visible[c] = total, areas[c] = pairs;
    total += count, pairs += area;
  }
  if (pairs > kMaxPairs)
    throw Refusal("too many large Gaussians for a picture of " + std::to_string(view.width) + "x" + std::to_string(view.height) +
                  ": they reach " + std::to_string(pairs) + " tiles of " + std::to_string(kTile) + " pixels, at most " +
                  std::to_string(kMaxPairs) + " can be drawn; ask for a smaller picture or stand farther away");
  visible_ = (int)total;
  // The depths of a scene share their leading bits: a head takes two digits, anything at most three.
  const uint32_t nearest = *std::min_element(lows, lows + kChunks), farthest = *std::max_element(highs, highs + kChunks);
  int digits = 0;
  while (total && ((uint64_t)(farthest - nearest) >> (digits * kDigitBits))) digits++;
  parallel_for(kChunks, [&](int c, int) {
    uint32_t at = visible[c], slot = (uint32_t)areas[c];
    for (int i = c * per_chunk, end = std::min(n, i + per_chunk); i < end; i++) {
      if (keys[i] == kCulled) continue;
      entries_[at++] = {keys[i] - nearest, (uint32_t)i, splats[i].x0, splats[i].x1, splats[i].y0, splats[i].y1};
      if (!slots) continue;
      splats[i].slot = slot;
      slot += (uint32_t)(splats[i].x1 - splats[i].x0) * (splats[i].y1 - splats[i].y0);
    }
  });
  sort(kChunks, digits);

  // Tiles: each chunk of the depth order appends to its own part of every tile's list.
  grow(counts_, (size_t)kChunks * tiles), grow(offsets_, tiles + 1), grow(list_, pairs + 1);
  per_chunk = (visible_ + kChunks - 1) / kChunks;
  auto each_tile = [&](int c, auto visit) {
    uint32_t* counts = counts_.data() + (size_t)c * tiles;
    for (int i = c * per_chunk, end = std::min(visible_, i + per_chunk); i < end; i++) {
      const Entry& e = entries_[i];
      for (int y = e.y0; y < e.y1; y++)
        for (int x = e.x0; x < e.x1; x++) visit(counts[y * view.tiles_x + x], e.index);
    }
  };
  parallel_for(kChunks, [&](int c, int) {
    std::fill_n(counts_.begin() + (size_t)c * tiles, tiles, 0u);
    each_tile(c, [](uint32_t& count, uint32_t) { count++; });
  });
  uint32_t at = 0;
  for (int t = 0; t < tiles; t++) {
    offsets_[t] = at;
    for (int c = 0; c < kChunks; c++) {
      uint32_t count = counts_[(size_t)c * tiles + t];
      counts_[(size_t)c * tiles + t] = at;
      at += count;
    }
  }
  offsets_[tiles] = at;
  parallel_for(kChunks, [&](int c, int) {
    each_tile(c, [&](uint32_t& next, uint32_t index) { list_[next++] = index; });
  });
  return (uint32_t)pairs;
}

}  // namespace splatavatar
