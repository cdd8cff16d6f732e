#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "serve/core/backend.h"
#include "tensor/tensor.h"

namespace ridgeline::serve {

/// A request made of tensors, as a backend is given it, and what the backend answered.
class RecordedJob : public Job {
 public:
  struct Input {
    std::string name;
    Tensor tensor;
  };

  RecordedJob(std::vector<Input> inputs, int64_t rows) : inputs_(std::move(inputs)), rows_(rows) {
    for (const Input& input : inputs_)
      request_.inputs.push_back({.name = input.name,
                                 .datatype = input.tensor.dtype(),
                                 .shape = input.tensor.shape(),
                                 .data = {input.tensor.data(), input.tensor.byte_size()}});
  }

  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return rows_; }
  bool cancelled() const override { return false; }
  void answer(Result<Answer> answer) override { answers_.push_back(std::move(answer)); }
  void end() override {}

  /// To change before it runs.
  wire::InferRequest& changeable() { return request_; }
  size_t answers() const { return answers_.size(); }
  /// The error's line; empty where it succeeded or was not answered once.
  std::string error() const { return answers_.size() == 1 ? answers_[0].status().message() : ""; }
  /// A copy of the output; empty where there is none.
  Tensor output(const std::string& name) const {
    if (answers_.size() != 1 || !answers_[0].ok()) return {};
    for (const wire::OutputTensor& output : answers_[0].value().response.outputs)
      if (output.name == name) return Tensor::from_bytes(output.datatype, output.shape, output.data).value();
    return {};
  }

 private:
  std::vector<Input> inputs_;
  int64_t rows_;
  wire::InferRequest request_;
  std::vector<Result<Answer>> answers_;
};

}  // namespace ridgeline::serve
