#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "cost/analysis.h"
#include "formats/onnx.h"
#include "graph/infer.h"
#include "support/temporary_folder.h"

namespace ridgeline::cost {
namespace {

namespace fs = std::filesystem;

/// Multiply-accumulates of one picture, in 10^9: `_ops` of the first weights in torchvision 0.29's own table.
const std::map<std::string, double> kPublishedGmacs = {
    {"alexnet", 0.714},
    {"convnext_tiny", 4.456},
    {"deeplabv3_mobilenet_v3_large", 10.452},
    {"deeplabv3_resnet50", 178.722},
    {"densenet121", 2.834},
    {"efficientnet_b0", 0.386},
    {"efficientnet_v2_s", 8.366},
    {"fcn_resnet50", 152.717},
    {"googlenet", 1.498},
    {"inception_v3", 5.713},
    {"lraspp_mobilenet_v3_large", 2.086},
    {"mnasnet1_0", 0.314},
    {"mobilenet_v2", 0.301},
    {"mobilenet_v3_large", 0.217},
    {"mobilenet_v3_small", 0.057},
    {"regnet_y_400mf", 0.402},
    {"resnet18", 1.814},
    {"resnet50", 4.089},
    {"resnext50_32x4d", 4.23},
    {"shufflenet_v2_x1_0", 0.145},
    {"squeezenet1_1", 0.349},
    {"ssd300_vgg16", 34.858},
    {"ssdlite320_mobilenet_v3_large", 0.583},
    {"swin_t", 4.491},
    {"vgg11", 7.609},
    {"vgg16", 15.47},
    {"vgg16_bn", 15.47},
    {"vit_b_16", 17.564},
    {"wide_resnet50_2", 11.398},
};

/// Files that PyTorch's exporters wrote, named MODEL.EXPORTER.opsetN.onnx.
std::vector<std::string> exported_files() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(EXPORTED_MODELS))
    if (entry.path().extension() == ".onnx") names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string model_of(const std::string& file) { return file.substr(0, file.find('.')); }

/// The file beside zeros in the place of the weights that were taken out of it.
Result<Graph> load_exported(const std::string& file) {
  const TemporaryFolder folder;
  fs::copy_file(fs::path(EXPORTED_MODELS) / file, folder / file);
  constexpr uintmax_t kLargestWeight = uintmax_t{4} * 25088 * 4096;  // VGG's first product
  std::ofstream(folder / "weights.bin").close();
  fs::resize_file(folder / "weights.bin", kLargestWeight);
  return formats::load_onnx(folder / file);
}

/// One picture where the batch is free.
InputShapes one_picture(const Graph& graph) {
  InputShapes shapes;
  for (const ValueInfo& input : graph.inputs) {
    std::vector<int64_t> dims = input.type.shape->dims();
    std::replace(dims.begin(), dims.end(), Shape::kUnknownDim, int64_t{1});
    shapes[input.name] = Shape(dims);
  }
  return shapes;
}

class ExportedModels : public testing::TestWithParam<std::string> {};

TEST_P(ExportedModels, AreCountedWholeAndWithinOnePercentOfWhatTorchvisionPublishes) {
  const Result<Graph> graph = load_exported(GetParam());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Result<TypeMap> types = infer_types(*graph, one_picture(*graph), DataSizes::kLargest);
  ASSERT_TRUE(types.ok()) << types.status().message();
  const Analysis analysis = analyze(*graph, *types);
  for (const Uncounted& op : analysis.uncounted)
    ADD_FAILURE() << op.op << " '" << op.name << "': " << op.reason;
  const double published = kPublishedGmacs.at(model_of(GetParam()));
  EXPECT_NEAR(analysis.total.macs / 1e9, published, published * 0.01);
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, ExportedModels, testing::ValuesIn(exported_files()), test_name);

TEST(ExportedModelFiles, CoverEveryModelThatTorchvisionPublishes) {
  std::map<std::string, int> files;
  for (const std::string& file : exported_files()) ++files[model_of(file)];
  for (const auto& [model, gmacs] : kPublishedGmacs) EXPECT_GE(files[model], 1) << model;
}

}  // namespace
}  // namespace ridgeline::cost
