#include "engine/native/chain.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <numeric>

#include "kernels/ceil_div.h"

namespace ridgeline::native {
namespace {

using kernels::ceil_div;
using kernels::Range;

constexpr int64_t kBandsPerThread = 3;  ///< at least, so that one may help the other
constexpr size_t kMostLinks = 8;

using Clock = std::chrono::steady_clock;
using Times = std::array<std::atomic<int64_t>, kMostLinks>;  ///< ticks of all threads together

/// Images in a slot: planes, or blocks of channels, whose positions are `width` floats.
struct Images {
  explicit Images(const Shape& shape)
      : batch(shape[0]),
        planes(shape[1]),
        rows(shape[2]),
        columns(shape[3]),
        width(shape.rank() == 5 ? shape[4] : 1) {}
  int64_t row_floats() const { return columns * width; }
  int64_t image_floats() const { return planes * rows * columns * width; }

  int64_t batch, planes, rows, columns, width;
};

/// The rows of an image between two links that are held at present, of all planes.
struct Held {
  Range rows;
  float* data = nullptr;
};

/// Bytes from an image to the next and from a row.
RowWise::Pixels distances_of(const RowWise& step, Slots slots) {
  if (step.pixels) return *step.pixels;
  const Images images(slots[step.in].shape);
  constexpr auto kBytes = static_cast<int64_t>(sizeof(float));
  return {images.image_floats() * kBytes, images.row_floats() * kBytes};
}

/// What a thread holds of an image from one band to the next, which needs some of the same rows.
struct Bench {
  int64_t image = -1;
  std::array<Held, kMostLinks> held{};
};

struct Link {
  RowWise step;
  RowWise::Pixels in;
  Images out;
  int64_t held_plane =
      0;  ///< positions between planes of the rows that a band needs; of the last link none are held

  int64_t held_floats() const { return out.planes * held_plane * out.width; }
};

/// A number of positions at least as many, so that planes that far apart don't meet in the same sets of a
/// first-level cache.
int64_t apart(int64_t positions) { return ceil_div(positions, 64) * 64 + 15; }

class Chain {
 public:
  Chain(std::span<const Step> steps, Slots slots, int64_t most_bytes, int threads) : threads_(threads) {
    for (const Step& step : steps)
      links_.push_back({*step.rows, distances_of(*step.rows, slots), Images(slots[step.rows->out].shape)});
    int64_t most_rows = images().rows;
    while (held_bytes(most_rows) > most_bytes && most_rows > 1) --most_rows;
    bands_ = bands_of(most_rows);
    const int64_t bytes = held_bytes(ceil_div(images().rows, bands_));
    bytes_ = kBenchBytes + 64 * static_cast<size_t>(ceil_div(bytes, 64));
  }

  size_t scratch_bytes() const { return bytes_ * static_cast<size_t>(threads_); }

  void run(Slots slots, size_t scratch, ThreadPool& pool, Times* times = nullptr) const {
    std::byte* const memory = slots[scratch].data;
    for (int thread = 0; thread < threads_; ++thread) set_up(memory + static_cast<size_t>(thread) * bytes_);
    pool.parallel_for(images().batch * bands_, 1, [&](int64_t begin, int64_t end, int thread) {
      Bench& bench = *std::launder(reinterpret_cast<Bench*>(memory + static_cast<size_t>(thread) * bytes_));
      for (int64_t i = begin; i < end; ++i) {
        turn_to(bench, i / bands_);
        make_band({slots, bench.image, *alone_, times}, {band_begin(i % bands_), band_begin(i % bands_ + 1)},
                  bench.held);
      }
    });
  }

 private:
  static constexpr size_t kBenchBytes = 64 * ceil_div(sizeof(Bench), 64);

  struct Work {
    Slots slots;
    int64_t image;
    ThreadPool& pool;
    Times* times;
  };

  const Images& images() const { return links_.back().out; }

  int64_t band_begin(int64_t band) const { return kernels::part_begin(images().rows, bands_, band); }

  /// Of an image, none of more rows, and as many for each of the threads that share it.
  int64_t bands_of(int64_t most_rows) const {
    if (threads_ == 1) return ceil_div(images().rows, most_rows);
    const int64_t batch = std::max<int64_t>(images().batch, 1), of_thread = ceil_div(batch, threads_);
    const int64_t sharing = ceil_div(threads_, batch), rows = ceil_div(images().rows, sharing);
    const int64_t bands = std::clamp(ceil_div(kBandsPerThread, of_thread), ceil_div(rows, most_rows), rows);
    return std::min(images().rows, sharing * bands);
  }

  /// Sets what each link holds for bands of so many rows; the bytes of all.
  int64_t held_bytes(int64_t rows) {
    int64_t bytes = 0;
    for (size_t k = links_.size() - 1; k > 0; --k) {
      const kernels::Window& w = links_[k].step.window;
      rows = std::min((rows - 1) * w.stride[1] + (w.kernel[1] - 1) * w.dilation[1] + 1, w.in[1]);
      Link& link = links_[k - 1];
      link.held_plane = apart(rows * link.out.columns);
      bytes += link.held_floats() * static_cast<int64_t>(sizeof(float));
    }
    return bytes;
  }

  void set_up(std::byte* memory) const {
    Bench& bench = *new (memory) Bench();
    auto* data = reinterpret_cast<float*>(memory + kBenchBytes);
    for (size_t k = 0; k + 1 < links_.size(); ++k) {
      bench.held[k].data = data;
      data += links_[k].held_floats();
    }
  }

  static void turn_to(Bench& bench, int64_t image) {
    if (bench.image == image) return;
    bench.image = image;
    for (Held& held : bench.held) held.rows = {};
  }

  void make_band(const Work& work, const Range& band, std::array<Held, kMostLinks>& held) const {
    std::array<Range, kMostLinks> made{};
    Range wanted = band;
    for (size_t k = links_.size(); k-- > 0;) {
      if (k + 1 < links_.size()) wanted = hold(links_[k], wanted, held[k]);
      if (wanted.begin == wanted.end) break;
      made[k] = wanted;
      wanted = kernels::input_rows(links_[k].step.window, wanted);
    }
    for (size_t k = 0; k < links_.size(); ++k) {
      if (made[k].begin == made[k].end) continue;
      const auto start = work.times != nullptr ? Clock::now() : Clock::time_point();
      make_rows(work, k, made[k], held);
      if (work.times != nullptr) (*work.times)[k] += (Clock::now() - start).count();
    }
  }

  /// Keeps of what is held the rows that are wanted; those that are still to be made.
  static Range hold(const Link& link, const Range& wanted, Held& held) {
    Range missing = wanted;
    if (held.rows.begin <= wanted.begin && wanted.begin < held.rows.end) {
      const int64_t row = link.out.row_floats(), plane = link.held_plane * link.out.width;
      missing.begin = std::min(held.rows.end, wanted.end);
      const int64_t kept = missing.begin - wanted.begin;
      for (int64_t p = 0; p < link.out.planes; ++p) {
        float* const to = held.data + p * plane;
        std::memmove(to, to + (wanted.begin - held.rows.begin) * row,
                     static_cast<size_t>(kept * row) * sizeof(float));
      }
    }
    held.rows = wanted;
    return missing;
  }

  void make_rows(const Work& work, size_t k, const Range& rows,
                 const std::array<Held, kMostLinks>& held) const {
    const Link& link = links_[k];
    const Range needed = kernels::input_rows(link.step.window, rows);
    Part part{.window = kernels::part_of(link.step.window, rows), .image = work.image};
    if (k == 0) {
      part.in =
          work.slots[link.step.in].data + work.image * link.in.image_bytes + needed.begin * link.in.row_bytes;
      part.window.in_plane = kernels::in_plane(link.step.window);
    } else {
      part.in = reinterpret_cast<const std::byte*>(held[k - 1].data) +
                (needed.begin - held[k - 1].rows.begin) * link.in.row_bytes;
      part.window.in_plane = links_[k - 1].held_plane;
    }
    if (k + 1 == links_.size()) {
      part.out_offset = work.image * link.out.image_floats() + rows.begin * link.out.row_floats();
      part.out = reinterpret_cast<float*>(work.slots[link.step.out].data) + part.out_offset;
      part.window.out_plane = link.out.rows * link.out.columns;
    } else {
      part.out = held[k].data + (rows.begin - held[k].rows.begin) * link.out.row_floats();
      part.window.out_plane = link.held_plane;
    }
    link.step.run(work.slots, part, work.pool);
  }

  std::vector<Link> links_;
  std::shared_ptr<ThreadPool> alone_ = std::make_shared<ThreadPool>(1);  ///< of any thread
  int threads_;
  int64_t bands_ = 1;  ///< of an image
  size_t bytes_ = 0;   ///< of a thread's scratch memory
};

/// Joined texts of steps.
std::string joined(std::span<const Step> steps, std::string Step::* text) {
  std::string all;
  for (const Step& step : steps) all += (all.empty() ? "" : "+") + step.*text;
  return all;
}

Step join(std::span<Step> steps, Plan& plan, int64_t most_bytes, int threads) {
  Chain chain(steps, plan.slots, most_bytes, threads);
  const size_t scratch = plan.slots.size();
  plan.slots.push_back({DType::kU8, {static_cast<int64_t>(chain.scratch_bytes())}, nullptr});
  Step all{.name = joined(steps, &Step::name),
           .op = joined(steps, &Step::op),
           .kernel = joined(steps, &Step::kernel),
           .out = steps.back().out,
           .run = [chain, scratch](Slots slots, ThreadPool& pool) -> Status {
             chain.run(slots, scratch, pool);
             return {};
           },
           .results = steps.back().results,
           .replaced = steps.back().replaced,
           .joined = JoinedSteps{
               .run_timed = [chain, scratch](Slots slots, ThreadPool& pool, std::span<double> shares) {
                 Times times{};
                 chain.run(slots, scratch, pool, &times);
                 for (size_t k = 0; k < shares.size(); ++k) shares[k] = static_cast<double>(times[k]);
                 const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
                 for (double& share : shares) share /= std::max(sum, 1.0);
               }}};
  all.out.push_back(scratch);
  for (size_t i = 0; i < steps.size(); ++i) {
    all.joined->links.push_back({steps[i].name, steps[i].op, steps[i].kernel});
    for (const size_t slot : steps[i].in)
      if (i == 0 || slot != steps[i - 1].rows->out) all.in.push_back(slot);
    std::move(steps[i].refusals.begin(), steps[i].refusals.end(), std::back_inserter(all.refusals));
  }
  return all;
}

class Readers {
 public:
  explicit Readers(const Plan& plan) {
    for (const Step& step : plan.steps)
      for (const size_t slot : step.in) ++count_[slot];
    for (const size_t slot : plan.outputs) ++count_[slot];
  }
  int of(size_t slot) const {
    const auto found = count_.find(slot);
    return found == count_.end() ? 0 : found->second;
  }

 private:
  std::map<size_t, int> count_;
};

int64_t bytes_of_image(const TensorView& images) {
  return static_cast<int64_t>(images.byte_size()) / std::max<int64_t>(images.shape[0], 1);
}

bool are_joined(const Step& step, const Step& next, const Readers& readers) {
  if (!step.rows || !next.rows || next.rows->in != step.rows->out) return false;
  if (step.rows->has_residual || step.rows->has_row_means) return false;
  return readers.of(step.rows->out) == 1;
}

}  // namespace

void chain_steps(Plan& plan, const ChainLimits& limits, int threads) {
  const Readers readers(plan);
  std::vector<Step> steps;
  const auto goes_on = [&](const Step& last, const Step& next) {
    return are_joined(last, next, readers) &&
           (last.rows->pixels || bytes_of_image(plan.slots[last.rows->out]) > limits.in_caches);
  };
  for (size_t first = 0; first < plan.steps.size();) {
    size_t end = first + 1;
    while (end < plan.steps.size() && end - first < kMostLinks &&
           goes_on(plan.steps[end - 1], plan.steps[end]))
      ++end;
    const std::span<Step> links = std::span(plan.steps).subspan(first, end - first);
    steps.push_back(links.size() == 1 ? std::move(links.front()) : join(links, plan, limits.held, threads));
    first = end;
  }
  plan.steps = std::move(steps);
}

}  // namespace ridgeline::native
