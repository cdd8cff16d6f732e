#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

/// What the kernel says of processes.
namespace ridgeline::serve {

/// Not there, or only to be reaped by somebody else.
inline bool is_gone(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string id, name, state;
  return !(file >> id >> name >> state) || state == "Z";
}

/// Within ten seconds.
inline bool goes(pid_t pid) {
  for (int i = 0; i < 1000 && !is_gone(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return is_gone(pid);
}

/// Kilobytes of a line of /proc/PID/status.
inline int64_t status_kb(const std::string& pid, const std::string& field) {
  std::ifstream file("/proc/" + pid + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1));
  return 0;
}

/// Those that a thread of this process has started and not reaped.
inline std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t pid = 0; file >> pid;) found.push_back(pid);
  }
  return found;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kFreedMemoryIsKept = true;  // by the sanitizer, to find its use
#else
inline constexpr bool kFreedMemoryIsKept = false;
#endif

}  // namespace ridgeline::serve
