#include "kernels/probes/measure.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <thread>

#include "kernels/probes/caches.h"
#include "kernels/probes/description.h"
#include "kernels/probes/probes.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWindowSeconds = 0.005;
constexpr int kRounds = 3;  // spread over the whole measurement, since slow spells last up to seconds
constexpr int kWindowsPerRound = 2;  // in each round
constexpr int64_t kSmallestDramSet = int64_t{256} << 20;
constexpr int64_t kLargestDramSet = int64_t{512} << 20;

/// Work that every thread repeats at the same time.
struct Job {
  int threads = 1;
  std::function<void(int thread, int64_t repeats)> body;
  double amount = 0;  ///< FLOPs or bytes of one repeat, all threads together
  int64_t repeats = 1;
  std::vector<double> rates = {};  ///< per second, one per window

  double best() const { return *std::ranges::max_element(rates); }
  double median() const {
    std::vector<double> sorted = rates;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

/// Raises `repeats` until one window lasts about kWindowSeconds.
void calibrate(Job& job) {
  for (;; job.repeats *= 2) {
    const auto begin = Clock::now();
    job.body(0, job.repeats);
    const double seconds = seconds_between(begin, Clock::now());
    if (seconds < kWindowSeconds / 4) continue;
    const double scale = kWindowSeconds / seconds;
    job.repeats = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(job.repeats) * scale));
    return;
  }
}

/// Runs some windows; a window's time is from its first thread's start to its last thread's end.
void sample(Job& job) {
  const auto threads = static_cast<size_t>(job.threads);
  std::vector<Clock::time_point> begins(threads * kWindowsPerRound), ends(threads * kWindowsPerRound);
  std::barrier start(job.threads);
  const auto run = [&](size_t thread) {
    for (size_t window = 0; window < kWindowsPerRound; ++window) {
      start.arrive_and_wait();
      begins[window * threads + thread] = Clock::now();
      job.body(static_cast<int>(thread), job.repeats);
      ends[window * threads + thread] = Clock::now();
    }
  };
  {
    std::vector<std::jthread> crew;
    for (size_t thread = 1; thread < threads; ++thread) crew.emplace_back(run, thread);
    run(0);
  }
  for (size_t window = 0; window < kWindowsPerRound; ++window) {
    const auto first = std::min_element(begins.begin() + static_cast<std::ptrdiff_t>(window * threads),
                                        begins.begin() + static_cast<std::ptrdiff_t>((window + 1) * threads));
    const auto last = std::max_element(ends.begin() + static_cast<std::ptrdiff_t>(window * threads),
                                       ends.begin() + static_cast<std::ptrdiff_t>((window + 1) * threads));
    job.rates.push_back(job.amount * static_cast<double>(job.repeats) / seconds_between(*first, *last));
  }
}

Status run_all(std::vector<Job>& jobs, const CancelToken& cancel) {
  for (int round = 0; round < kRounds; ++round)
    for (Job& job : jobs) {
      if (cancel.requested()) return cancelled("stopped while measuring this machine's peaks");
      if (round == 0) calibrate(job);
      sample(job);
    }
  return {};
}

std::vector<int> thread_counts(int threads) {
  return threads > 1 ? std::vector<int>{1, threads} : std::vector<int>{1};
}

struct WorkingSet {
  std::string level;
  int64_t bytes_per_thread;
};

/// Half of what a thread has of each cache, and beyond: large enough not to fit the level below.
std::vector<WorkingSet> working_sets(const std::vector<CacheLevel>& caches, int threads, int64_t dram_bytes) {
  std::vector<WorkingSet> sets;
  int64_t below = 0;
  for (const CacheLevel& cache : caches) {
    const int64_t share = cache.bytes / std::min(threads, cache.sharing_cpus);
    int64_t set = share / 2;
    if (below > 0) set = std::min(set, 8 * below);
    if (set > below) sets.push_back({fmt::format("L{}", cache.level), set});
    below = share;
  }
  sets.push_back({"DRAM", dram_bytes / threads});
  return sets;
}

int64_t dram_set(const std::vector<CacheLevel>& caches) {
  const int64_t largest = caches.empty() ? 0 : caches.back().bytes;
  return std::clamp(2 * largest, kSmallestDramSet, kLargestDramSet);
}

struct StreamJobs {
  std::vector<Job> jobs;          ///< a read and a triad for each peak
  std::vector<MemoryPeak> peaks;  ///< rates still to be filled
};

Job read_job(const StreamProbe& probe, std::span<float> memory, int threads, int64_t bytes) {
  const size_t stride = memory.size() / static_cast<size_t>(threads);
  const size_t words = static_cast<size_t>(bytes) / sizeof(uint64_t) / 64 * 64;
  return {threads,
          [=, &probe](int thread, int64_t repeats) {
            const float* begin = memory.data() + stride * static_cast<size_t>(thread) / 64 * 64;
            uint64_t sum = 0;
            for (int64_t i = 0; i < repeats; ++i)
              sum ^= probe.read(reinterpret_cast<const uint64_t*>(begin), words);
            __asm__ volatile("" : : "r"(sum));
          },
          static_cast<double>(words * sizeof(uint64_t)) * threads};
}

Job triad_job(const StreamProbe& probe, std::span<float> memory, int threads, int64_t bytes) {
  const size_t stride = memory.size() / static_cast<size_t>(threads);
  // A distance that is no multiple of 4 KiB: else a store and the next loads would look alike to the CPU.
  const size_t count = (static_cast<size_t>(bytes) / 3 / 4096 * 4096 - 1024) / sizeof(float);
  return {threads,
          [=, &probe](int thread, int64_t repeats) {
            float* begin = memory.data() + stride * static_cast<size_t>(thread) / 64 * 64;
            for (int64_t i = 0; i < repeats; ++i) probe.triad(begin, begin + count, begin + 2 * count, count);
          },
          static_cast<double>(3 * count * sizeof(float)) * threads};
}

StreamJobs plan_streams(const ProbeOptions& options, const std::vector<CacheLevel>& caches,
                        std::span<float> memory) {
  const auto probe = std::ranges::find_if(
      stream_probes(), [&](const StreamProbe& candidate) { return candidate.available(options.cpu); });
  StreamJobs plan;
  for (const int threads : thread_counts(options.threads))
    for (const WorkingSet& set : working_sets(caches, threads, static_cast<int64_t>(memory.size_bytes()))) {
      plan.jobs.push_back(read_job(*probe, memory, threads, set.bytes_per_thread));
      plan.jobs.push_back(triad_job(*probe, memory, threads, set.bytes_per_thread));
      plan.peaks.push_back({set.level, set.bytes_per_thread, threads, 0, 0});
    }
  return plan;
}

Status measure_memory(const ProbeOptions& options, MeasuredPeaks& peaks) {
  const std::vector<CacheLevel> caches = read_cache_levels("/sys/devices/system/cpu/cpu0");
  const int64_t bytes = dram_set(caches);
  ASSIGN_OR_RETURN(Tensor memory, Tensor::zeros(DType::kF32, Shape{bytes / 4}));
  std::ranges::fill(memory.as<float>(), 1.0F);  // untouched pages would all be one page of zeros
  StreamJobs plan = plan_streams(options, caches, memory.as<float>());
  RETURN_IF_ERROR(run_all(plan.jobs, options.cancel));
  for (size_t i = 0; i < plan.peaks.size(); ++i) {
    plan.peaks[i].read_bytes_per_s = plan.jobs[2 * i].best();
    plan.peaks[i].triad_bytes_per_s = plan.jobs[2 * i + 1].best();
  }
  peaks.memory = std::move(plan.peaks);
  return {};
}

Status measure_compute(const ProbeOptions& options, MeasuredPeaks& peaks) {
  std::vector<Job> jobs;
  for (const ComputeProbe& probe : compute_probes())
    for (const int threads : thread_counts(options.threads)) {
      if (!probe.available(options.cpu)) continue;
      jobs.push_back({threads, [&probe](int /*thread*/, int64_t repeats) { probe.run(repeats); },
                      probe.flops_per_iteration * threads});
      peaks.compute.push_back({std::string(probe.precision), std::string(probe.isa), threads, 0, 0});
    }
  RETURN_IF_ERROR(run_all(jobs, options.cancel));
  for (size_t i = 0; i < jobs.size(); ++i) {
    peaks.compute[i].flops_per_s = jobs[i].best();
    peaks.compute[i].median_flops_per_s = jobs[i].median();
  }
  return {};
}

}  // namespace

Result<MeasuredPeaks> measure_peaks(const ProbeOptions& options) {
  MeasuredPeaks peaks;
  peaks.cpu = describe_cpu();
  peaks.features = options.cpu.to_string();
  peaks.threads = options.threads;
  peaks.method = fmt::format(
      "best of {} windows of {:.0f} ms in {} rounds; arithmetic on registers, streams over half of each "
      "cache "
      "and over DRAM",
      kRounds * kWindowsPerRound, kWindowSeconds * 1e3, kRounds);
  RETURN_IF_ERROR(measure_compute(options, peaks));
  RETURN_IF_ERROR(measure_memory(options, peaks));
  return peaks;
}

}  // namespace ridgeline::kernels
