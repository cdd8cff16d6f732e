#pragma once

#include <memory>

#include "serve/core/request.h"
#include "serve/scheduling/response_cache.h"

namespace ridgeline::serve {

/// Answers of models with response_cache, as the models gave them, by everything that they depend on: model,
/// version, inputs, the outputs asked for and the request's own parameters. Thread-safe.
class AnswerCache : public std::enable_shared_from_this<AnswerCache> {
 public:
  explicit AnswerCache(uint64_t budget_bytes) : kept_(budget_bytes) {}

  /// Answers and counts the request if the answer is here. If it is not, the model's answer will be kept.
  bool answers(Request& request);

 private:
  void insert(const ContentKey& key, const Answer& answer);

  ResponseCache<Answer> kept_;
};

}  // namespace ridgeline::serve
