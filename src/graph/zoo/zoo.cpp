#include "graph/zoo/zoo.h"

#include <fmt/ranges.h>

#include "graph/zoo/builder.h"
#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

struct Row {
  std::string_view name;
  Result<Graph> (*make)(Builder&, const ZooOptions&);
  Fan fan = Fan::kIn;
};
constexpr auto kModels = std::to_array<Row>({{"lenet", lenet, Fan::kOut},
                                             {"resnet18", resnet18, Fan::kOut},
                                             {"resnet34", resnet34, Fan::kOut},
                                             {"resnet50", resnet50, Fan::kOut},
                                             {"vgg16", vgg16},
                                             {"mobilenet_v2", mobilenet_v2}});

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Row& row : kModels) all.emplace_back(row.name);
  return all;
}

Result<Graph> make(std::string_view name, const ZooOptions& options) {
  constexpr int64_t kMost = 1 << 20;
  if (options.num_classes < 1 || options.num_classes > kMost)
    return invalid_argument("--num-classes must be 1 to {}", kMost);
  if (options.image_size < 32 || options.image_size > 4096)
    return invalid_argument("--image-size must be 32 to 4096");
  if (options.projection < 0 || options.projection > kMost)
    return invalid_argument("--projection must be 0 to {}", kMost);
  for (const Row& row : kModels) {
    if (row.name != name) continue;
    Builder builder(std::string(name), options, row.fan);
    return row.make(builder, options);
  }
  return not_found("the zoo has no '{}'; it has {}", name, fmt::join(names(), ", "));
}

}  // namespace ridgeline::zoo
