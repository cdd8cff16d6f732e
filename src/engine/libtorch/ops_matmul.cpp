// Products of matrices.

#include <ATen/Functions.h>
#include <array>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

/// alpha·A·B + beta·C.
at::Tensor gemm(const Inputs& in, bool transpose_a, bool transpose_b, double alpha, double beta) {
  const at::Tensor a = transpose_a ? in[0].t() : in[0];
  const at::Tensor b = transpose_b ? in[1].t() : in[1];
  if (at::isFloatingType(a.scalar_type())) {
    return in.has(2) ? at::addmm(in[2], a, b, beta, alpha)
                     : (alpha == 1 ? at::mm(a, b) : at::mm(a, b).mul(alpha));
  }
  const at::Tensor product = at::mm(a, b).mul(static_cast<int64_t>(alpha));
  return in.has(2) ? product.add(in[2], static_cast<int64_t>(beta)) : product;
}

Result<Kernel> build_gemm(const OpSite& site) {
  const bool transpose_a = site.node.int_or("transA", 0) != 0;
  const bool transpose_b = site.node.int_or("transB", 0) != 0;
  const double alpha = site.node.float_or("alpha", 1);
  const double beta = site.node.float_or("beta", 1);
  return returns([=](const Inputs& in) { return gemm(in, transpose_a, transpose_b, alpha, beta); });
}

Result<Kernel> build_matmul(const OpSite&) {
  return returns([](const Inputs& in) { return at::matmul(in[0], in[1]); });
}

Result<Kernel> build_einsum(const OpSite& site) {
  return returns([equation = site.node.string_or("equation", "")](const Inputs& in) {
    std::vector<at::Tensor> operands;
    for (size_t i = 0; i < in.size(); ++i) operands.push_back(in[i]);
    return at::einsum(equation, operands);
  });
}

Result<Kernel> build_det(const OpSite&) {
  return returns([](const Inputs& in) { return at::linalg_det(in[0]); });
}

}  // namespace

std::span<const OpRow> matmul_ops() {
  static const std::array kRows = {
      OpRow{"Det", build_det},
      OpRow{"Einsum", build_einsum},
      OpRow{"Gemm", build_gemm},
      OpRow{"MatMul", build_matmul},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
