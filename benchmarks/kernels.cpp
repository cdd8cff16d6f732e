// Every implementation that takes a case here, on the convolutions and products of ResNet-18 at 224 x 224 and
// batch 1. A row is named "case|implementation", so that scripts/bench.py can set the rows of a case side by
// side.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "kernels/blocked/block.h"
#include "kernels/blocked/conv.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"

namespace ridgeline::kernels {
namespace {

/// 64-byte aligned memory, as packed weights and scratch want it.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t bytes) : memory_(std::aligned_alloc(64, (bytes / 64 + 1) * 64)) {}
  void* get() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

std::vector<float> noise(int64_t count) {
  Rng random(static_cast<uint64_t>(count));
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

struct SquareConv {
  int64_t in_channels, out_channels, kernel, size, stride;
};

constexpr SquareConv kConvs[] = {{3, 64, 7, 224, 2},  {64, 64, 3, 56, 1},   {64, 128, 3, 56, 2},
                                 {64, 128, 1, 56, 2}, {128, 128, 3, 28, 1}, {256, 256, 3, 14, 1},
                                 {512, 512, 3, 7, 1}};

ConvDesc describe(const SquareConv& conv) {
  const int64_t pad = conv.kernel / 2;
  const int64_t out = (conv.size + 2 * pad - conv.kernel) / conv.stride + 1;
  return {.in_channels = conv.in_channels,
          .out_channels = conv.out_channels,
          .window = {.in = {1, conv.size, conv.size},
                     .out = {1, out, out},
                     .kernel = {1, conv.kernel, conv.kernel},
                     .stride = {1, conv.stride, conv.stride},
                     .pad = {0, pad, pad}},
          .threads = allowed_cpus(),
          .activation = {Activation::Kind::kRelu}};
}

void run_conv(benchmark::State& state, const ConvDesc& desc, const ConvImpl& impl) {
  const int64_t taps = desc.in_channels * volume(desc.window.kernel);
  const auto floats = [](int64_t channels, const Size3& size) {
    return blocked::blocks_of(channels) * blocked::kBlock *
           volume(size);  // enough for either form of an image
  };
  const auto in = noise(floats(desc.in_channels, desc.window.in));
  const auto weights = noise(desc.out_channels * taps);
  std::vector<float> out(static_cast<size_t>(floats(desc.out_channels, desc.window.out)));
  const AlignedBytes packed(impl.packed_bytes(desc)), scratch(impl.scratch_bytes(desc));
  ConvArgs args{.in = in.data(), .weights = weights.data(), .out = out.data(), .scratch = scratch.get()};
  if (impl.packed_bytes(desc) > 0) {
    impl.pack(desc, weights.data(), packed.get());
    args.weights = packed.get();
  }
  ThreadPool pool(allowed_cpus());
  for (auto _ : state) impl.run(desc, args, pool);
  const auto flops = static_cast<double>(2 * taps * desc.out_channels * volume(desc.window.out));
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void run_gemm(benchmark::State& state, const GemmDesc& desc, const GemmImpl& impl) {
  const auto a = noise(desc.m * desc.k), b = noise(desc.k * desc.n);
  std::vector<float> c(static_cast<size_t>(desc.m * desc.n));
  const AlignedBytes packed(impl.packed_bytes(desc));
  GemmArgs args{.a = a.data(), .b = b.data(), .c = c.data()};
  if (impl.packed_bytes(desc) > 0) {
    impl.pack(desc, b.data(), packed.get());
    args.b = packed.get();
  }
  ThreadPool pool(allowed_cpus());
  for (auto _ : state) impl.run(desc, args, pool);
  const auto flops = static_cast<double>(2 * desc.m * desc.n * desc.k);
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

/// One row for each implementation that takes the case on this machine.
template <typename Impl, typename Desc>
void add_rows(const std::string& name, std::span<const Impl> impls, const Desc& desc, const CpuFeatures& cpu,
              void (*run)(benchmark::State&, const Desc&, const Impl&)) {
  for (const Impl& impl : impls)
    if (impl.accepts(desc, cpu).ok())
      benchmark::RegisterBenchmark(fmt::format("{}|{}", name, impl.name).c_str(),
                                   [desc, &impl, run](benchmark::State& state) { run(state, desc, impl); })
          ->UseRealTime();
}

void add_all(const CpuFeatures& cpu) {
  for (const SquareConv& conv : kConvs)
    for (const auto impls : {blocked::conv_impls(), conv_impls()})
      add_rows(fmt::format("conv {0}>{1} {2}x{2} /{3} at {4}x{4}", conv.in_channels, conv.out_channels,
                           conv.kernel, conv.stride, conv.size),
               impls, describe(conv), cpu, run_conv);
  add_rows("gemm 1x1000x512", gemm_impls(), GemmDesc{.m = 1, .n = 1000, .k = 512, .transpose_b = true}, cpu,
           run_gemm);
  add_rows("gemm 384x384x384", gemm_impls(), GemmDesc{.m = 384, .n = 384, .k = 384}, cpu, run_gemm);
}

}  // namespace
}  // namespace ridgeline::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const auto cpu = ridgeline::usable_cpu_features();
  if (!cpu.ok()) {
    fmt::print(stderr, "kernels_benchmark: {}\n", cpu.status().message());
    return 2;
  }
  ridgeline::kernels::add_all(*cpu);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
