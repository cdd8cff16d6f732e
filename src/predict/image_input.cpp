#include "predict/image_input.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "formats/state_dict.h"

namespace ridgeline::predict {
namespace {

constexpr size_t kImageRank = 4;
constexpr int64_t kChannels = 3;

struct ImageAxes {
  size_t channels, height, width;
};
ImageAxes axes_of(vision::Layout layout) {
  return layout == vision::Layout::kNhwc ? ImageAxes{3, 1, 2} : ImageAxes{1, 2, 3};
}

Result<const ValueInfo*> only_image(const Graph& graph, std::string_view model) {
  if (graph.inputs.size() != 1 || !graph.inputs[0].type.shape ||
      graph.inputs[0].type.shape->rank() != kImageRank || graph.inputs[0].type.dtype != DType::kF32)
    return unsupported(
        "{}: takes no pictures: that needs one input, an FP32 image of rank 4 (batch, channels, height, "
        "width)",
        model);
  return &graph.inputs[0];
}

/// The side of the square that the model fixes, if it does.
Result<std::optional<int64_t>> fixed_size(const ValueInfo& input, const ImageAxes& axes,
                                          std::string_view model) {
  const Shape& shape = *input.type.shape;
  const int64_t height = shape[axes.height], width = shape[axes.width];
  if (shape[axes.channels] != Shape::kUnknownDim && shape[axes.channels] != kChannels)
    return unsupported("{}: input '{}' is {}, but pictures have {} channels, on axis {}", model, input.name,
                       shape.to_string(), kChannels, axes.channels);
  if (height == Shape::kUnknownDim && width == Shape::kUnknownDim) return std::optional<int64_t>();
  const int64_t size = height == Shape::kUnknownDim ? width : height;
  if (width != Shape::kUnknownDim && width != size)
    return unsupported("{}: input '{}' is {}, but pictures are cropped to a square", model, input.name,
                       shape.to_string());
  return std::optional<int64_t>(size);
}

/// What the weights' file says of it, else the size that most classifiers take.
int64_t trained_size(const Graph& graph) {
  constexpr int64_t kUsual = 224, kLargest = 1 << 14;
  const auto entry = graph.metadata.find(formats::kImageSizeKey);
  if (entry == graph.metadata.end()) return kUsual;
  int64_t size = 0;
  const char* end = entry->second.data() + entry->second.size();
  const bool whole = std::from_chars(entry->second.data(), end, size).ptr == end;
  return whole && size >= 1 && size <= kLargest ? size : kUsual;
}

}  // namespace

Result<ImageInput> image_input_of(const Graph& graph, std::string_view model) {
  ASSIGN_OR_RETURN(const ValueInfo* image, only_image(graph, model));
  ASSIGN_OR_RETURN(const std::optional<vision::Contract> carried,
                   vision::contract_from_metadata(graph.metadata, model));
  ImageInput input{.name = image->name};
  if (carried) input.contract = *carried;
  input.assumed = !carried;
  const ImageAxes axes = axes_of(input.contract.preprocessing.layout);
  ASSIGN_OR_RETURN(const std::optional<int64_t> size, fixed_size(*image, axes, model));
  if (input.assumed)
    input.contract.preprocessing =
        vision::Preprocessing::for_size(static_cast<int>(size ? *size : trained_size(graph)));
  const int64_t crop = input.contract.preprocessing.crop;
  if (size && *size != crop)
    return invalid_argument(
        "{}: its contract crops pictures to {}x{}, but its input '{}' is {}: export it again at the size "
        "that it was trained for",
        model, crop, crop, image->name, image->type.shape->to_string());
  const int64_t batch = (*image->type.shape)[0];
  input.fixed_batch = batch == Shape::kUnknownDim ? 0 : batch;
  return input;
}

Result<vision::Preprocessing> preprocessing_at(const Graph& graph, std::string_view model, int64_t size) {
  ASSIGN_OR_RETURN(const std::optional<vision::Contract> carried,
                   vision::contract_from_metadata(graph.metadata, model));
  if (!carried) return vision::Preprocessing::for_size(static_cast<int>(size));
  ASSIGN_OR_RETURN(const ImageInput input, image_input_of(graph, model));
  vision::Preprocessing how = input.contract.preprocessing;
  how.resize_shorter = static_cast<int>(
      std::lround(static_cast<double>(how.resize_shorter) * static_cast<double>(size) / how.crop));
  how.crop = static_cast<int>(size);
  return how;
}

Status check_classes(const vision::Contract& contract, int64_t outputs, std::string_view model) {
  if (contract.classes.empty() || static_cast<int64_t>(contract.classes.size()) == outputs) return {};
  return invalid_argument(
      "{}: its contract names {} classes, but the model has {} outputs per image: the class list belongs to "
      "another model",
      model, contract.classes.size(), outputs);
}

std::string assumption_of(const ImageInput& input, std::string_view model) {
  const vision::Preprocessing& how = input.contract.preprocessing;
  return fmt::format(
      "{}: carries no preprocessing contract: torchvision's evaluation recipe is assumed (shorter side {}, "
      "centre crop {}, ImageNet's mean and deviation)",
      model, how.resize_shorter, how.crop);
}

}  // namespace ridgeline::predict
