#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/core/served_model.h"
#include "serve/core/service.h"

namespace ridgeline::serve {

/// Which versions of which models there are, and in which state. What find() hands out stays running as long
/// as it is held, whatever happens to the table. Thread-safe.
class Models {
 public:
  using Versions = std::map<int64_t, std::shared_ptr<ServedVersion>>;
  /// Triton's reason for a version that is in order and not served.
  static constexpr char kUnloaded[] = "unloaded";

  /// `version` empty or "-1": the latest that is ready. Errors are Triton's, word for word.
  Result<std::shared_ptr<ServedVersion>> find(const std::string& name, const std::string& version) const;
  Result<ServedModel> snapshot(const std::string& name, const std::string& version) const;
  /// All that are ready, by name and version; of one model, of one version, where that is said.
  Result<std::vector<std::shared_ptr<ServedVersion>>> select(const std::string& name,
                                                             const std::string& version) const;

  /// These versions are being loaded; those that are ready stay so until they are replaced.
  void loading(const std::string& name, const std::vector<int64_t>& versions);
  /// Nothing changes for a version that is ready.
  void failed(const std::string& name, int64_t version, const std::string& reason);
  /// These, and only these, take requests from now on. Those that took them before finish what they have.
  void publish(const std::string& name, const Versions& versions);
  /// The model takes no more requests.
  void withdraw(const std::string& name);
  /// A version that was replaced or withdrawn has been freed.
  void freed(const ModelFacts& facts);

  bool has(const std::string& name) const;
  /// Every model that was asked for has a version that is ready: none is loading for the first time or has
  /// failed to.
  bool all_ready() const;
  /// Every version of every model, in Triton's states.
  std::vector<wire::http::IndexEntry> index() const;
  /// Forgets all versions and hands them over.
  std::vector<std::shared_ptr<ServedVersion>> clear();

 private:
  enum class State : uint8_t { kLoading, kReady, kUnloading, kUnavailable };
  struct Row {
    State state = State::kUnavailable;
    std::string reason;
    std::shared_ptr<ServedVersion> version;  ///< when it is ready
  };
  using Rows = std::map<int64_t, Row>;

  static std::string_view text_of(State state);
  static const Row* latest_of(const Rows& rows);
  static void unload(Row& row);
  Result<const Row*> row_of(const std::string& name, const std::string& version) const;

  mutable std::shared_mutex mutex_;
  std::map<std::string, Rows> models_;
};

}  // namespace ridgeline::serve
