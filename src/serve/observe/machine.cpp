#include "serve/observe/machine.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace ridgeline::serve {
namespace {

/// The numbers of a line that begins with `key`.
std::optional<std::vector<uint64_t>> numbers_after(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    std::vector<uint64_t> numbers;
    for (const std::string_view word : split(line.substr(key.size()), ' ')) {
      uint64_t number = 0;
      if (std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc{})
        numbers.push_back(number);
    }
    return numbers;
  }
  return std::nullopt;
}

}  // namespace

Result<CpuTicks> parse_cpu_ticks(std::string_view proc_stat) {
  // user nice system idle iowait irq softirq steal; guest times are in user and nice already (proc(5)).
  const auto times = numbers_after(proc_stat, "cpu ");
  if (!times || times->size() < 8) return internal_error("/proc/stat has no line of all CPUs");
  CpuTicks ticks;
  for (size_t i = 0; i < 8; ++i) ticks.total += (*times)[i];
  ticks.busy = ticks.total - (*times)[3] - (*times)[4];
  return ticks;
}

Status parse_memory(std::string_view proc_meminfo, MachineUse& use) {
  const auto total_kib = numbers_after(proc_meminfo, "MemTotal:");
  const auto available_kib = numbers_after(proc_meminfo, "MemAvailable:");
  if (!total_kib || !available_kib || total_kib->empty() || available_kib->empty())
    return internal_error("/proc/meminfo lacks MemTotal or MemAvailable");
  use.memory_total_bytes = total_kib->front() * 1024;
  use.memory_used_bytes = (total_kib->front() - available_kib->front()) * 1024;
  return {};
}

double utilization_between(const CpuTicks& before, const CpuTicks& now) {
  if (now.total <= before.total || now.busy < before.busy) return 0;
  return static_cast<double>(now.busy - before.busy) / static_cast<double>(now.total - before.total);
}

Result<MachineUse> read_machine(CpuTicks& before) {
  ASSIGN_OR_RETURN(const std::string stat, read_file("/proc/stat"));
  ASSIGN_OR_RETURN(const std::string meminfo, read_file("/proc/meminfo"));
  ASSIGN_OR_RETURN(const CpuTicks now, parse_cpu_ticks(stat));
  MachineUse use;
  RETURN_IF_ERROR(parse_memory(meminfo, use));
  use.cpu_utilization = utilization_between(before, now);
  before = now;
  return use;
}

}  // namespace ridgeline::serve
