// How much memory there is, asked before much of it is taken: the system hands out more than it has and then ends the process.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace splatavatar {

uint64_t available_memory();  // bytes that this process may still take

// Throws Refusal where `bytes` are not there. Less than 64 MiB is not asked about.
void check_memory(uint64_t bytes);

// Room for `n` values that are written anew each time. Grows by a quarter more, so that a moving scene settles; the old
// values go first.
template <class T>
void grow(std::vector<T>& v, size_t n) {
  if (v.size() >= n) return;
  n += n / 4;
  check_memory(n * sizeof(T));
  std::vector<T>().swap(v);
  v.resize(n);
}

}  // namespace splatavatar
