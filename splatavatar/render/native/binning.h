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
  // The tiles travel with the key: listing them would otherwise fetch every record from memory in random order, twice.
  struct Entry {
    uint32_t key, index;
    uint16_t x0, x1, y0, y1;
  };
  void sort(int chunks, int digits);
  std::vector<Entry> entries_, spare_;
  std::vector<uint32_t> histogram_, counts_, offsets_, list_;
  int visible_ = 0;
};

}  // namespace splatavatar
