#include "formats/architecture.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/ranges.h>
#include <set>

#include "graph/zoo/zoo.h"

namespace ridgeline::formats {
namespace {

constexpr const char* kLenet = "lenet";
/// LeNet halves the image five times and ends in this many channels.
constexpr int64_t kLenetChannels = 256;
constexpr int64_t kLenetReduction = 32;
constexpr int64_t kStemChannels = 64;

/// How a family but the ResNets is told. Relatives of other depths and widths share the sign; what they have
/// more or otherwise is listed when the weights are filled in.
struct Family {
  std::string_view model;
  std::string_view sign;        ///< a tensor that no other family has
  std::string_view classifier;  ///< the tensor with a row per class
  int64_t rows_per_class = 1;
};
constexpr auto kFamilies = std::to_array<Family>({
    {kLenet, "conv5.weight", "clf.weight"},
    {"vgg16", "classifier.6.weight", "classifier.6.weight"},
    {"mobilenet_v2", "features.1.conv.0.0.weight", "classifier.1.weight"},
    {"mobilenet_v3_large", "features.1.block.0.0.weight", "classifier.3.weight"},
    {"efficientnet_b0", "features.1.0.block.0.0.weight", "classifier.1.weight"},
    {"squeezenet1_1", "features.3.squeeze.weight", "classifier.1.weight"},
    {"densenet121", "features.denseblock1.denselayer1.conv1.weight", "classifier.weight"},
    {"unet", "up1.up.weight", "out.weight"},
    {"ssd_head", "boxes.0.weight", "classes.0.weight", zoo::kSsdAnchors},
});

/// Of a matrix or kernel; 0 where there is no such tensor or dimension.
int64_t dim_of(const StateDict& weights, std::string_view name, size_t axis) {
  const Tensor* tensor = weights.find(name);
  return tensor == nullptr || axis >= tensor->shape().rank() ? 0 : tensor->shape()[axis];
}

bool any_name_has(const StateDict& weights, std::string_view part) {
  return std::any_of(weights.tensors.begin(), weights.tensors.end(),
                     [&](const auto& entry) { return entry.first.find(part) != std::string::npos; });
}

/// Blocks that "layer1.0.…" to "layer4.7.…" count.
std::array<int, 4> blocks_of(const StateDict& weights) {
  std::array<std::set<std::string>, 4> blocks;
  constexpr std::string_view kLayer = "layer";
  for (const auto& [name, tensor] : weights.tensors) {
    if (!name.starts_with(kLayer) || name.size() < kLayer.size() + 2) continue;
    const size_t stage = static_cast<size_t>(name[kLayer.size()] - '1');
    const size_t block = kLayer.size() + 2;
    if (stage < blocks.size()) blocks[stage].insert(name.substr(block, name.find('.', block) - block));
  }
  std::array<int, 4> counts{};
  for (size_t stage = 0; stage < counts.size(); ++stage)
    counts[stage] = static_cast<int>(blocks[stage].size());
  return counts;
}

/// Why these weights of a ResNet are not of one that torchvision calls plainly so.
Status check_plain_resnet(const StateDict& weights, bool bottleneck) {
  if (weights.find("conv1.0.weight") != nullptr)
    return unsupported("the stem is three convolutions (resnet…d, …s or …t of timm), not one of 7x7");
  if (weights.find("layer2.0.downsample.2.weight") != nullptr)
    return unsupported("its shortcuts average before they convolve (resnet…d of timm)");
  if (any_name_has(weights, ".se.") || any_name_has(weights, ".attn."))
    return unsupported("its blocks hold attention (seresnet, ecaresnet … of timm)");
  const Tensor* stem = weights.find("conv1.weight");
  if (stem == nullptr || stem->shape() != Shape{kStemChannels, 3, 7, 7})
    return unsupported("conv1.weight is {}, not 64x3x7x7",
                       stem == nullptr ? "missing" : stem->shape().to_string());
  if (!bottleneck) return {};
  const int64_t width = dim_of(weights, "layer1.0.conv2.weight", 0);
  if (dim_of(weights, "layer1.0.conv2.weight", 1) != width)
    return unsupported("its convolutions are grouped (resnext)");
  if (width != kStemChannels) return unsupported("its bottlenecks are {} wide, not 64 (wide_resnet)", width);
  return {};
}

Result<std::string> resnet_of(const StateDict& weights) {
  const bool bottleneck = weights.find("layer1.0.conv3.weight") != nullptr;
  RETURN_IF_ERROR(check_plain_resnet(weights, bottleneck));
  const std::array<int, 4> blocks = blocks_of(weights);
  for (const zoo::ResNetSpec& spec : zoo::resnets())
    if (spec.blocks == blocks && spec.bottleneck == bottleneck) return std::string(spec.name);
  return unsupported("a ResNet of {} {} blocks is not in the zoo", fmt::join(blocks, "-"),
                     bottleneck ? "bottleneck" : "basic");
}

Result<std::string> recognise(const StateDict& weights) {
  for (const Family& family : kFamilies)
    if (weights.find(family.sign) != nullptr) return std::string(family.model);
  if (weights.find("layer1.0.conv1.weight") != nullptr) return resnet_of(weights);
  if (any_name_has(weights, "embedder.embedder.convolution.weight"))
    return unsupported(
        "has the names of Hugging Face, which leave strides open: import its folder, with config.json");
  return unsupported("is of no model that the zoo has ({}): export it to ONNX where it was trained",
                     fmt::join(zoo::names(), ", "));
}

bool is_known(const std::string& model) {
  const std::vector<std::string> known = zoo::names();
  return std::find(known.begin(), known.end(), model) != known.end();
}

/// Some architectures share all tensors with a zoo model and compute something else: resnetblur50 of timm.
Status check_checkpoint_model(const StateDict& weights) {
  const auto told = weights.metadata.find(kCheckpointModelKey);
  if (told == weights.metadata.end()) return {};
  const std::string& name = told->second;
  if (is_known(name.starts_with("tv_") ? name.substr(3) : name)) return {};
  return unsupported(
      "the checkpoint is of '{}', which the zoo has not: --model NAME takes it where it computes the same as "
      "a zoo model",
      name);
}

Result<std::string> model_of(const StateDict& weights, const std::string& asked) {
  const auto told = weights.metadata.find(kModelKey);
  const std::string& name = asked.empty() && told != weights.metadata.end() ? told->second : asked;
  if (!name.empty() && !is_known(name))
    return unsupported("the zoo has no '{}'; it has {}", name, fmt::join(zoo::names(), ", "));
  if (!name.empty()) return name;
  ASSIGN_OR_RETURN(std::string recognised, recognise(weights));
  RETURN_IF_ERROR(check_checkpoint_model(weights));
  return recognised;
}

Result<int64_t> told_image_size(const StateDict& weights) {
  const auto told = weights.metadata.find(kImageSizeKey);
  if (told == weights.metadata.end()) return int64_t{0};
  const std::string& text = told->second;
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 1)
    return invalid_argument("metadata {} is '{}', not a number of pixels", kImageSizeKey, text);
  return size;
}

/// The family of a model that `recognise` or the metadata named.
const Family& family_of(std::string_view model) {
  static constexpr Family kResNets = {"", "", "fc.weight"};
  const auto* family = std::find_if(kFamilies.begin(), kFamilies.end(),
                                    [&](const Family& each) { return each.model == model; });
  return family == kFamilies.end() ? kResNets : *family;
}

/// The only size whose last map LeNet's classifier takes; 0 where there is none.
int64_t lenet_image_size(const StateDict& weights) {
  const auto side = static_cast<int64_t>(
      std::lround(std::sqrt(static_cast<double>(dim_of(weights, "clf.weight", 1) / kLenetChannels))));
  return side * kLenetReduction;
}

}  // namespace

Result<Architecture> architecture_of(const StateDict& weights, const std::string& model) {
  Architecture found;
  ASSIGN_OR_RETURN(found.model, model_of(weights, model));
  const Family& family = family_of(found.model);
  found.num_classes = dim_of(weights, family.classifier, 0) / family.rows_per_class;
  if (found.num_classes < 1)
    return unsupported("has no classifier ({} is missing): save the model with its head", family.classifier);
  found.projection = dim_of(weights, "projection.weight", 0);
  ASSIGN_OR_RETURN(found.image_size, told_image_size(weights));
  if (found.image_size == 0 && found.model == kLenet) found.image_size = lenet_image_size(weights);
  return found;
}

}  // namespace ridgeline::formats
