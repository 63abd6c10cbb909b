// What the thread pool promises, without Python: every index once, exceptions of any thread in the caller, threads that
// cannot be made, several threads at once, and forks. Prints the first promise that is broken.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "thread_pool.h"

using namespace splatavatar;

static void expect(bool kept, const char* promise) {
  if (kept) return;
  std::printf("broken: %s\n", promise);
  std::_Exit(1);
}

#ifndef __SANITIZE_THREAD__  // it replaces this function itself
static std::atomic<int> threads_left{1000};

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const Create create = (Create)dlsym(RTLD_NEXT, "pthread_create");
  return threads_left.fetch_sub(1) > 0 ? create(thread, attributes, start, argument) : EAGAIN;
}
#endif

static void every_index_once() {
  for (int threads : {1, 2, 3, 8})
    for (int count : {0, 1, 2, 7, 1000}) {
      set_thread_count(threads);
      std::vector<std::atomic<int>> seen((size_t)count);
      parallel_for(count, [&](int i, int) { seen[(size_t)i]++; });
      for (auto& times : seen) expect(times == 1, "every index is run once");
    }
  std::atomic<long> sum{0};
  parallel_ranges(2000000000, 1 << 20, [&](int begin, int end) { sum += end - begin; });
  expect(sum == 2000000000, "ranges cover what they are given");
}

static void exceptions_reach_the_caller() {
  for (int threads : {1, 2, 4})
    for (int thrower = 0; thrower < 40; thrower++) {
      set_thread_count(threads);
      std::string caught;
      std::atomic<int> after{0};
      try {
        parallel_for(40, [&](int i, int) {
          if (i == thrower) throw std::runtime_error(std::to_string(i));
        });
      } catch (const std::runtime_error& error) {
        caught = error.what();
      }
      expect(caught == std::to_string(thrower), "an exception reaches the caller as it was");
      parallel_for(40, [&](int, int) { after++; });
      expect(after == 40, "the pool works after an exception");
      bool memory = false;
      try {
        parallel_for(40, [](int, int) { throw std::bad_alloc(); });
      } catch (const std::bad_alloc&) {
        memory = true;
      }
      expect(memory, "of many exceptions one reaches the caller");
    }
}

static void callers_take_turns() {
  std::atomic<bool> stop{false};
  std::atomic<long> loops{0};
  auto call = [&](int seed) {
    while (!stop) {
      Call in_progress;
      long sum = 0;
      std::vector<long> parts(64);
      try {
        parallel_for(64, [&](int i, int) {
          if (loops % 7 == seed) throw std::runtime_error("");
          parts[(size_t)i] = i;
        });
        for (long part : parts) sum += part;
        expect(sum == 63 * 32, "loops of several threads do not mix");
      } catch (const std::runtime_error&) {
      }
      loops++;
    }
  };
  set_thread_count(3);
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; i++) callers.emplace_back(call, i);
  for (int i = 0; i < 200; i++) set_thread_count(1 + i % 4), std::this_thread::sleep_for(std::chrono::milliseconds(1));
#ifndef __SANITIZE_THREAD__
  set_thread_count(3);
  for (int i = 0; i < 50; i++) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(10);
      Call in_progress;
      std::atomic<int> seen{0};
      parallel_for(100, [&](int, int) { seen++; });
      std::_Exit(seen == 100 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child of a fork makes threads of its own");
  }
#endif
  stop = true;
  for (auto& caller : callers) caller.join();
  expect(loops > 100, "loops go on");
}

#ifndef __SANITIZE_THREAD__
static void threads_that_cannot_be_made() {
  for (int given : {0, 1, 3}) {
    set_thread_count(1 + given);  // another pool
    parallel_for(2, [](int, int) {});
    threads_left = given;
    set_thread_count(9);
    std::atomic<int> seen{0};
    parallel_for(100, [&](int, int) { seen++; });
    expect(seen == 100, "a loop is run by the threads there are");
    expect(thread_count() == 1 + given, "the number of threads is what there is");
    threads_left = 1000;
    parallel_for(100, [&](int, int) { seen++; });
    expect(seen == 200, "and again");
  }
}
#endif

int main() {
  every_index_once();
  exceptions_reach_the_caller();
  callers_take_turns();
#ifndef __SANITIZE_THREAD__
  threads_that_cannot_be_made();
#endif
  std::puts("kept");
}
