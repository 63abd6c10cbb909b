#include "thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#define SPLAT_PAUSE() _mm_pause()
#else
#define SPLAT_PAUSE() std::this_thread::yield()
#endif

namespace splatavatar {
namespace {

int available_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  int n = (int)std::thread::hardware_concurrency();
  return n > 0 ? n : 1;
}

int configured_threads() {
  if (const char* text = std::getenv("SPLATAVATAR_THREADS")) {
    int n = std::atoi(text);
    if (n >= 1 && n <= 256) return n;
  }
  return available_cores();
}

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
  }
  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }
  int size() const { return (int)workers_.size() + 1; }

  void run(int count, LoopBody body, void* context) {
    body_ = body, context_ = context, count_ = count;
    next_.store(0, std::memory_order_relaxed);
    busy_.store((int)workers_.size(), std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    if (sleeping_.load(std::memory_order_acquire) > 0) wake_.notify_all();
    drain(0);
    while (busy_.load(std::memory_order_acquire) > 0) SPLAT_PAUSE();
  }

 private:
  void drain(int thread) {
    for (int i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) body_(context_, i, thread);
  }
  void work(int thread) {
    unsigned seen = 0;
    for (;;) {
      // Stages of a frame follow each other within microseconds: look for a while before sleeping.
      for (int spin = 0; spin < 4000 && generation_.load(std::memory_order_acquire) == seen; spin++) SPLAT_PAUSE();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        sleeping_.fetch_add(1, std::memory_order_release);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
        sleeping_.fetch_sub(1, std::memory_order_release);
      }
      seen = generation_.load(std::memory_order_acquire);
      if (stop_) return;
      drain(thread);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<unsigned> generation_{0};
  std::atomic<int> next_{0}, busy_{0}, sleeping_{0};
  LoopBody body_ = nullptr;
  void* context_ = nullptr;
  int count_ = 0;
  bool stop_ = false;
};

std::mutex pool_mutex;
Pool* pool = nullptr;  // never destroyed at exit: joining threads after main can hang in embedding processes
pid_t pool_owner = 0;  // threads do not survive a fork: the child abandons its parent's pool and makes its own
int wanted = 0;

}  // namespace

int thread_count() {
  std::lock_guard<std::mutex> lock(pool_mutex);
  if (wanted == 0) wanted = configured_threads();
  return wanted;
}

void set_thread_count(int n) {
  std::lock_guard<std::mutex> lock(pool_mutex);
  wanted = n;
}

void run_parallel(int count, LoopBody body, void* context) {
  int n = thread_count();
  if (count <= 1 || n == 1) {
    for (int i = 0; i < count; i++) body(context, i, 0);
    return;
  }
  std::lock_guard<std::mutex> lock(pool_mutex);
  if (pool_owner != getpid()) pool = nullptr, pool_owner = getpid();
  if (!pool || pool->size() != n) {
    delete pool;
    pool = nullptr;
    pool = new Pool(n);
  }
  pool->run(count, body, context);
}

}  // namespace splatavatar
