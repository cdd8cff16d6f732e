#include <algorithm>
#include <atomic>

#include "engine/call_check.h"
#include "engine/native/plan.h"
#include "engine/native/profile.h"
#include "engine/native/sessions.h"
#include "engine/signature.h"

namespace ridgeline::native {
namespace {

/// One thread's plan for single images. Its pool has only the thread that calls it.
struct Lane {
  explicit Lane(Plan own) : plan(std::move(own)), in(plan.inputs.size()), pool(1) {}
  Plan plan;
  std::vector<TensorView> in;
  ThreadPool pool;
  Status status{};
};

std::byte* image_of(const TensorView& batch, int64_t image) {
  return batch.data + static_cast<size_t>(image) * (batch.byte_size() / static_cast<size_t>(batch.shape[0]));
}

class ThroughputSession final : public PlannedSession {
 public:
  ThroughputSession(Signature signature, std::vector<Tensor> lent, std::vector<std::unique_ptr<Lane>> lanes)
      : signature_(std::move(signature)),
        lent_(std::move(lent)),
        lanes_(std::move(lanes)),
        pool_(static_cast<int>(lanes_.size())) {}

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    RETURN_IF_ERROR(check_call(signature_, in, out));
    for (size_t i = 0; i < out.size(); ++i)
      if (out[i].data == nullptr) out[i] = lent_[i].view();
    const int64_t images = in[0].shape[0];
    std::atomic<int64_t> next{0};
    pool_.parallel_for(static_cast<int64_t>(lanes_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t lane = begin; lane < end; ++lane)
        for (int64_t image = next++; image < images; image = next++)
          run_image(*lanes_[static_cast<size_t>(lane)], image, in, out);
    });
    for (const auto& lane : lanes_) RETURN_IF_ERROR(std::exchange(lane->status, Status()));
    return {};
  }

  /// Of one image on one thread, which is what each thread does.
  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override {
    RETURN_IF_ERROR(check_inputs(signature_, in));
    return profile_plan(lanes_[0]->plan, in, lanes_[0]->pool, iterations);
  }

  void count(HeldMemory& held) const override {
    held.add(lanes_[0]->plan);
    for (size_t i = 1; i < lanes_.size(); ++i)
      held.add_arena(static_cast<int64_t>(lanes_[i]->plan.arena.byte_size()));
    for (const Tensor& output : lent_) held.add_arena(static_cast<int64_t>(output.byte_size()));
  }

 private:
  static void run_image(Lane& lane, int64_t image, std::span<const TensorView> in,
                        std::span<TensorView> out) {
    for (size_t i = 0; i < in.size(); ++i) lane.in[i].data = image_of(in[i], image);
    if (const Status status = lane.plan.run(lane.in, lane.pool); !status.ok()) {
      lane.status = status;
      return;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      const TensorView& result = lane.plan.slots[lane.plan.outputs[i]];
      std::copy_n(result.data, result.byte_size(), image_of(out[i], image));
    }
  }

  Signature signature_;
  std::vector<Tensor> lent_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  ThreadPool pool_;
};

bool is_first_dim(const Shape& shape, int64_t images) { return shape.rank() > 0 && shape[0] == images; }

Result<int64_t> count_images(const Signature& signature) {
  if (signature.inputs.empty() || signature.inputs[0].type.shape->rank() == 0)
    return unsupported("throughput mode needs an input with images");
  const int64_t images = (*signature.inputs[0].type.shape)[0];
  for (const auto* values : {&signature.inputs, &signature.outputs})
    for (const ValueInfo& value : *values)
      if (!is_first_dim(*value.type.shape, images))
        return unsupported("throughput mode splits calls by image, and '{}' has not {} images first",
                           value.name, images);
  return images;
}

Status check_split(const Signature& one, const Signature& all) {
  for (size_t i = 0; i < all.outputs.size(); ++i) {
    Shape expected = *all.outputs[i].type.shape;
    expected[0] = 1;
    if (*one.outputs[i].type.shape != expected)
      return unsupported("throughput mode splits calls by image, and '{}' is {} for one image",
                         all.outputs[i].name, one.outputs[i].type.shape->to_string());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PlannedSession>> make_throughput_session(const Graph& graph,
                                                                const SessionOptions& options,
                                                                const Compilation& compilation) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, options.input_shapes));
  ASSIGN_OR_RETURN(Signature signature, static_signature(graph, types));
  ASSIGN_OR_RETURN(const int64_t images, count_images(signature));
  InputShapes single;
  for (const ValueInfo& input : signature.inputs) {
    single[input.name] = *input.type.shape;
    single[input.name][0] = 1;
  }
  ASSIGN_OR_RETURN(Plan plan, make_plan(graph, {.input_shapes = single,
                                                .precision = options.precision,
                                                .weights = &compilation.weights,
                                                .packing_threads = std::max(1, options.threads),
                                                .is_trial = compilation.is_trial}));
  RETURN_IF_ERROR(check_split(plan.signature, signature));
  std::vector<Tensor> lent;
  for (const ValueInfo& output : signature.outputs) {
    ASSIGN_OR_RETURN(Tensor memory, Tensor::zeros(output.type.dtype, *output.type.shape));
    lent.push_back(std::move(memory));
  }
  std::vector<std::unique_ptr<Lane>> lanes;
  const int64_t count = std::clamp<int64_t>(options.threads, 1, std::max<int64_t>(1, images));
  for (int64_t i = 1; i < count; ++i) {
    ASSIGN_OR_RETURN(Plan clone, plan.clone());
    lanes.push_back(std::make_unique<Lane>(std::move(clone)));
  }
  lanes.push_back(std::make_unique<Lane>(std::move(plan)));
  return std::unique_ptr<PlannedSession>(
      std::make_unique<ThroughputSession>(std::move(signature), std::move(lent), std::move(lanes)));
}

}  // namespace ridgeline::native
