#include "engine/libtorch/session.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>

namespace ridgeline::libtorch {

void use_threads(int threads) {
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
}

Status hand_over(const at::Tensor& value, DType dtype, at::Tensor& kept, TensorView& out) {
  if (out.data != nullptr) {
    if (value.sizes() != at::IntArrayRef(out.shape.dims())) {
      return invalid_argument("an output is {} and the memory given for it is {}",
                              Shape(value.sizes().vec()).to_string(), out.shape.to_string());
    }
    borrow(out).copy_(value);
    return {};
  }
  out.shape.dims().assign(value.sizes().begin(), value.sizes().end());
  out.dtype = dtype;
  kept = value.to(at::kCPU, *scalar_type_of(dtype)).contiguous();
  out.data = static_cast<std::byte*>(kept.data_ptr());
  return {};
}

void ProgramSession::take_inputs(std::span<const TensorView> in) {
  for (size_t i = 0; i < in.size(); ++i) program_.input(i).copy_(borrow(in[i]));
}

Status ProgramSession::run(std::span<const TensorView> in, std::span<TensorView> out) try {
  const c10::InferenceMode inference;
  use_threads(threads_);
  take_inputs(in);
  RETURN_IF_ERROR(program_.run());
  for (size_t i = 0; i < out.size(); ++i) {
    RETURN_IF_ERROR(hand_over(program_.output(i), signature_.outputs[i].type.dtype, kept_[i], out[i]));
  }
  return {};
} catch (const std::exception& error) {
  return status_of(error);
}

Result<std::vector<OpTime>> ProgramSession::profile(std::span<const TensorView> in, int iterations) {
  const c10::InferenceMode inference;
  use_threads(threads_);
  std::vector<std::chrono::nanoseconds> totals(program_.steps().size());
  for (int i = 0; i < iterations; ++i) {
    take_inputs(in);
    RETURN_IF_ERROR(program_.run_timed(totals));
  }
  std::vector<OpTime> times;
  for (size_t i = 0; i < totals.size(); ++i) {
    const Step& step = program_.steps()[i];
    const double total_us = std::chrono::duration<double, std::micro>(totals[i]).count();
    times.push_back(
        {.name = step.name, .op = step.op, .kernel = "", .mean_us = total_us / std::max(iterations, 1)});
  }
  return times;
}

}  // namespace ridgeline::libtorch
