#include "thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "refusal.h"

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
  const char* text = std::getenv("SPLATAVATAR_THREADS");
  if (!text) return available_cores() < kMostThreads ? available_cores() : kMostThreads;
  int n = 0;
  for (const char* c = text; *c; c++) {
    if (*c < '0' || *c > '9' || n > kMostThreads) {
      n = 0;
      break;
    }
    n = 10 * n + (*c - '0');
  }
  if (n >= 1 && n <= kMostThreads) return n;
  std::string found;  // what a terminal can show, of a length that it can show
  for (const char* c = text; *c && found.size() < 40; c++) found += *c >= ' ' && *c <= '~' ? *c : '?';
  throw Refusal("SPLATAVATAR_THREADS is '" + found + "'; expected a whole number from 1 to " + std::to_string(kMostThreads) +
                ", or leave it unset for all cores");
}

class Pool {
 public:
  // As many as the system gives: where it has no more threads or memory for one, the pool is a smaller one.
  explicit Pool(int threads) noexcept {
    try {
      workers_.reserve((size_t)threads - 1);
      for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
    } catch (const std::exception&) {
    }
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
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void drain(int thread) noexcept {
    try {
      for (int i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) body_(context_, i, thread);
    } catch (...) {
      next_.store(count_, std::memory_order_relaxed);
      std::lock_guard<std::mutex> lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
  void work(int thread) noexcept {
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
  std::exception_ptr error_;
  bool stop_ = false;
};

std::mutex pool_mutex;
Pool* pool = nullptr;  // never destroyed at exit: joining threads after main can hang in embedding processes
std::atomic<int> wanted{0};

}  // namespace

int thread_count() {
  int n = wanted.load();
  if (n == 0) {
    const int configured = configured_threads();
    if (wanted.compare_exchange_strong(n, configured)) n = configured;
  }
  return n;
}

void set_thread_count(int n) { wanted.store(n); }

void abandon_pool() { pool = nullptr; }

void run_parallel(int count, LoopBody body, void* context) {
  if (thread_count() > 1 && count > 1) {
    std::lock_guard<std::mutex> lock(pool_mutex);
    int n = thread_count();
    if (!pool || pool->size() != n) {
      delete pool;
      pool = new (std::nothrow) Pool(n);
      wanted.compare_exchange_strong(n, pool ? pool->size() : 1);  // asked once: not again in every loop
    }
    if (pool) return pool->run(count, body, context);
  }
  for (int i = 0; i < count; i++) body(context, i, 0);
}

}  // namespace splatavatar
