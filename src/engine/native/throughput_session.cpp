#include <algorithm>
#include <atomic>

#include "engine/call_check.h"
#include "engine/native/plan.h"
#include "engine/native/profile.h"
#include "engine/native/sessions.h"
#include "engine/signature.h"

namespace ridgeline::native {
namespace {

/// One thread's plan for a group of images. Its pool has only the thread that calls it.
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
  ThroughputSession(Signature signature, std::vector<Tensor> lent, std::vector<std::unique_ptr<Lane>> lanes,
                    int64_t group)
      : signature_(std::move(signature)),
        lent_(std::move(lent)),
        lanes_(std::move(lanes)),
        group_(group),
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
        for (int64_t image = next.fetch_add(group_); image < images; image = next.fetch_add(group_))
          run_group(*lanes_[static_cast<size_t>(lane)], image, in, out);
    });
    for (const auto& lane : lanes_) RETURN_IF_ERROR(std::exchange(lane->status, Status()));
    return {};
  }

  /// Of one group on one thread, which is what each thread does.
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
  static void run_group(Lane& lane, int64_t first, std::span<const TensorView> in,
                        std::span<TensorView> out) {
    for (size_t i = 0; i < in.size(); ++i) lane.in[i].data = image_of(in[i], first);
    if (const Status status = lane.plan.run(lane.in, lane.pool); !status.ok()) {
      lane.status = status;
      return;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      const TensorView& result = lane.plan.slots[lane.plan.outputs[i]];
      std::copy_n(result.data, result.byte_size(), image_of(out[i], first));
    }
  }

  Signature signature_;
  std::vector<Tensor> lent_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  int64_t group_;  ///< divides the images
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

/// Images that a lane takes at once, so that it reads the weights of late layers, which are larger than a
/// core's cache, once for all of them: all lanes get as many groups, else images go one by one.
int64_t group_size(int64_t images, int64_t lanes) {
  constexpr int64_t kMost = 4;  // eight gain little more and hold twice the values
  if (images % lanes != 0) return 1;
  int64_t size = std::clamp<int64_t>(images / lanes, 1, kMost);
  while (images / lanes % size != 0) --size;
  return size;
}

Status check_split(const Signature& group, int64_t size, const Signature& all) {
  for (size_t i = 0; i < all.outputs.size(); ++i) {
    Shape expected = *all.outputs[i].type.shape;
    expected[0] = size;
    if (*group.outputs[i].type.shape != expected)
      return unsupported("throughput mode splits calls by image, and '{}' is {} for {} of them",
                         all.outputs[i].name, group.outputs[i].type.shape->to_string(), size);
  }
  return {};
}

Result<Plan> make_group_plan(const Graph& graph, const Signature& all, int64_t size, PlanOptions options) {
  for (const ValueInfo& input : all.inputs) {
    options.input_shapes[input.name] = *input.type.shape;
    options.input_shapes[input.name][0] = size;
  }
  ASSIGN_OR_RETURN(Plan plan, make_plan(graph, options));
  RETURN_IF_ERROR(check_split(plan.signature, size, all));
  return plan;
}

Result<std::vector<Tensor>> memory_for(const std::vector<ValueInfo>& outputs) {
  std::vector<Tensor> lent;
  for (const ValueInfo& output : outputs) {
    ASSIGN_OR_RETURN(Tensor memory, Tensor::zeros(output.type.dtype, *output.type.shape));
    lent.push_back(std::move(memory));
  }
  return lent;
}

}  // namespace

Result<std::unique_ptr<PlannedSession>> make_throughput_session(const Graph& graph,
                                                                const SessionOptions& options,
                                                                const Compilation& compilation) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, options.input_shapes));
  ASSIGN_OR_RETURN(Signature signature, static_signature(graph, types));
  ASSIGN_OR_RETURN(const int64_t images, count_images(signature));
  const int64_t lane_count = std::clamp<int64_t>(options.threads, 1, std::max<int64_t>(1, images));
  const PlanOptions plan_options{.precision = options.precision,
                                 .weights = &compilation.weights,
                                 .packing_threads = std::max(1, options.threads),
                                 .is_trial = compilation.is_trial};
  const int64_t group = group_size(images, lane_count);
  ASSIGN_OR_RETURN(Plan plan, make_group_plan(graph, signature, group, plan_options));
  ASSIGN_OR_RETURN(std::vector<Tensor> lent, memory_for(signature.outputs));
  std::vector<std::unique_ptr<Lane>> lanes;
  for (int64_t i = 1; i < lane_count; ++i) {
    ASSIGN_OR_RETURN(Plan clone, plan.clone());
    lanes.push_back(std::make_unique<Lane>(std::move(clone)));
  }
  lanes.push_back(std::make_unique<Lane>(std::move(plan)));
  return std::unique_ptr<PlannedSession>(
      std::make_unique<ThroughputSession>(std::move(signature), std::move(lent), std::move(lanes), group));
}

}  // namespace ridgeline::native
