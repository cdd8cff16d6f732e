#include "vision/loader.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <thread>

#include "vision/batch_pool.h"
#include "vision/mix.h"
#include "vision/sample_reader.h"
#include "vision/sampler.h"

namespace ridgeline::vision {
namespace {

/// Batches that are made or being made before they are asked for.
constexpr size_t kBatchesAhead = 3;

/// Compute threads wait for each other at every operator: a decoder that takes a core from one of them for a
/// time slice stops them all. An idle-priority thread runs only where nothing else wants to.
void step_behind_compute() {
  const sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
}

Status check(const std::vector<ImageFile>& files, const LoaderConfig& config) {
  if (files.empty()) return invalid_argument("no image files to load");
  if (config.batch_size < 1)
    return invalid_argument("the batch size is {}; it must be 1 or more", config.batch_size);
  if (config.threads < 0)
    return invalid_argument("the loader has {} threads; it needs 0 or more", config.threads);
  if (config.cache_bytes < 0)
    return invalid_argument("the cache has {} bytes; it needs 0 or more", config.cache_bytes);
  if (config.world_size < 1 || config.rank < 0 || config.rank >= config.world_size)
    return invalid_argument("rank {} is not one of {} ranks", config.rank, config.world_size);
  if (config.dtype != DType::kF32 && config.dtype != DType::kBF16)
    return unsupported("images come as f32 or bf16, not {}", name_of(config.dtype));
  for (const ImageFile& file : files)
    if (file.label < 0 || file.label >= config.classes)
      return invalid_argument("{}: label {} is not one of {} classes", file.path, file.label, config.classes);
  return {};
}

/// A batch on its way, guarded by the loader's mutex but for the memory of claimed rows.
struct Build {
  struct Row {
    bool claimed = false;  ///< somebody has its picture and writes it, or knows that there is none
    bool good = false;     ///< evaluation leaves bad files' rows empty
  };
  LoaderPosition place;
  std::shared_ptr<const std::vector<int64_t>> order;  ///< of the whole epoch
  size_t first = 0;                                   ///< place of row 0 in the order
  Batch batch;
  std::vector<Row> rows;
  size_t taken = 0;  ///< rows that somebody reads or has read, from the first
  size_t done = 0;
  bool ready = false;
  Status error;

  bool has_free_row() const { return taken < rows.size(); }
};

}  // namespace

class Loader::Impl {
 public:
  Impl(std::vector<ImageFile> files, const LoaderConfig& config);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  int64_t batches_per_epoch() const;
  Result<std::optional<Batch>> next();
  LoaderPosition position() const { return position_; }
  void seek(const LoaderPosition& position);
  std::vector<BadFile> bad_files() const;

 private:
  bool trains() const { return config_.augmentation.has_value(); }
  void work();
  /// The first build of the window with a row to take, begun if there is room; null when there is none.
  std::shared_ptr<Build> build_with_work();
  std::shared_ptr<Build> begin_build(const LoaderPosition& place);
  /// Reads a row of the build without the lock, writes it unless somebody else was faster, and finishes the
  /// batch after its last row.
  void do_row(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Build>& build, size_t row,
              SampleReader& reader);
  /// The row's label, or none for a bad file.
  std::optional<int> read_row(const Build& build, size_t row, SampleReader& reader);
  /// A free row, or the last one that a thread has not read to its end: on a busy machine an idle-priority
  /// thread may not get on for seconds, which the caller must not wait for.
  static std::optional<size_t> row_for_caller(Build& build);
  bool is_known_bad(int64_t sample) const;
  void finish(Build& build) const;

  const LoaderConfig config_;
  const std::vector<ImageFile> files_;
  const ShardConfig shard_;
  BatchPool pool_;
  ImageCache cache_;
  SampleReader own_reader_;  ///< of the thread that calls next()
  LoaderPosition position_;  ///< touched by that thread only

  mutable std::mutex mutex_;
  std::condition_variable work_wanted_;
  std::condition_variable batch_ready_;
  bool stop_ = false;
  LoaderPosition ahead_;  ///< of the build that will be begun next
  std::deque<std::shared_ptr<Build>> window_;
  int64_t order_epoch_ = -1;
  std::shared_ptr<const std::vector<int64_t>> order_;
  std::map<int64_t, std::string> bad_;  ///< reasons, by sample
  std::vector<std::thread> threads_;
};

Loader::Impl::Impl(std::vector<ImageFile> files, const LoaderConfig& config)
    : config_(config),
      files_(std::move(files)),
      shard_{static_cast<int64_t>(files_.size()),
             config.shuffle,
             config.augmentation.has_value(),
             config.seed,
             config.rank,
             config.world_size},
      cache_(config.cache_bytes),
      own_reader_(config_, cache_) {
  for (int i = 0; i < config.threads; ++i) threads_.emplace_back([this] { work(); });
}

Loader::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

int64_t Loader::Impl::batches_per_epoch() const {
  const int64_t rest = config_.drop_last ? 0 : config_.batch_size - 1;
  return (shard_size(shard_) + rest) / config_.batch_size;
}

void Loader::Impl::work() {
  step_behind_compute();
  SampleReader reader(config_, cache_);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (const std::shared_ptr<Build> build = build_with_work())
      do_row(lock, build, build->taken++, reader);
    else
      work_wanted_.wait(lock);
  }
}

std::shared_ptr<Build> Loader::Impl::build_with_work() {
  for (const std::shared_ptr<Build>& build : window_)
    if (build->has_free_row()) return build;
  if (window_.size() >= kBatchesAhead || batches_per_epoch() == 0) return nullptr;
  if (ahead_.batch >= batches_per_epoch()) ahead_ = {ahead_.epoch + 1, 0};
  window_.push_back(begin_build(ahead_));
  ++ahead_.batch;
  return window_.back()->ready ? nullptr : window_.back();
}

std::shared_ptr<Build> Loader::Impl::begin_build(const LoaderPosition& place) {
  if (order_epoch_ != place.epoch) {
    order_ = std::make_shared<const std::vector<int64_t>>(shard_order(shard_, place.epoch));
    order_epoch_ = place.epoch;
  }
  const auto build = std::make_shared<Build>();
  const auto size = static_cast<size_t>(config_.batch_size);
  build->place = place;
  build->order = order_;
  build->first = static_cast<size_t>(place.batch) * size;
  build->rows.resize(std::min(size, order_->size() - build->first));
  build->batch.labels.resize(build->rows.size());
  Preprocessing how = config_.preprocessing;
  how.layout = config_.layout;
  Result<Tensor> images =
      pool_.take(config_.dtype, how.batch_shape(static_cast<int64_t>(build->rows.size())));
  build->error = images.status();
  build->ready = !images.ok();
  if (images.ok()) build->batch.images = std::move(images).value();
  return build;
}

void Loader::Impl::do_row(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Build>& build, size_t row,
                          SampleReader& reader) {
  lock.unlock();
  const std::optional<int> label = read_row(*build, row, reader);
  lock.lock();
  if (build->rows[row].claimed) return;
  build->rows[row] = {.claimed = true, .good = label.has_value()};
  if (label) {
    build->batch.labels[row] = *label;
    const size_t bytes = build->batch.images.byte_size() / build->rows.size();
    lock.unlock();
    reader.write({build->batch.images.data() + row * bytes, bytes});
    lock.lock();
  }
  if (++build->done < build->rows.size()) return;
  lock.unlock();
  finish(*build);
  lock.lock();
  build->ready = true;
  batch_ready_.notify_one();
}

bool Loader::Impl::is_known_bad(int64_t sample) const {
  const std::lock_guard lock(mutex_);
  return bad_.contains(sample);
}

std::optional<int> Loader::Impl::read_row(const Build& build, size_t row, SampleReader& reader) {
  const std::vector<int64_t>& order = *build.order;
  const size_t place = build.first + row;
  const auto in_whole_order = static_cast<uint64_t>(place) * static_cast<uint64_t>(shard_.world_size) +
                              static_cast<uint64_t>(shard_.rank);
  const Rng random = random_stream(config_.seed, build.place.epoch, in_whole_order);
  for (size_t tries = 0; tries < (trains() ? order.size() : 1); ++tries) {
    const int64_t sample = order[(place + tries) % order.size()];
    const ImageFile& file = files_[static_cast<size_t>(sample)];
    if (is_known_bad(sample)) continue;
    const Status status = reader.read(sample, file.path, random);
    if (status.ok()) return file.label;
    const std::lock_guard lock(mutex_);
    bad_.emplace(sample, status.message());
  }
  return std::nullopt;
}

void Loader::Impl::finish(Build& build) const {
  Batch& batch = build.batch;
  const size_t row_bytes = batch.images.byte_size() / build.rows.size();
  size_t kept = 0;
  for (size_t row = 0; row < build.rows.size(); ++row) {
    if (!build.rows[row].good) continue;
    if (kept != row) {
      std::memcpy(batch.images.data() + kept * row_bytes, batch.images.data() + row * row_bytes, row_bytes);
      batch.labels[kept] = batch.labels[row];
    }
    ++kept;
  }
  batch.labels.resize(kept);
  if (kept == 0) return;
  Shape shape = batch.images.shape();
  shape[0] = static_cast<int64_t>(kept);
  const Tensor whole = batch.images;
  batch.images = Tensor::wrap(whole.dtype(), shape, batch.images.data(), std::make_shared<Tensor>(whole));
  Result<Tensor> targets = Tensor::zeros(DType::kF32, {static_cast<int64_t>(kept), config_.classes});
  build.error = targets.status();
  if (!targets.ok()) return;
  batch.targets = std::move(targets).value();
  fill_targets(batch.labels, config_.label_smoothing, batch.targets.view());
  if (!trains()) return;
  const uint64_t of_batch = ~static_cast<uint64_t>(build.place.batch * shard_.world_size + shard_.rank) - 1;
  Rng random = random_stream(config_.seed, build.place.epoch, of_batch);
  mix_batch(*config_.augmentation, config_.layout, random, batch.images.view(), batch.targets.view());
}

std::optional<size_t> Loader::Impl::row_for_caller(Build& build) {
  if (build.has_free_row()) return build.taken++;
  for (size_t row = build.rows.size(); row-- > 0;)
    if (!build.rows[row].claimed) return row;
  return std::nullopt;
}

Result<std::optional<Batch>> Loader::Impl::next() {
  std::unique_lock lock(mutex_);
  while (position_.batch < batches_per_epoch()) {
    if (window_.empty()) build_with_work();
    const std::shared_ptr<Build> build = window_.front();
    while (!build->ready) {
      if (const std::optional<size_t> row = row_for_caller(*build))
        do_row(lock, build, *row, own_reader_);
      else
        batch_ready_.wait(lock);
    }
    window_.pop_front();
    ++position_.batch;
    work_wanted_.notify_all();
    RETURN_IF_ERROR(build->error);
    if (!build->batch.labels.empty()) return std::optional<Batch>(std::move(build->batch));
    if (trains())
      return invalid_argument("none of {} image files can be read; the first: {}", bad_.size(),
                              bad_.begin()->second);
  }
  position_ = {position_.epoch + 1, 0};
  return std::optional<Batch>();
}

void Loader::Impl::seek(const LoaderPosition& position) {
  {
    const std::lock_guard lock(mutex_);
    window_.clear();
    ahead_ = position;
  }
  position_ = position;
  work_wanted_.notify_all();
}

std::vector<BadFile> Loader::Impl::bad_files() const {
  const std::lock_guard lock(mutex_);
  std::vector<BadFile> files;
  for (const auto& [sample, reason] : bad_)
    files.push_back({files_[static_cast<size_t>(sample)].path, reason});
  return files;
}

Result<std::unique_ptr<Loader>> Loader::open(std::vector<ImageFile> files, const LoaderConfig& config) {
  RETURN_IF_ERROR(check(files, config));
  return std::make_unique<Loader>(std::make_unique<Impl>(std::move(files), config));
}

Loader::Loader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Loader::~Loader() = default;
int64_t Loader::batches_per_epoch() const { return impl_->batches_per_epoch(); }
Result<std::optional<Batch>> Loader::next() { return impl_->next(); }
LoaderPosition Loader::position() const { return impl_->position(); }
void Loader::seek(const LoaderPosition& position) { impl_->seek(position); }
std::vector<BadFile> Loader::bad_files() const { return impl_->bad_files(); }

}  // namespace ridgeline::vision
