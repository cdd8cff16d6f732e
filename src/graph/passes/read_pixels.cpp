#include <algorithm>
#include <array>
#include <cmath>

#include "graph/onnx_dtype.h"
#include "graph/passes/passes.h"
#include "graph/passes/quantized_values.h"
#include "graph/passes/rewriter.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

constexpr size_t kRank = 4;
constexpr size_t kLevels = 256;
constexpr int64_t kMostChannels = 4;
constexpr size_t kChannelAxis = 1;  ///< of the image that is read

/// One channel of the image: which of the pixel's, and what its levels become.
struct Channel {
  int64_t source = 0;
  double scale = 1, shift = 0;
  /// As the nodes round them, one after the other.
  std::array<float, kLevels> values{};
};

/// The pixels on their way through the nodes.
struct Pixels {
  std::vector<Channel> channels;
  size_t axis = kChannelAxis;  ///< of the channels
  bool is_float = false;
};

bool makes_one(const Node& node, std::string_view op) {
  return is_plain(node, op) && node.outputs.size() == 1;
}

/// A constant operand's number for each channel; empty where it has others.
std::vector<float> numbers_of(const Tensor* constant, const Pixels& pixels) {
  if (constant == nullptr || constant->dtype() != DType::kF32 || constant->shape().rank() > kRank) return {};
  const auto elements = constant->as<float>();
  const Shape& shape = constant->shape();
  const size_t channels = pixels.channels.size();
  if (elements.size() == 1) return std::vector<float>(channels, elements[0]);
  const size_t from_end = kRank - pixels.axis;
  const bool is_per_channel = elements.size() == channels && from_end <= shape.rank() &&
                              shape[shape.rank() - from_end] == static_cast<int64_t>(channels);
  return is_per_channel ? std::vector<float>(elements.begin(), elements.end()) : std::vector<float>();
}

template <typename Of>
void calculate(Channel& channel, const Of& of) {
  for (float& value : channel.values) value = of(value);
}

class PixelReader {
 public:
  PixelReader(Graph& graph, const TypeMap& types, const PassOptions& options)
      : rewriter_(graph), values_(rewriter_, types), options_(options) {}

  Status run() {
    for (const ValueInfo& input : rewriter_.graph().inputs) RETURN_IF_ERROR(read(input));
    rewriter_.finish();
    return {};
  }

 private:
  /// The nodes that read `value` one after the other, each the other's only reader.
  std::vector<size_t> nodes_behind(std::string value) const {
    std::vector<size_t> nodes;
    for (auto next = rewriter_.only_reader(value); next; next = rewriter_.only_reader(value)) {
      const Node& node = rewriter_.graph().nodes[*next];
      if (!node.has_output(0)) break;
      nodes.push_back(*next);
      value = node.outputs[0];
    }
    return nodes;
  }

  Status read(const ValueInfo& input) {
    const auto& shape = input.type.shape;
    if (input.type.dtype != DType::kU8 || !shape || shape->rank() != kRank) return {};
    const std::vector<size_t> nodes = nodes_behind(input.name);
    for (const bool interleaved : {false, true}) {
      const int64_t count = (*shape)[interleaved ? kRank - 1 : kChannelAxis];
      if (count < 1 || count > kMostChannels) continue;
      Pixels pixels{.channels = std::vector<Channel>(static_cast<size_t>(count)),
                    .axis = interleaved ? kRank - 1 : kChannelAxis};
      for (size_t c = 0; c < pixels.channels.size(); ++c) {
        pixels.channels[c].source = static_cast<int64_t>(c);
        for (size_t level = 0; level < kLevels; ++level)
          pixels.channels[c].values[level] = static_cast<float>(level);
      }
      if (const size_t taken = take(nodes, input.name, pixels); taken > 0)
        return replace({nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(taken)}, input.name,
                       interleaved ? "NHWC" : "NCHW");
    }
    return {};
  }

  /// How many of the nodes make an FP32 image of the pixels, which is then in image_.
  size_t take(const std::vector<size_t>& nodes, std::string value, Pixels pixels) {
    size_t taken = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = rewriter_.node(nodes[i]);
      if (!apply(node, value, pixels)) break;
      value = node.outputs[0];
      if (!pixels.is_float || pixels.axis != kChannelAxis) continue;
      taken = i + 1;
      image_ = pixels.channels;
    }
    return taken;
  }

  bool apply(const Node& node, const std::string& value, Pixels& pixels) const {
    if (makes_one(node, "Transpose")) {
      const bool leads =
          pixels.axis == kRank - 1 && node.ints_or("perm", {}) == std::vector<int64_t>{0, 3, 1, 2};
      pixels.axis = kChannelAxis;
      return leads;
    }
    if (makes_one(node, "Cast")) {
      const bool converts = !pixels.is_float && node.int_or("to", 0) == onnx_number_of(DType::kF32);
      pixels.is_float = true;
      return converts;
    }
    if (makes_one(node, "Gather")) return pick(node, value, pixels);
    return pixels.is_float && calculate_all(node, value, pixels);
  }

  bool pick(const Node& node, const std::string& value, Pixels& pixels) const {
    const Tensor* indices = rewriter_.graph().initializer(node.inputs[1]);
    const int64_t axis = node.int_or("axis", 0);
    if (node.inputs[0] != value || indices == nullptr || indices->dtype() != DType::kI64 ||
        indices->shape().rank() != 1 || indices->element_count() > kMostChannels || indices->empty() ||
        axis + (axis < 0 ? static_cast<int64_t>(kRank) : 0) != static_cast<int64_t>(pixels.axis))
      return false;
    const auto count = static_cast<int64_t>(pixels.channels.size());
    std::vector<Channel> picked;
    for (const int64_t index : indices->as<int64_t>()) {
      if (index < -count || index >= count) return false;
      picked.push_back(pixels.channels[static_cast<size_t>(index < 0 ? index + count : index)]);
    }
    pixels.channels = std::move(picked);
    return true;
  }

  bool calculate_all(const Node& node, const std::string& value, Pixels& pixels) const {
    if (node.inputs.size() != 2) return false;
    const bool is_first = node.inputs[0] == value;
    const std::vector<float> numbers =
        numbers_of(rewriter_.graph().initializer(node.inputs[is_first ? 1 : 0]), pixels);
    for (size_t c = 0; c < numbers.size(); ++c)
      if (!calculate_one(node, is_first, numbers[c], pixels.channels[c])) return false;
    return !numbers.empty();
  }

  static bool calculate_one(const Node& node, bool is_first, float number, Channel& channel) {
    double factor = 1, term = 0;
    if (makes_one(node, "Mul")) {
      factor = number;
      calculate(channel, [&](float x) { return x * number; });
    } else if (makes_one(node, "Div") && is_first) {
      factor = 1 / static_cast<double>(number);
      calculate(channel, [&](float x) { return x / number; });
    } else if (makes_one(node, "Add")) {
      term = number;
      calculate(channel, [&](float x) { return x + number; });
    } else if (makes_one(node, "Sub")) {
      factor = is_first ? 1 : -1;
      term = is_first ? -number : number;
      calculate(channel, [&](float x) { return is_first ? x - number : number - x; });
    } else {
      return false;
    }
    channel.scale *= factor;
    channel.shift = channel.shift * factor + term;
    return std::isfinite(static_cast<float>(channel.scale)) &&
           std::isfinite(static_cast<float>(channel.shift));
  }

  /// The nodes by one, which stands where the last one stood.
  Status replace(const std::vector<size_t>& nodes, const std::string& pixels, const std::string& layout) {
    const auto channels = static_cast<int64_t>(image_.size());
    Node read{.op = "ReadPixels", .domain = "ridgeline", .inputs = {pixels}};
    for (const size_t index : nodes) read.name += (read.name.empty() ? "" : "+") + rewriter_.node(index).name;
    std::vector<int64_t> sources;
    ASSIGN_OR_RETURN(Tensor scale, Tensor::zeros(DType::kF32, {channels}));
    ASSIGN_OR_RETURN(Tensor shift, Tensor::zeros(DType::kF32, {channels}));
    for (size_t c = 0; c < image_.size(); ++c) {
      sources.push_back(image_[c].source);
      scale.as<float>()[c] = static_cast<float>(image_[c].scale);
      shift.as<float>()[c] = static_cast<float>(image_[c].shift);
    }
    read.attributes = {{"layout", layout}, {"channels", sources}, {"scale", scale}, {"shift", shift}};
    size_t last = nodes.back();
    if (const auto quantize = quantize_behind(last)) {
      ASSIGN_OR_RETURN(read.attributes["table"], table_of(*values_.quantisation_of(*quantize)));
      read.name += "+" + rewriter_.node(*quantize).name;
      rewriter_.drop(last);
      last = *quantize;
    }
    for (const size_t index : nodes)
      if (index != last) rewriter_.drop(index);
    read.outputs = rewriter_.node(last).outputs;
    rewriter_.node(last) = std::move(read);
    return {};
  }

  std::optional<size_t> quantize_behind(size_t last) const {
    if (!options_.computes_in_integers) return std::nullopt;
    const auto reader = rewriter_.only_reader(rewriter_.graph().nodes[last].outputs[0]);
    return reader && values_.quantisation_of(*reader) ? reader : std::nullopt;
  }

  /// The step of each channel's levels.
  Result<Tensor> table_of(const Quantisation& as) const {
    ASSIGN_OR_RETURN(Tensor table, Tensor::zeros(as.dtype, {static_cast<int64_t>(image_.size()), kLevels}));
    for (size_t c = 0; c < image_.size(); ++c)
      for (size_t level = 0; level < kLevels; ++level)
        table.as<uint8_t>()[c * kLevels + level] = static_cast<uint8_t>(as.step_of(image_[c].values[level]));
    return table;
  }

  Rewriter rewriter_;
  QuantizedValues values_;
  const PassOptions& options_;
  std::vector<Channel> image_;
};

}  // namespace

Status read_pixels(Graph& graph, const PassOptions& options) {
  const bool takes_bytes = std::ranges::any_of(
      graph.inputs, [](const ValueInfo& input) { return input.type.dtype == DType::kU8; });
  if (!takes_bytes) return {};
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  return PixelReader(graph, types, options).run();
}

}  // namespace ridgeline::passes
