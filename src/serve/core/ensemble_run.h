#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/core/request.h"

namespace ridgeline::serve {

/// One request on its way through an ensemble. Its tensors lie in flows: one to begin with, and one more for
/// each answer of a decoupled step, which sees all that the flow before it has and what still comes there.
/// Every flow that has the ensemble's outputs is an answer. Driven by the steps' answers, from any thread.
class EnsembleRun : public std::enable_shared_from_this<EnsembleRun> {
 public:
  /// `versions`: what runs each step, in their order.
  EnsembleRun(std::shared_ptr<Request> request, std::vector<std::shared_ptr<ServedVersion>> versions);

  void begin();

 private:
  class Step;
  struct Tensor {
    wire::OutputTensor tensor;
    std::vector<std::shared_ptr<const void>> keep_alive;
  };
  /// None: it was left out, and nobody makes it.
  using Tensors = std::map<std::string, std::optional<Tensor>>;
  struct Flow {
    const Flow* parent = nullptr;
    Tensors tensors;
    std::vector<bool> launched;  ///< by step: it has its request, here or in a flow before this one
    bool answered = false;
  };
  struct Launch {
    size_t step = 0;
    Flow* flow = nullptr;
  };

  const Ensemble& ensemble() const;
  void put(Flow& flow, const Tensors& tensors);
  void queue_ready(Flow& flow);
  std::vector<Launch> take_launches();
  void launch();
  Call call_of(const Launch& launch) const;
  void answered(const Launch& of, Result<Answer> answer);
  void ended(size_t step, const ServiceTimes& times);
  std::vector<Answer> collect_complete();
  Answer collect(const Flow& flow) const;
  void finish();

  std::shared_ptr<Request> request_;
  std::vector<std::shared_ptr<ServedVersion>> versions_;
  std::mutex mutex_;
  std::deque<Flow> flows_;
  std::deque<Launch> ready_;     ///< steps whose tensors are there, for their turn
  std::vector<size_t> running_;  ///< by step
  ComputeTimes compute_;         ///< of the steps so far
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace ridgeline::serve
