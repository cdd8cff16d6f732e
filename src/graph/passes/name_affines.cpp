#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "graph/passes/batch_norm.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

using namespace std::string_view_literals;

constexpr auto kMakeImages =
    std::to_array({"AveragePool"sv, "BatchNormalization"sv, "Conv"sv, "ConvTranspose"sv,
                   "GlobalAveragePool"sv, "GlobalMaxPool"sv, "MaxPool"sv, "Resize"sv});
constexpr auto kKeepImages = std::to_array(
    {"Add"sv, "Clip"sv, "Concat"sv, "Div"sv, "Elu"sv, "Gelu"sv, "HardSigmoid"sv, "HardSwish"sv, "LeakyRelu"sv,
     "Mish"sv, "Mul"sv, "Relu"sv, "Sigmoid"sv, "Slice"sv, "Softplus"sv, "Split"sv, "Sub"sv, "Tanh"sv});
/// Fewer are the pixels that first layers read, from planes.
constexpr int64_t kFewestChannels = 5;

/// A node that adds to an image, or multiplies it by, numbers that are constant.
struct Scaled {
  std::string name;
  std::string image;
  Affine affine;
};

class AffineNamer {
 public:
  AffineNamer(Graph& graph, const TypeMap& types) : rewriter_(graph), types_(types) {}

  Status run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index) {
      Node& node = rewriter_.node(index);
      if (auto scaled = scaled_by(node)) RETURN_IF_ERROR(rewrite(node, take_in_producer(std::move(*scaled))));
      if (makes_image(node)) images_.insert(node.outputs.begin(), node.outputs.end());
    }
    rewriter_.finish();
    return {};
  }

 private:
  bool makes_image(const Node& node) const {
    if (!node.domain.empty()) return false;
    if (std::ranges::binary_search(kMakeImages, node.op)) return true;
    return std::ranges::binary_search(kKeepImages, node.op) &&
           std::ranges::any_of(node.inputs,
                               [&](const std::string& input) { return images_.contains(input); });
  }

  const Shape* image_shape(const std::string& value) const {
    const auto type = types_.find(value);
    const bool is_image = images_.contains(value) && type != types_.end() &&
                          type->second.dtype == DType::kF32 && type->second.shape &&
                          type->second.shape->rank() == 4 && (*type->second.shape)[1] >= kFewestChannels;
    return is_image ? &*type->second.shape : nullptr;
  }

  std::optional<Scaled> scaled_by(const Node& node) const {
    if (!node.domain.empty() || node.inputs.size() != 2) return std::nullopt;
    for (const size_t i : {0, 1}) {
      const Shape* const image = image_shape(node.inputs[i]);
      const Tensor* const constant = rewriter_.graph().initializer(node.inputs[1 - i]);
      if (image == nullptr || constant == nullptr) continue;
      const auto numbers = of_channels(*constant, (*image)[1]);
      auto affine = numbers ? affine_by(node.op, *numbers, i == 0) : std::nullopt;
      if (affine) return Scaled{node.name, node.inputs[i], std::move(*affine)};
    }
    return std::nullopt;
  }

  /// One number for each channel; none where they differ otherwise.
  static std::optional<std::vector<double>> of_channels(const Tensor& constant, int64_t channels) {
    const Shape& shape = constant.shape();
    const size_t rank = shape.rank();
    if (constant.dtype() != DType::kF32 || rank > 4) return std::nullopt;
    const auto numbers = constant.as<float>();
    if (shape.element_count() == 1) return std::vector<double>(static_cast<size_t>(channels), numbers[0]);
    const bool is_of_channels = rank >= 3 && shape[rank - 3] == channels && shape.element_count() == channels;
    if (!is_of_channels) return std::nullopt;
    return std::vector<double>(numbers.begin(), numbers.end());
  }

  static std::optional<Affine> affine_by(const std::string& op, const std::vector<double>& numbers,
                                         bool image_is_first) {
    Affine affine{std::vector<double>(numbers.size(), 1), std::vector<double>(numbers.size(), 0)};
    const auto each = [&](std::vector<double>& to, auto function) {
      std::ranges::transform(numbers, to.begin(), function);
    };
    if (op == "Add") {
      affine.shift = numbers;
    } else if (op == "Mul") {
      affine.scale = numbers;
    } else if (op == "Sub" && image_is_first) {
      each(affine.shift, std::negate<>());
    } else if (op == "Sub") {
      affine.shift = numbers;
      std::ranges::fill(affine.scale, -1);
    } else if (op == "Div" && image_is_first && std::ranges::count(numbers, 0) == 0) {
      each(affine.scale, [](double number) { return 1 / number; });
    } else {
      return std::nullopt;
    }
    return affine;
  }

  /// One after another, where nobody reads what lies between, are one.
  Scaled take_in_producer(Scaled last) {
    const auto producer = rewriter_.producer(last.image);
    if (!producer || !rewriter_.only_reader(last.image)) return last;
    const auto first = affine_of(rewriter_.graph(), rewriter_.node(*producer));
    if (!first) return last;
    last.name = rewriter_.node(*producer).name + "+" + last.name;
    last.image = rewriter_.node(*producer).inputs[0];
    for (size_t c = 0; c < first->scale.size(); ++c) {
      last.affine.shift[c] += last.affine.scale[c] * first->shift[c];
      last.affine.scale[c] *= first->scale[c];
    }
    rewriter_.drop(*producer);
    return last;
  }

  /// As a BatchNormalization with a mean of 0 and a variance of 1.
  Status rewrite(Node& node, const Scaled& scaled) {
    const std::array<std::vector<double>, 4> numbers = {scaled.affine.scale, scaled.affine.shift,
                                                        std::vector<double>(scaled.affine.scale.size(), 0),
                                                        std::vector<double>(scaled.affine.scale.size(), 1)};
    Node norm{.name = scaled.name,
              .op = "BatchNormalization",
              .inputs = {scaled.image},
              .outputs = node.outputs,
              .attributes = {{"epsilon", 0.0F}}};
    for (const std::vector<double>& each : numbers) {
      ASSIGN_OR_RETURN(Tensor tensor, channel_tensor(each, {static_cast<int64_t>(each.size())}));
      norm.inputs.push_back(rewriter_.fresh_name(node.name + ".affine"));
      rewriter_.graph().initializers[norm.inputs.back()] = std::move(tensor);
    }
    node = std::move(norm);
    return {};
  }

  Rewriter rewriter_;
  const TypeMap& types_;
  std::set<std::string> images_;
};

}  // namespace

Status name_affines(Graph& graph, const PassOptions&) {
  if (std::ranges::any_of(graph.nodes, [](const Node& node) { return node.op == "QuantizeLinear"; }))
    return {};
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  return AffineNamer(graph, types).run();
}

}  // namespace ridgeline::passes
