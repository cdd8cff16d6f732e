#pragma once

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "serve/core/backend.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace ridgeline::serve {

/// The bytes of a tensor of zeros; of BYTES, empty elements. kInvalidArgument for a shape that no memory
/// holds.
Result<std::vector<std::byte>> zero_bytes(DType datatype, const Shape& shape);

/// A job that no client asked for.
class FillerJob final : public Job {
 public:
  FillerJob(wire::InferRequest request, int64_t rows) : request_(std::move(request)), rows_(rows) {}
  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return rows_; }
  bool cancelled() const override { return false; }
  void answer(Result<Answer> answer) override {
    if (!answer.ok()) failure_ = answer.status();
  }
  void end() override {}

  /// The last error that it was answered with.
  const Status& failure() const { return failure_; }

 private:
  wire::InferRequest request_;
  int64_t rows_;
  Status failure_;
};

}  // namespace ridgeline::serve
