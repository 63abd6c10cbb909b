#include "calls.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <pthread.h>

#include "thread_pool.h"

namespace splatavatar {
namespace {

std::atomic<int> in_progress{0}, forking{0};

void wait_a_little() { std::this_thread::sleep_for(std::chrono::microseconds(50)); }

void before_fork() {
  forking.fetch_add(1);
  while (in_progress.load() > 0) wait_a_little();
}

void after_fork_in_parent() { forking.fetch_sub(1); }

// The thread that forked is the only one: others may have been about to enter, or to fork as well.
void after_fork_in_child() {
  in_progress.store(0), forking.store(0);
  abandon_pool();
}

[[maybe_unused]] const int registered = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);

}  // namespace

Call::Call() {
  for (;;) {
    in_progress.fetch_add(1);
    if (forking.load() == 0) return;
    in_progress.fetch_sub(1);
    while (forking.load() > 0) wait_a_little();
  }
}

Call::~Call() { in_progress.fetch_sub(1); }

}  // namespace splatavatar
