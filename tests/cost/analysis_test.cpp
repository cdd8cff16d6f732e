#include "cost/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cost/fusion.h"
#include "cost/limits.h"
#include "cost/model_builder.h"

namespace ridgeline::cost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Work work_of_single(ModelBuilder& model) { return work_of(model.graph.nodes.back(), model.types).value(); }

TEST(OpWork, ConvolutionsCountGroupsStridesAndAnyRank) {
  ModelBuilder model;
  model.value("x", {2, 8, 10, 10}).weight("w", {16, 4, 3, 3}).weight("b", {16});
  model.node("Conv", {"x", "w", "b"}, "y", {2, 16, 5, 5});
  const Work work = work_of_single(model);
  EXPECT_EQ(work.macs, 2.0 * 16 * 5 * 5 * 4 * 9);
  EXPECT_EQ(work.flops, 2 * work.macs);
  EXPECT_EQ(work.bytes_read, 4.0 * (2 * 8 * 100 + 16 * 4 * 9 + 16));
  EXPECT_EQ(work.bytes_written, 4.0 * 2 * 16 * 25);

  model.value("x1", {1, 4, 50}).weight("w1", {6, 4, 5});
  model.node("Conv", {"x1", "w1"}, "y1", {1, 6, 46});
  EXPECT_EQ(work_of_single(model).macs, 6.0 * 46 * 4 * 5);
}

TEST(OpWork, TransposedConvolutionsCountFromTheInputsSide) {
  ModelBuilder model;
  model.value("x", {1, 8, 4, 4}).weight("w", {8, 3, 2, 2});
  model.node("ConvTranspose", {"x", "w"}, "y", {1, 3, 8, 8});
  EXPECT_EQ(work_of_single(model).macs, 8.0 * 16 * 3 * 4);
}

TEST(OpWork, ProductsCountTheSummedDimension) {
  ModelBuilder model;
  model.value("a", {5, 7}).value("at", {7, 5}).weight("b", {7, 3});
  model.node("Gemm", {"a", "b"}, "y", {5, 3});
  EXPECT_EQ(work_of_single(model).macs, 5 * 3 * 7);
  Node& transposed = model.node("Gemm", {"at", "b"}, "z", {5, 3});
  transposed.attributes["transA"] = int64_t{1};
  EXPECT_EQ(work_of_single(model).macs, 5 * 3 * 7);
  model.value("q", {2, 4, 10, 8}).value("k", {2, 4, 8, 10});
  model.node("MatMul", {"q", "k"}, "s", {2, 4, 10, 10});
  EXPECT_EQ(work_of_single(model).macs, 2 * 4 * 10 * 10 * 8);
  Node& einsum = model.node("Einsum", {"a", "b"}, "e", {5, 3});
  einsum.attributes["equation"] = std::string("ij, jk -> ik");
  EXPECT_EQ(work_of_single(model).macs, 5 * 7 * 3);
}

TEST(OpWork, EverythingElseThanProductsCountsFlopsWithoutMacs) {
  ModelBuilder model;
  model.value("x", {1, 4, 8, 8});
  const auto flops_of = [&](const char* op, Shape out) {
    model.node(op, {"x"}, "y", std::move(out));
    EXPECT_EQ(work_of_single(model).macs, 0) << op;
    return work_of_single(model).flops;
  };
  EXPECT_EQ(flops_of("Relu", {1, 4, 8, 8}), 256);
  EXPECT_EQ(flops_of("Sigmoid", {1, 4, 8, 8}), 4 * 256);
  EXPECT_EQ(flops_of("Softmax", {1, 4, 8, 8}), 5 * 256);
  EXPECT_EQ(flops_of("GlobalAveragePool", {1, 4, 1, 1}), 256 + 4);
  EXPECT_EQ(flops_of("Transpose", {8, 8, 4, 1}), 0);
  Node& pool = model.node("MaxPool", {"x"}, "p", {1, 4, 4, 4});
  pool.attributes["kernel_shape"] = std::vector<int64_t>{3, 3};
  EXPECT_EQ(work_of_single(model).flops, 64 * 9);
  Node& resize = model.node("Resize", {"x"}, "r", {1, 4, 16, 16});
  resize.attributes["mode"] = std::string("linear");
  EXPECT_EQ(work_of_single(model).flops, 4 * 256 * 8);
}

TEST(OpWork, ViewsMoveNothingAndSelectionsMoveOnlyWhatTheySelect) {
  ModelBuilder model;
  model.value("table", {1000, 64}).value("rows", {3}, DType::kI64);
  model.node("Gather", {"table", "rows"}, "y", {3, 64});
  EXPECT_EQ(work_of_single(model).bytes_read, 3 * 64 * 4 + 3 * 8);
  model.node("Reshape", {"table", "rows"}, "z", {64, 1000});
  EXPECT_EQ(work_of_single(model).bytes(), 0);
}

TEST(OpWork, BytesFollowTheElementType) {
  ModelBuilder model;
  model.value("x", {1, 4}, DType::kF16).value("y", {1, 4}, DType::kF16);
  model.graph.nodes.push_back({"relu", "Relu", "", {"x"}, {"y"}, {}});
  EXPECT_EQ(work_of_single(model).bytes(), 16);
}

TEST(OpWork, AnOperandReadTwiceIsReadOnce) {
  ModelBuilder model;
  model.value("x", {10});
  model.node("Mul", {"x", "x"}, "y", {10});
  EXPECT_EQ(work_of_single(model).bytes_read, 40);
}

TEST(OpWork, HugeShapesDoNotOverflow) {
  ModelBuilder model;
  model.value("x", {int64_t{1} << 40, int64_t{1} << 40});
  model.node("MatMul", {"x", "x"}, "y", {int64_t{1} << 40, int64_t{1} << 40});
  EXPECT_GT(work_of_single(model).flops, 1e36);
}

TEST(Fusion, AConvolutionTakesItsNormalizationActivationAndResidualAdd) {
  const ModelBuilder model = residual_block();
  EXPECT_THAT(fusion_groups(model.graph, model.types), ElementsAre(0, 0, 0, 3, 3, 3, 3));
}

TEST(Fusion, InsideAGroupOnlyWeightsResidualAndResultMove) {
  const ModelBuilder model = residual_block();
  const Analysis analysis = analyze(model.graph, model.types);
  const double map = 8 * 16 * 4, weights = 8 * 8 * 9 * 4, bias = 8 * 4;
  EXPECT_EQ(analysis.layers[0].fused_bytes, map + weights);
  EXPECT_EQ(analysis.layers[1].fused_bytes, bias);
  EXPECT_EQ(analysis.layers[2].fused_bytes, map);
  EXPECT_EQ(analysis.layers[5].fused_bytes, 0);  // the residual is what the convolution has read
  EXPECT_EQ(analysis.fused_bytes, 2 * (map + weights + bias) + 2 * map);
  EXPECT_LT(analysis.fused_bytes, analysis.total.bytes());
}

TEST(Fusion, AValueThatOthersReadEndsTheGroup) {
  ModelBuilder model;
  model.value("x", {1, 8, 4, 4}).weight("w", {8, 8, 3, 3});
  model.node("Conv", {"x", "w"}, "c", {1, 8, 4, 4});
  model.node("Relu", {"c"}, "r", {1, 8, 4, 4});
  model.returns("c").returns("r");
  EXPECT_THAT(fusion_groups(model.graph, model.types), ElementsAre(0, 1));
}

TEST(Fusion, AGateThatReadsTheValueTwiceIsTakenWhole) {
  ModelBuilder model;
  const Shape map{1, 8, 4, 4};
  model.value("x", map).weight("w", {8, 8, 3, 3});
  model.node("Conv", {"x", "w"}, "c", map);
  model.node("Sigmoid", {"c"}, "g", map);
  model.node("Mul", {"c", "g"}, "y", map);
  model.node("MaxPool", {"y"}, "p", {1, 8, 2, 2});
  model.returns("p");
  EXPECT_THAT(fusion_groups(model.graph, model.types), ElementsAre(0, 0, 0, 3));
}

TEST(Analysis, ParametersAreCountedOnceAndWithoutRunningStatistics) {
  const ModelBuilder model = residual_block();
  const Analysis analysis = analyze(model.graph, model.types);
  EXPECT_EQ(analysis.params, 2 * 8 * 8 * 9 + 2 * 8);
  EXPECT_EQ(analysis.layers[0].kernel, "3x3");
}

TEST(Analysis, AnOpWithoutARowLeavesNoTotalAndIsNamed) {
  ModelBuilder model = residual_block();
  model.node("Sorcery", {"y"}, "z", {1});
  const Analysis analysis = analyze(model.graph, model.types);
  ASSERT_EQ(analysis.uncounted.size(), 1u);
  EXPECT_THAT(analysis.uncounted[0].reason, HasSubstr("Sorcery"));
  const Device device = find_device("a10").value();
  EXPECT_TRUE(to_json(analysis, device)["flops"].is_null());
  EXPECT_THAT(to_text(analysis, device), HasSubstr("uncounted"));
}

TEST(Analysis, AnUnknownShapeIsUncountedWithTheValuesName) {
  ModelBuilder model;
  model.value("x", {Shape::kUnknownDim, 8});
  model.node("Relu", {"x"}, "y", {Shape::kUnknownDim, 8});
  const Analysis analysis = analyze(model.graph, model.types);
  ASSERT_EQ(analysis.uncounted.size(), 1u);
  EXPECT_THAT(analysis.uncounted[0].reason, HasSubstr("'x'"));
}

std::shared_ptr<const Graph> body_of(std::vector<Node> nodes) {
  auto body = std::make_shared<Graph>();
  body->nodes = std::move(nodes);
  return body;
}

TEST(Analysis, AnIfCountsItsDearerBranch) {
  ModelBuilder model;
  model.value("c", {}, DType::kBool).value("x", {100}).value("t", {100}).value("e", {100});
  Node& node = model.node("If", {"c"}, "y", {100});
  node.attributes["then_branch"] = body_of({{"t", "Relu", "", {"x"}, {"t"}, {}}});
  node.attributes["else_branch"] = body_of({{"e", "Sigmoid", "", {"x"}, {"e"}, {}}});
  EXPECT_EQ(analyze(model.graph, model.types).total.flops, 400);
}

TEST(Analysis, ALoopCountsItsBodyPerTripAndNothingWithoutATripCount) {
  ModelBuilder model;
  model.value("x", {100})
      .value("t", {100})
      .weight("trips", {1}, DType::kI64)
      .value("later", {1}, DType::kI64);
  model.graph.initializers["trips"].as<int64_t>()[0] = 7;
  const auto body = body_of({{"t", "Relu", "", {"x"}, {"t"}, {}}});
  model.node("Loop", {"trips", "", "x"}, "y", {100}).attributes["body"] = body;
  EXPECT_EQ(analyze(model.graph, model.types).total.flops, 700);
  model.node("Loop", {"later", "", "x"}, "z", {100}).attributes["body"] = body;
  EXPECT_EQ(analyze(model.graph, model.types).uncounted.size(), 1u);
}

TEST(AnalysisJson, HasTheKeysThatAreReliedOnAndExactIntegers) {
  const Device a10 = find_device("a10").value();
  const Json json = to_json(analyze(ConvCase{4, 64, 64, 3, 56, 1}), a10);
  EXPECT_EQ(json["flops"].dump(), "924844032");
  EXPECT_EQ(json["params"], 36864);
  EXPECT_EQ(json["bound"], "compute");
  const Json& layer = json["layers"][0];
  for (const char* key : {"name", "op", "kernel", "in_shape", "out_shape", "params", "macs", "flops", "bytes",
                          "fused_bytes", "intensity", "bound", "attainable_flops_per_s"})
    EXPECT_FALSE(layer[key].is_null()) << key;
  EXPECT_TRUE(layer.contains("attained_flops_per_s") && layer["attained_flops_per_s"].is_null());
  const Json device = to_json(a10);
  EXPECT_EQ(device["peak_flops"]["fp32"], 31.2e12);
  EXPECT_NEAR(device["ridge"]["fp32"].get<double>(), 52, 1e-9);
}

TEST(HostDevice, TakesTheBestInstructionSetAndTheFasterStreamAtItsThreadCount) {
  MeasuredPeaks peaks;
  peaks.compute = {
      {"fp32", "avx2", 2, 1e11, 1e11}, {"fp32", "avx512", 2, 2e11, 1e11}, {"fp32", "avx512", 1, 1e11, 1e11}};
  peaks.memory = {{"DRAM", 1, 2, 1e10, 2e10}};
  const Device host = host_device(peaks, 2).value();
  EXPECT_EQ(host.peak_flops.at("fp32"), 2e11);
  EXPECT_EQ(host.bytes_per_s, 2e10);
  EXPECT_THAT(host.units, HasSubstr("fp32 avx512"));
  EXPECT_FALSE(host_device(peaks, 3).ok());
}

/// x and w in bytes → Conv → Relu → bytes; what the Relu leaves is read as floats too where `shows`.
ModelBuilder quantized_layer(bool shows) {
  ModelBuilder model;
  const Shape map{1, 8, 4, 4}, taps{8, 8, 3, 3};
  model.value("x", map, DType::kU8).weight("w", taps, DType::kI8).weight("s", {}).weight("z", {}, DType::kU8);
  model.node("DequantizeLinear", {"x", "s", "z"}, "xf", map);
  model.node("DequantizeLinear", {"w", "s"}, "wf", taps);
  model.node("Conv", {"xf", "wf"}, "c", map);
  model.node("Relu", {"c"}, "r", map);
  model.node("QuantizeLinear", {"r", "s", "z"}, "y", map);
  model.value("y", map, DType::kU8).returns("y");
  if (shows) model.returns("r");
  return model;
}

TEST(Analysis, LayersBetweenDequantizeAndQuantizeLinearAreOfBytes) {
  const double map = 8 * 16, weights = 8 * 8 * 9;
  const ModelBuilder model = quantized_layer(false);
  const Analysis analysis = analyze(model.graph, model.types);
  EXPECT_EQ(analysis.layers[2].precision, "int8");
  EXPECT_EQ(analysis.layers[2].fused_bytes + analysis.layers[3].fused_bytes, map + weights + map);
  const ModelBuilder shown = quantized_layer(true);
  const Analysis of_shown = analyze(shown.graph, shown.types);
  EXPECT_EQ(of_shown.layers[2].fused_bytes + of_shown.layers[3].fused_bytes, map + weights + 4 * map);
}

}  // namespace
}  // namespace ridgeline::cost
