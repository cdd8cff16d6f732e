#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "engine/onnxruntime/ort_support.h"

namespace ridgeline::ort {

/// What ONNX Runtime has made of a model: sessions of its own, of which several of ours take turns. Ours are
/// for one number of rows each, the library's take any, at the same speed; so the weights are held once for
/// all sizes and not once for each. Thread-safe.
class LibrarySessions {
 public:
  /// `concurrent`: one may be run by several threads at a time, which share no threads of the library then.
  explicit LibrarySessions(bool concurrent) : concurrent_(concurrent) {}

  /// One more session of ours for so many rows. Two for the same rows run at the same time, so there are made
  /// as many as that; ours for different rows are of one caller.
  Status join(int64_t rows, const Ort::Env& env, const plugin::Model& model,
              const Ort::SessionOptions& options);
  void leave(int64_t rows);

  /// One that nobody else runs, where that matters; given back by the deleter.
  using Turn = std::unique_ptr<Ort::Session, std::function<void(Ort::Session*)>>;
  Turn take();
  /// To be asked about inputs and outputs.
  const Ort::Session& first() const { return *first_; }

 private:
  bool concurrent_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Ort::Session>> sessions_;
  std::vector<Ort::Session*> idle_;
  Ort::Session* first_ = nullptr;    ///< for good
  std::map<int64_t, size_t> users_;  ///< by rows
};

/// A session of ours among those that share: leaves in its destructor.
class Membership {
 public:
  Membership(std::shared_ptr<LibrarySessions> sessions, int64_t rows)
      : sessions_(std::move(sessions)), rows_(rows) {}
  Membership(Membership&&) = default;
  Membership& operator=(Membership&&) = delete;
  ~Membership() {
    if (sessions_) sessions_->leave(rows_);
  }
  LibrarySessions* operator->() const { return sessions_.get(); }

 private:
  std::shared_ptr<LibrarySessions> sessions_;
  int64_t rows_;
};

/// Finds those that can share. Thread-safe.
class SharedSessions {
 public:
  /// A place among the sessions of the same model: where its only open dimension is that of the inputs' rows,
  /// on a CPU; elsewhere a place of its own.
  Result<Membership> join(const Ort::Env& env, const plugin::Model& model, const SessionOptions& options,
                          Flavor flavor);

 private:
  /// The model's bytes by their address, as they outlive their sessions; its path; threads.
  using Key = std::tuple<const void*, std::string, int>;

  std::shared_ptr<LibrarySessions> find(const Key& key);

  std::mutex mutex_;
  std::map<Key, std::weak_ptr<LibrarySessions>> known_;
};

}  // namespace ridgeline::ort
