#pragma once

#include <cstddef>
#include <cstdint>

// The loops behind the probe tables, one file per instruction set. Each may be called only on a CPU that has
// it. An iteration's FLOPs are constants beside the loop.
namespace ridgeline::kernels {

struct VectorLoops {
  void (*fma)(int64_t iterations);
  double fma_flops;
  uint64_t (*read)(const uint64_t* values, size_t count);
  void (*triad)(float* a, const float* b, const float* c, size_t count);
};
extern const VectorLoops kGenericLoops;
extern const VectorLoops kAvx2Loops;
extern const VectorLoops kAvx512Loops;

struct ComputeLoop {
  void (*run)(int64_t iterations);
  double flops;
};
extern const ComputeLoop kAvx512Int8Loop;
extern const ComputeLoop kAvx512Bf16Loop;
extern const ComputeLoop kAvx512Fp16Loop;
extern const ComputeLoop kAmxBf16Loop;
extern const ComputeLoop kAmxInt8Loop;

}  // namespace ridgeline::kernels
