// Normalisations, softmax and what else looks at neighbours along axes.

#include <ATen/Functions.h>
#include <array>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;

Result<Kernel> build_batch_normalization(const OpSite& site) {
  if (site.node.int_or("training_mode", 0) != 0) return unsupported("attribute training_mode must be 0");
  const double epsilon = site.node.float_or("epsilon", 1e-5F);
  return returns([epsilon](const Inputs& in) {
    return at::batch_norm(in[0], in[1], in[2], in[3], in[4], false, 0, epsilon, true);
  });
}

Result<Kernel> build_instance_normalization(const OpSite& site) {
  const double epsilon = site.node.float_or("epsilon", 1e-5F);
  return returns([epsilon](const Inputs& in) {
    return at::instance_norm(in[0], in[1], in[2], {}, {}, true, 0, epsilon, true);
  });
}

/// Scale and bias have one element per channel (opset 21) or per group (opset 18).
Result<Kernel> build_group_normalization(const OpSite& site) {
  const int64_t groups = site.node.int_or("num_groups", 1);
  const double epsilon = site.node.float_or("epsilon", 1e-5F);
  return returns([groups, epsilon](const Inputs& in) {
    const auto per_channel = [&](const at::Tensor& values) {
      const bool is_per_group = values.numel() == groups && groups != in[0].size(1);
      return is_per_group ? values.repeat_interleave(in[0].size(1) / groups) : values;
    };
    return at::group_norm(in[0], groups, per_channel(in[1]), per_channel(in[2]), epsilon, true);
  });
}

Result<Kernel> build_layer_normalization(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", -1);
  const double epsilon = site.node.float_or("epsilon", 1e-5F);
  const bool wants_statistics = site.node.has_output(1) || site.node.has_output(2);
  return Kernel([=](const Inputs& in, const Outputs& out) {
    const auto first = static_cast<size_t>(normalized_axis(axis, in[0].dim()));
    const Dims shape = in[0].sizes().slice(first).vec();
    const at::Tensor scale = in[1].expand(shape);
    const std::optional<at::Tensor> bias = in.has(2) ? std::optional(in[2].expand(shape)) : std::nullopt;
    if (!wants_statistics) {
      out[0] = at::layer_norm(in[0], shape, scale, bias, epsilon);
      return;
    }
    const auto [result, mean, inverse_deviation] = at::native_layer_norm(in[0], shape, scale, bias, epsilon);
    out[0] = result;
    if (out.size() > 1) out[1] = mean;
    if (out.size() > 2) out[2] = inverse_deviation;
  });
}

/// x / (bias + alpha/size · Σ x²)^beta over the `size` channels around each.
Result<Kernel> build_lrn(const OpSite& site) {
  const int64_t size = site.node.int_or("size", 1);
  const double alpha = site.node.float_or("alpha", 1e-4F);
  const double beta = site.node.float_or("beta", 0.75F);
  const double bias = site.node.float_or("bias", 1);
  return returns([=](const Inputs& in) {
    const at::Tensor& x = in[0];
    Dims channels(static_cast<size_t>(2 * (x.dim() - 1)), 0);
    channels[channels.size() - 2] = (size - 1) / 2;
    channels[channels.size() - 1] = size - 1 - (size - 1) / 2;
    const at::Tensor squares = at::constant_pad_nd(x.square(), channels);
    at::Tensor sum = squares.narrow(1, 0, x.size(1)).clone();
    for (int64_t k = 1; k < size; ++k) sum.add_(squares.narrow(1, k, x.size(1)));
    return x.div(sum.mul_(alpha / static_cast<double>(size)).add_(bias).pow_(beta));
  });
}

Result<Kernel> build_mean_variance_normalization(const OpSite& site) {
  constexpr double kEpsilon = 1e-9;  // of the op's definition
  return returns([axes = site.node.ints_or("axes", {0, 2, 3})](const Inputs& in) {
    const at::Tensor centered = in[0].sub(in[0].mean(axes, true));
    return centered.div(centered.square().mean(axes, true).sqrt().add(kEpsilon));
  });
}

Result<Kernel> build_lp_normalization(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", -1);
  const auto p = static_cast<double>(site.node.int_or("p", 2));
  return returns([axis, p](const Inputs& in) { return in[0].div(at::norm(in[0], p, Dims{axis}, true)); });
}

Result<Kernel> build_softmax(const OpSite& site) {
  return returns(
      [axis = site.node.int_or("axis", -1)](const Inputs& in) { return at::softmax(in[0], axis); });
}

Result<Kernel> build_log_softmax(const OpSite& site) {
  return returns(
      [axis = site.node.int_or("axis", -1)](const Inputs& in) { return at::log_softmax(in[0], axis); });
}

Result<Kernel> build_hardmax(const OpSite& site) {
  return returns([axis = site.node.int_or("axis", -1)](const Inputs& in) {
    return at::zeros_like(in[0]).scatter(axis, in[0].argmax(axis, true), 1);
  });
}

/// Inference: the values pass, nothing is masked.
Result<Kernel> build_dropout(const OpSite& site) {
  ASSIGN_OR_RETURN(const double training, site.number(2, 0));
  if (training != 0) return unsupported("input training_mode must be false");
  const bool wants_mask = site.node.has_output(1);
  return Kernel([wants_mask](const Inputs& in, const Outputs& out) {
    out[0] = in[0];
    if (wants_mask) out[1] = at::ones_like(in[0], at::kBool);
  });
}

}  // namespace

std::span<const OpRow> norm_ops() {
  static const std::array kRows = {
      OpRow{"BatchNormalization", build_batch_normalization},
      OpRow{"Dropout", build_dropout},
      OpRow{"GroupNormalization", build_group_normalization},
      OpRow{"Hardmax", build_hardmax},
      OpRow{"InstanceNormalization", build_instance_normalization},
      OpRow{"LRN", build_lrn},
      OpRow{"LayerNormalization", build_layer_normalization},
      OpRow{"LogSoftmax", build_log_softmax},
      OpRow{"LpNormalization", build_lp_normalization},
      OpRow{"MeanVarianceNormalization", build_mean_variance_normalization},
      OpRow{"Softmax", build_softmax},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
