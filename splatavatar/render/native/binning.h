#pragma once
#include <cstdint>
#include <vector>

#include "raster.h"

namespace splatavatar {

// Orders the visible splats by depth and lists them by tile. Buffers only grow, so a steady scene allocates nothing.
class Binner {
 public:
  // Sets Splat::slot when `slots` is asked for (backward pass). Returns the number of (splat, tile) pairs.
  uint32_t bin(Splat* splats, const uint32_t* keys, int n, const View& view, bool slots);
  Bins bins() const { return {offsets_.data(), list_.data()}; }
  int visible() const { return visible_; }

 private:
  struct Entry { uint32_t key, index; };
  void sort(int chunks);
  std::vector<Entry> entries_, spare_;
  std::vector<uint32_t> histogram_, counts_, offsets_, list_;
  int visible_ = 0;
};

}  // namespace splatavatar
