#include "memory.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "refusal.h"

namespace splatavatar {
namespace {

constexpr uint64_t kAlwaysThere = 64ull << 20, kUnknown = std::numeric_limits<uint64_t>::max();

// The number after `name` in a file of lines "name number ..."; of a file of one number where `name` is empty.
uint64_t number_in(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  uint64_t value;
  if (name.empty()) return file >> value ? value : kUnknown;
  while (file >> word)
    if (word == name) return file >> value ? value : kUnknown;
  return kUnknown;
}

uint64_t of_machine() {
  const uint64_t kilobytes = number_in("/proc/meminfo", "MemAvailable:");
  if (kilobytes != kUnknown) return kilobytes << 10;
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : kUnknown;
}

uint64_t left_of(const std::string& limit_file, const std::string& used_file, const std::string& stat_file, const char* files_name) {
  const uint64_t limit = number_in(limit_file, ""), files = number_in(stat_file, files_name);
  uint64_t used = number_in(used_file, "");
  if (limit == kUnknown || used == kUnknown) return kUnknown;
  if (files != kUnknown) used -= std::min(used, files);  // pages of files are given up when needed
  return limit - std::min(limit, used);
}

// What the groups of this process, a container or a service among them, may still take.
uint64_t of_control_groups() {
  const std::string v1 = "/sys/fs/cgroup/memory/memory.", root = "/sys/fs/cgroup";
  uint64_t left = left_of(v1 + "limit_in_bytes", v1 + "usage_in_bytes", v1 + "stat", "total_inactive_file");
  std::ifstream own("/proc/self/cgroup");
  std::string line, group;
  while (std::getline(own, line))
    if (line.rfind("0::", 0) == 0) group = line.substr(3);
  for (;; group.erase(group.rfind('/'))) {
    const std::string folder = root + group + "/memory.";
    left = std::min(left, left_of(folder + "max", folder + "current", folder + "stat", "inactive_file"));
    if (group.rfind('/') == std::string::npos) return left;
  }
}

uint64_t of_address_space() {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnknown;
  const uint64_t pages = number_in("/proc/self/statm", "");
  if (pages == kUnknown) return kUnknown;
  const uint64_t used = pages * (uint64_t)sysconf(_SC_PAGE_SIZE);
  return limit.rlim_cur - std::min<uint64_t>(limit.rlim_cur, used);
}

}  // namespace

uint64_t available_memory() { return std::min({of_machine(), of_control_groups(), of_address_space()}); }

void check_memory(uint64_t bytes) {
  if (bytes < kAlwaysThere) return;
  const uint64_t left = available_memory();
  if (bytes <= left) return;
  char text[160];
  std::snprintf(text, sizeof text, "not enough memory: this picture needs %.1f GB more and %.1f GB are left; ask for a smaller picture",
                (double)bytes / 1e9, (double)left / 1e9);
  throw Refusal(text);
}

}  // namespace splatavatar
