// A native session allocates nothing once it is warm: every operator new of this program is counted.

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "../many_ops.h"
#include "engine/registry.h"
#include "graph/zoo/zoo.h"

namespace {
std::atomic<int64_t> allocations{0};

void* allocate(size_t bytes, size_t alignment) {
  ++allocations;
  const size_t whole = (bytes / alignment + 1) * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole)) return memory;
  throw std::bad_alloc();
}
}  // namespace

// Where one half of a pair is inlined and the other is not, GCC 12 warns of a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace ridgeline {
namespace {

struct SteadyCase {
  const char* name;
  Graph (*make)();
  ThreadingMode mode;
  Precision precision = Precision::kFp32;
  int64_t size = 32;
};
class SteadyState : public ::testing::TestWithParam<SteadyCase> {};

Graph resnet18() { return zoo::make("resnet18", {.image_size = 32}).value(); }
Graph mobilenet() { return zoo::make("mobilenet_v3_large", {.image_size = 32}).value(); }
Graph efficientnet() { return zoo::make("efficientnet_b0", {.image_size = 32}).value(); }
Graph resnet18_at_224() { return zoo::make("resnet18", {.image_size = 224}).value(); }
Graph mobilenet_at_224() { return zoo::make("mobilenet_v2", {.image_size = 224}).value(); }
Graph lenet() { return zoo::make("lenet", {.image_size = 32}).value(); }

TEST_P(SteadyState, AllocatesNothing) {
  const EngineRegistry registry;
  const Graph graph = GetParam().make();
  const int64_t size = GetParam().size;
  const Shape shape = graph.inputs[0].name == "x" ? *graph.inputs[0].type.shape : Shape{2, 3, size, size};
  const auto session = (*registry.find("native"))
                           ->compile(graph, {.precision = GetParam().precision,
                                             .threads = 2,
                                             .mode = GetParam().mode,
                                             .input_shapes = {{graph.inputs[0].name, shape}}});
  ASSERT_TRUE(session.ok()) << session.status().message();
  const Tensor image = Tensor::zeros(DType::kF32, shape).value();
  const std::array in = {image.view()};
  std::vector<Tensor> results;
  std::vector<TensorView> out;
  for (const ValueInfo& output : (*session)->signature().outputs) {
    results.push_back(Tensor::zeros(output.type.dtype, *output.type.shape).value());
    out.push_back(results.back().view());
  }
  ASSERT_TRUE((*session)->run(in, out).ok());
  const int64_t before = allocations;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE((*session)->run(in, out).ok());
  EXPECT_EQ(allocations - before, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Native, SteadyState,
    ::testing::Values(
        SteadyCase{"lenet", lenet, ThreadingMode::kLatency},
        SteadyCase{"resnet18", resnet18, ThreadingMode::kLatency},
        SteadyCase{"efficientnet", efficientnet, ThreadingMode::kLatency},
        SteadyCase{"resnet18_throughput", resnet18, ThreadingMode::kThroughput},
        SteadyCase{"resnet18_bf16", resnet18, ThreadingMode::kLatency, Precision::kBf16},
        SteadyCase{"mobilenet_bf16x3", mobilenet, ThreadingMode::kLatency, Precision::kBf16x3},
        SteadyCase{"mobilenet_in_chains", mobilenet_at_224, ThreadingMode::kLatency, Precision::kFp32, 224},
        SteadyCase{"pool_in_a_chain", resnet18_at_224, ThreadingMode::kLatency, Precision::kFp32, 224},
        SteadyCase{"many_ops", many_ops, ThreadingMode::kLatency}),
    [](const auto& test) { return test.param.name; });

TEST(OpenSession, AllocatesNothingForShapesThatItKnows) {
  const EngineRegistry registry;
  const auto session = (*registry.find("native"))->compile(resnet18(), {.threads = 2}).value();
  std::vector<Tensor> images;
  for (const int64_t batch : {2, 1, 3})
    images.push_back(Tensor::zeros(DType::kF32, {batch, 3, 32, 32}).value());
  std::vector<TensorView> out(1);
  std::vector<TensorView> in;
  for (const Tensor& image : images) in.push_back(image.view());
  const auto run_all = [&] {
    for (const TensorView& image : in) {
      out[0].data = nullptr;
      ASSERT_TRUE(session->run(std::span(&image, 1), out).ok());
    }
  };
  run_all();
  const int64_t before = allocations;
  run_all();
  EXPECT_EQ(allocations - before, 0);
}

TEST(Counter, SeesAnAllocation) {
  const int64_t before = allocations;
  delete new Graph;
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace ridgeline
