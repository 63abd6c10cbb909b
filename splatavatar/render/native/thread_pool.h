// A fixed set of threads for loops of a few microseconds to milliseconds. OpenMP is avoided on purpose: torch brings a
// second OpenMP runtime whose waiting threads would compete for the same two cores.
#pragma once
#include <cstddef>

namespace splatavatar {

int thread_count();             // SPLATAVATAR_THREADS, else the cores this process may use
void set_thread_count(int n);   // takes effect with the next loop

using LoopBody = void (*)(void* context, int index, int thread);
void run_parallel(int count, LoopBody body, void* context);

// Calls f(index, thread) for every index in [0, count). Which thread runs an index is not fixed; results must not depend on it.
template <class F>
void parallel_for(int count, F&& f) {
  run_parallel(count, [](void* c, int index, int thread) { (*static_cast<F*>(c))(index, thread); }, &f);
}

// Calls f(begin, end) on consecutive ranges of at most `grain` items.
template <class F>
void parallel_ranges(int n, int grain, F&& f) {
  parallel_for((n + grain - 1) / grain, [&](int index, int) {
    int begin = index * grain;
    f(begin, begin + grain < n ? begin + grain : n);
  });
}

}  // namespace splatavatar
