#include "serve/process/open_jobs.h"

namespace ridgeline::serve {
namespace {

void fail(const std::map<uint64_t, std::shared_ptr<Job>>& jobs, const Status& why) {
  for (const auto& [tag, job] : jobs) {
    job->answer(why);
    job->end();
  }
}

}  // namespace

uint64_t OpenJobs::begin_batch(std::span<const std::shared_ptr<Job>> batch) {
  const std::lock_guard lock(mutex_);
  batch_ = next_;
  for (const auto& job : batch) jobs_.emplace_hint(jobs_.end(), next_++, job);
  return batch_;
}

void OpenJobs::keep_batch() {
  Jobs lost;
  {
    const std::lock_guard lock(mutex_);
    batch_ = next_;
    if (!closed_.ok()) lost = extract(jobs_.begin(), jobs_.end());
  }
  fail(lost, closed_);
}

std::vector<std::shared_ptr<Job>> OpenJobs::take_batch() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Job>> taken;
  for (auto& [tag, job] : extract(jobs_.lower_bound(batch_), jobs_.end())) taken.push_back(std::move(job));
  batch_ = next_;
  return taken;
}

std::shared_ptr<Job> OpenJobs::find(uint64_t tag) const {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(tag);
  return found == jobs_.end() ? nullptr : found->second;
}

std::shared_ptr<Job> OpenJobs::take(uint64_t tag) {
  const std::lock_guard lock(mutex_);
  auto node = jobs_.extract(tag);
  return node.empty() ? nullptr : std::move(node.mapped());
}

void OpenJobs::close(const Status& why) {
  Jobs lost;
  {
    const std::lock_guard lock(mutex_);
    closed_ = why;
    lost = extract(jobs_.begin(), jobs_.lower_bound(batch_));
  }
  fail(lost, why);
}

OpenJobs::Jobs OpenJobs::extract(Jobs::iterator begin, Jobs::iterator end) {
  Jobs taken;
  while (begin != end) taken.insert(taken.end(), jobs_.extract(begin++));
  return taken;
}

}  // namespace ridgeline::serve
