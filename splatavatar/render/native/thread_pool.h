// A fixed set of threads for loops of a few microseconds to milliseconds. OpenMP is avoided on purpose: torch brings a
// second OpenMP runtime whose waiting threads would compete for the same two cores.
#pragma once
#include <cstddef>

namespace splatavatar {

// More have nothing to do: a picture of 512x512 has 1,024 tiles, and every loop waits for the last of them.
constexpr int kMostThreads = 256;

// SPLATAVATAR_THREADS, else the cores this process may use; fewer where the system did not give that many. Throws Refusal
// where the variable is no such number.
int thread_count();
void set_thread_count(int n);   // takes effect with the next loop
void abandon_pool();            // in the child of a fork, whose threads stayed with the parent

using LoopBody = void (*)(void* context, int index, int thread);
void run_parallel(int count, LoopBody body, void* context);

// Calls f(index, thread) for every index in [0, count). Which thread runs an index is not fixed; results must not depend on
// it. Where f throws, the indices that have not begun are left out and the first exception goes on in the caller. One loop
// runs at a time: threads that start loops take turns, and f must not start one.
template <class F>
void parallel_for(int count, F&& f) {
  run_parallel(count, [](void* c, int index, int thread) { (*static_cast<F*>(c))(index, thread); }, &f);
}

// Calls f(begin, end) on consecutive ranges of at most `grain` items.
template <class F>
void parallel_ranges(int n, int grain, F&& f) {
  parallel_for(n / grain + (n % grain != 0), [&](int index, int) {
    int begin = index * grain;
    f(begin, n - begin > grain ? begin + grain : n);
  });
}

}  // namespace splatavatar
