#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "serve/config/model_config.h"
#include "serve/core/request.h"
#include "serve/scheduling/sequence.h"

namespace ridgeline::serve {

/// What a model with sequences is given besides its clients' inputs: the control inputs, and the states that
/// come back to it. Thread-safe.
class SequenceInputs {
 public:
  /// `model_path`: where files of initial states lie. Errors name the file.
  static Result<std::shared_ptr<SequenceInputs>> make(const ModelConfig& config,
                                                      const std::string& model_path);
  explicit SequenceInputs(const ModelConfig& config);

  /// Completes a request that is about to run as that row on that instance.
  void complete(const std::shared_ptr<SequenceInputs>& self, Request& request, size_t instance,
                const SequenceRow& row);
  /// A row that means nothing, shaped as `like`, which is complete.
  std::shared_ptr<Job> padding(const wire::InferRequest& like) const;

 private:
  struct State {
    wire::OutputTensor tensor;
    std::shared_ptr<const void> owner;
  };
  using States = std::map<std::string, State>;  ///< by the output that makes it
  /// Instance and slot: a sequence has its own from its first request to its last.
  using Seat = std::pair<size_t, size_t>;

  Status read_initial(const std::string& model_path);
  void add_controls(wire::InferRequest& request, const SequenceRow& row) const;
  void add_states(wire::InferRequest& request, const Seat& seat, bool start);
  void keep_states(Answer& answer, const Seat& seat);

  ModelConfig config_;
  const SequenceBatching* sequences_;
  States initial_;
  std::mutex mutex_;
  std::map<Seat, States> states_;
};

}  // namespace ridgeline::serve
