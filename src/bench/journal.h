#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "bench/results.h"

namespace ridgeline::bench {

/// What a race has done so far, in DIR/journal.jsonl: one JSON object per line, synced to disk before append
/// returns, so that a race killed at any point can go on from its last finished group.
class Journal {
 public:
  /// With `resume`, goes on with the journal that is there: kInvalidArgument when it is of a race with
  /// another `fingerprint`. Without, an existing journal is kept as journal.previous.jsonl and a new one
  /// begun.
  static Result<Journal> open(const std::string& directory, const Json& fingerprint, bool resume);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) noexcept;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  Status append_round(const std::string& group, int round, const Json& times_us);
  Status append_group(const std::string& group, const std::vector<Cell>& cells);
  /// The rows of groups that were finished, by the group's name.
  const std::map<std::string, std::vector<Cell>>& finished() const { return finished_; }

 private:
  Journal() = default;
  Status append(const Json& record);
  Status replay(const std::string& path, const Json& fingerprint);
  Status replay_record(const Json& record, const std::string& path, const Json& fingerprint);

  std::string path_;
  int descriptor_ = -1;
  std::map<std::string, std::vector<Cell>> finished_;
};

}  // namespace ridgeline::bench
