#include "graph/zoo/zoo.h"

#include <fmt/ranges.h>

#include "graph/zoo/builder.h"
#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

struct Row {
  std::string_view name;
  Result<Graph> (*make)(Builder&, const ZooOptions&);
  Draw draw = Draw::kUnitScale;
  int64_t usual_classes = 1000;
};
constexpr auto kModels = std::to_array<Row>({{"lenet", lenet, Draw::kFanOut},
                                             {"resnet18", resnet18, Draw::kFanOut},
                                             {"resnet34", resnet34, Draw::kFanOut},
                                             {"resnet50", resnet50, Draw::kFanOut},
                                             {"vgg16", vgg16},
                                             {"mobilenet_v2", mobilenet_v2},
                                             {"mobilenet_v3_large", mobilenet_v3_large},
                                             {"efficientnet_b0", efficientnet_b0},
                                             {"squeezenet1_1", squeezenet1_1},
                                             {"densenet121", densenet121},
                                             {"unet", unet, Draw::kUnitScale, 2},
                                             {"ssd_head", ssd_head, Draw::kUnitScale, 21}});

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Row& row : kModels) all.emplace_back(row.name);
  return all;
}

Result<Graph> make(std::string_view name, const ZooOptions& options) {
  constexpr int64_t kMost = 1 << 20;
  if (options.num_classes < 0 || options.num_classes > kMost)
    return invalid_argument("--num-classes must be 1 to {}", kMost);
  if (options.image_size < 32 || options.image_size > 4096)
    return invalid_argument("--image-size must be 32 to 4096");
  if (options.projection < 0 || options.projection > kMost)
    return invalid_argument("--projection must be 0 to {}", kMost);
  for (const Row& row : kModels) {
    if (row.name != name) continue;
    ZooOptions settled = options;
    if (settled.num_classes == 0) settled.num_classes = row.usual_classes;
    Builder builder(std::string(name), settled, row.draw);
    return row.make(builder, settled);
  }
  return not_found("the zoo has no '{}'; it has {}", name, fmt::join(names(), ", "));
}

}  // namespace ridgeline::zoo
