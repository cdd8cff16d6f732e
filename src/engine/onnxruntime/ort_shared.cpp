#include "engine/onnxruntime/ort_shared.h"

#include <algorithm>
#include <optional>

namespace ridgeline::ort {
namespace {

/// The number of rows, where that is all that the model leaves open.
std::optional<int64_t> open_rows(const plugin::Model& model, const SessionOptions& options) {
  if (options.device != "cpu" || model.dimensions.size() != 1 || options.input_shapes.empty()) return {};
  const int64_t rows = model.dimensions.begin()->second;
  const auto has_rows = [&](const auto& input) { return input.second.rank() > 0 && input.second[0] == rows; };
  if (std::ranges::all_of(options.input_shapes, has_rows)) return rows;
  return {};
}

}  // namespace

Status LibrarySessions::join(int64_t rows, const Ort::Env& env, const plugin::Model& model,
                             const Ort::SessionOptions& options) {
  const std::lock_guard lock(mutex_);
  const size_t needed = concurrent_ ? 1 : users_[rows] + 1;
  while (sessions_.size() < needed) {
    ASSIGN_OR_RETURN(Ort::Session session, make_session(env, model, options));
    sessions_.push_back(std::make_unique<Ort::Session>(std::move(session)));
    idle_.push_back(sessions_.back().get());
    if (first_ == nullptr) first_ = idle_.back();
  }
  ++users_[rows];
  return {};
}

void LibrarySessions::leave(int64_t rows) {
  const std::lock_guard lock(mutex_);
  --users_[rows];
}

LibrarySessions::Turn LibrarySessions::take() {
  if (concurrent_) return {first_, [](Ort::Session*) {}};
  std::unique_lock lock(mutex_);
  given_back_.wait(lock, [this] { return !idle_.empty(); });
  Ort::Session* const session = idle_.back();
  idle_.pop_back();
  return {session, [this](Ort::Session* done) {
            {
              const std::lock_guard again(mutex_);
              idle_.push_back(done);
            }
            given_back_.notify_one();
          }};
}

std::shared_ptr<LibrarySessions> SharedSessions::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<LibrarySessions>& known = known_[key];
  auto found = known.lock();
  if (!found) {
    const int threads = std::get<int>(key);
    found = std::make_shared<LibrarySessions>(threads == 1);
    known = found;
  }
  return found;
}

Result<Membership> SharedSessions::join(const Ort::Env& env, const plugin::Model& model,
                                        const SessionOptions& options, Flavor flavor) {
  const std::optional<int64_t> rows = open_rows(model, options);
  plugin::Model made = model;
  if (rows) made.dimensions.clear();
  const auto sessions = rows ? find({model.bytes.data(), model.path, options.threads})
                             : std::make_shared<LibrarySessions>(/*concurrent=*/false);
  ASSIGN_OR_RETURN(const Ort::SessionOptions library_options, make_session_options(made, options, flavor));
  RETURN_IF_ERROR(sessions->join(rows.value_or(0), env, made, library_options));
  return Membership(sessions, rows.value_or(0));
}

}  // namespace ridgeline::ort
