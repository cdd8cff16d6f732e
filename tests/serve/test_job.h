#pragma once

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "serve/core/backend.h"

namespace ridgeline::serve {

/// A tensor in the hand of a test.
struct TestTensor {
  std::string name;
  DType datatype = DType::kF32;
  Shape shape;
  std::vector<std::byte> bytes;

  template <typename T>
  static TestTensor of(std::string name, DType datatype, std::vector<T> values) {
    TestTensor tensor{std::move(name), datatype, {static_cast<int64_t>(values.size())}, {}};
    tensor.bytes.resize(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
  }
  static TestTensor floats(std::string name, std::vector<float> values) {
    return of(std::move(name), DType::kF32, std::move(values));
  }
  std::vector<float> as_floats() const {
    std::vector<float> values(bytes.size() / sizeof(float));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  bool operator==(const TestTensor&) const = default;
};

inline TestTensor test_tensor(const wire::OutputTensor& output) {
  return {output.name, output.datatype, output.shape, {output.data.begin(), output.data.end()}};
}

/// A job that keeps what it is answered, and can be waited for.
class TestJob : public Job {
 public:
  explicit TestJob(std::vector<TestTensor> inputs, bool cancelled = false) : cancelled_(cancelled) {
    for (TestTensor& input : inputs)
      request_.inputs.push_back({.name = input.name,
                                 .datatype = input.datatype,
                                 .shape = input.shape,
                                 .data = wire::keep(std::move(input.bytes), request_)});
  }

  wire::InferRequest& edit() { return request_; }
  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return 1; }
  bool cancelled() const override { return cancelled_; }
  void answer(Result<Answer> answer) override {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_all();
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    ++ends_;
    changed_.notify_all();
  }

  size_t answer_count() const {
    const std::lock_guard lock(mutex_);
    return answers_.size();
  }
  int ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  /// Of a decoupled model.
  bool wait_for_end() const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [this] { return ends_ > 0; });
  }
  Status status(size_t index = 0) const {
    const std::lock_guard lock(mutex_);
    return index < answers_.size() ? answers_[index].status() : Status(ErrorCode::kInternal, "no answer");
  }
  /// Empty, with a failed expectation, where the answer is an error.
  std::vector<TestTensor> outputs(size_t index = 0) const {
    const Status error = status(index);
    EXPECT_TRUE(error.ok()) << error.message();
    std::vector<TestTensor> tensors;
    if (!error.ok()) return tensors;
    const std::lock_guard lock(mutex_);
    for (const wire::OutputTensor& output : answers_[index]->response.outputs)
      tensors.push_back(test_tensor(output));
    return tensors;
  }
  wire::Parameters parameters() const {
    const std::lock_guard lock(mutex_);
    return answers_.at(0)->response.parameters;
  }
  /// What keeps the answers' memory goes.
  void forget() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
  }

 private:
  wire::InferRequest request_;
  bool cancelled_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Result<Answer>> answers_;
  int ends_ = 0;
};

}  // namespace ridgeline::serve
