#include "kernels/unary.h"

#include <array>

#include "kernels/broadcast.h"
#include "kernels/needs.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::MapRow;
using vector::RowKernels;

/// Null for functions that the vector kernels do not have.
MapRow row_of(const RowKernels& rows, ref::UnaryOp op) {
  switch (op) {
    case ref::UnaryOp::kElu:
      return rows.elu;
    case ref::UnaryOp::kErf:
      return rows.erf;
    case ref::UnaryOp::kExp:
      return rows.exp;
    case ref::UnaryOp::kGelu:
      return rows.gelu;
    case ref::UnaryOp::kGeluTanh:
      return rows.gelu_tanh;
    case ref::UnaryOp::kHardSigmoid:
      return rows.hard_sigmoid;
    case ref::UnaryOp::kHardSwish:
      return rows.hard_swish;
    case ref::UnaryOp::kLeakyRelu:
      return rows.leaky_relu;
    case ref::UnaryOp::kMish:
      return rows.mish;
    case ref::UnaryOp::kSigmoid:
      return rows.sigmoid;
    case ref::UnaryOp::kTanh:
      return rows.tanh;
    default:
      return nullptr;
  }
}

Status accepts(const RowKernels& rows, const UnaryDesc& desc) {
  if (desc.dtype != DType::kF32) return unsupported("takes fp32 only");
  return row_of(rows, desc.op) != nullptr ? Status() : unsupported("has no such function");
}

template <const RowKernels& (*rows)()>
Status run(const UnaryDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  const MapRow row = row_of(rows(), desc.op);
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  pool.parallel_for(in.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    row(source + begin, target + begin, end - begin, desc.params.alpha, desc.params.beta);
  });
  return {};
}

}  // namespace

std::span<const UnaryImpl> unary_impls() {
  static constexpr std::array<UnaryImpl, 3> kImpls = {{
      {"vector_avx512",
       [](const UnaryDesc& desc, const CpuFeatures& cpu) -> Status {
         RETURN_IF_ERROR(needs_avx512(cpu));
         return accepts(vector::avx512_rows(), desc);
       },
       run<vector::avx512_rows>},
      {"vector_avx2",
       [](const UnaryDesc& desc, const CpuFeatures& cpu) -> Status {
         RETURN_IF_ERROR(needs_avx2(cpu));
         return accepts(vector::avx2_rows(), desc);
       },
       run<vector::avx2_rows>},
      {"ref", [](const UnaryDesc&, const CpuFeatures&) { return Status(); },
       [](const UnaryDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool) {
         return ref::unary(desc.op, desc.params, in, out, pool);
       }},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
