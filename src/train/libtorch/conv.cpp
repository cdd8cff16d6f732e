#include "train/libtorch/conv.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <torch/csrc/autograd/custom_function.h>
#include <utility>

#include "kernels/winograd/training.h"
#include "train/libtorch/nhwc.h"

namespace ridgeline::train {
namespace {

namespace winograd = kernels::winograd;
using libtorch::Inputs;
using libtorch::Outputs;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Nothing where RIDGELINE_CPU is misspelled, which those say who read it first.
const CpuFeatures& usable_features() {
  static const CpuFeatures kFeatures = usable_cpu_features().ok() ? *usable_cpu_features() : CpuFeatures{};
  return kFeatures;
}

constexpr auto kThreadsOfAten = [](int64_t count, FunctionRef<void(int64_t, int64_t)> body) {
  at::parallel_for(0, count, 1, body);
};

winograd::Conv3x3 describe(const at::Tensor& x, const at::Tensor& weights) {
  return {.batch = x.size(0),
          .height = x.size(2),
          .width = x.size(3),
          .in_channels = x.size(1),
          .out_channels = weights.size(0)};
}

/// A convolution that was accepted, and the memory of one call.
class Call {
 public:
  Call(const at::Tensor& x, const at::Tensor& weights)
      : conv(describe(x, weights)),
        kernels_(**winograd::choose(conv, usable_features())),
        scratch_(at::empty({static_cast<int64_t>(winograd::scratch_floats(conv))}, at::kFloat)),
        weights_(at::empty({static_cast<int64_t>(winograd::weight_floats(conv))}, at::kFloat)) {}

  winograd::Means means() const {
    return {.kernels = kernels_,
            .scratch = scratch_.mutable_data_ptr<float>(),
            .weights = weights_.mutable_data_ptr<float>(),
            .parallel = kThreadsOfAten};
  }

  const winograd::Conv3x3 conv;

 private:
  const winograd::TileKernels& kernels_;
  at::Tensor scratch_;
  at::Tensor weights_;  ///< transformed
};

at::Tensor input_gradient(const Call& call, const at::Tensor& x, const at::Tensor& weights,
                          const at::Tensor& dy) {
  at::Tensor dx = at::empty_like(x);
  winograd::input_gradient(call.conv, call.means(), dy.const_data_ptr<float>(),
                           weights.const_data_ptr<float>(), dx.mutable_data_ptr<float>());
  return dx;
}

at::Tensor weight_gradient(const Call& call, const at::Tensor& x, const at::Tensor& weights,
                           const at::Tensor& dy) {
  at::Tensor dweights = at::empty_like(weights);
  winograd::weight_gradient(call.conv, call.means(), x.const_data_ptr<float>(), dy.const_data_ptr<float>(),
                            dweights.mutable_data_ptr<float>());
  return dweights;
}

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weights) {
    const Call call(x, weights);
    at::Tensor y = at::empty({x.size(0), weights.size(0), x.size(2), x.size(3)},
                             x.options().memory_format(at::MemoryFormat::ChannelsLast));
    winograd::forward(call.conv, call.means(), x.const_data_ptr<float>(), weights.const_data_ptr<float>(),
                      y.mutable_data_ptr<float>());
    context->save_for_backward({x, weights});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weights = saved[1];
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Call call(x, weights);
    variable_list result(2);
    if (context->needs_input_grad(0)) result[0] = input_gradient(call, x, weights, dy);
    if (context->needs_input_grad(1)) result[1] = weight_gradient(call, x, weights, dy);
    return result;
  }
};

bool fits(const at::Tensor& x, const at::Tensor& weights) {
  return is_nhwc(x) && is_nhwc(weights) && weights.size(2) == 3 && weights.size(3) == 3 &&
         winograd::choose(describe(x, weights), usable_features()).ok();
}

/// Whether the integers of an attribute, which are `standard` where it is left out, are all `value`.
bool are_all(const Node& node, const char* attribute, int64_t standard, int64_t value) {
  const auto values = node.ints_or(attribute, {standard});
  return std::ranges::all_of(values, [&](int64_t v) { return v == value; });
}

}  // namespace

bool is_same_size_conv(const Node& node) {
  const bool has_bias = node.inputs.size() > 2 && !node.inputs[2].empty();
  return node.op == "Conv" && node.domain.empty() && !has_bias && node.int_or("group", 1) == 1 &&
         node.string_or("auto_pad", "NOTSET") == "NOTSET" && are_all(node, "pads", 0, 1) &&
         are_all(node, "strides", 1, 1) && are_all(node, "dilations", 1, 1);
}

libtorch::Kernel same_size_conv(libtorch::Kernel otherwise) {
  return [otherwise = std::move(otherwise)](const Inputs& in, const Outputs& out) {
    if (fits(in[0], in[1]))
      out[0] = Convolution::apply(in[0], in[1]);
    else
      otherwise(in, out);
  };
}

}  // namespace ridgeline::train
