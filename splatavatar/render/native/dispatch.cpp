#include <atomic>
#include <cstring>

#include "raster.h"

namespace splatavatar {
namespace portable { extern const Kernels table; }
#if defined(__x86_64__)
namespace avx2 { extern const Kernels table; }
namespace avx512 { extern const Kernels table; }
#endif

namespace {

int list_tables(const Kernels** out) {
  int n = 0;
  out[n++] = &portable::table;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) out[n++] = &avx2::table;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw"))
    out[n++] = &avx512::table;
#endif
  return n;
}

std::atomic<const Kernels*> current{nullptr};

}  // namespace

const Kernels& kernels() {
  const Kernels* chosen = current.load(std::memory_order_relaxed);
  if (!chosen) {
    const Kernels* tables[3];
    const Kernels* best = tables[list_tables(tables) - 1];
    if (current.compare_exchange_strong(chosen, best)) chosen = best;
  }
  return *chosen;
}

bool select_kernels(const char* name) {
  const Kernels* tables[3];
  int n = list_tables(tables);
  for (int i = 0; i < n; i++)
    if (std::strcmp(tables[i]->name, name) == 0) {
      current = tables[i];
      return true;
    }
  return false;
}

int available_kernels(const char** names) {
  const Kernels* tables[3];
  int n = list_tables(tables);
  for (int i = 0; i < n; i++) names[i] = tables[i]->name;
  return n;
}

}  // namespace splatavatar
