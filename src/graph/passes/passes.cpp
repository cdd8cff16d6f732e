#include "graph/passes/passes.h"

#include <array>

namespace ridgeline::passes {
namespace {

constexpr auto kPasses = std::to_array<Pass>({
    {"fix_input_shapes", fix_input_shapes},
    {"remove_identities", remove_identities},
    {"multiply_einsums", multiply_einsums},
    {"fold_constants", fold_constants},
    {"read_pixels", read_pixels},
    {"name_global_pools", name_global_pools},
    {"fold_pads", fold_pads},
    {"trim_kernels", trim_kernels},
    {"fuse_gelus", fuse_gelus},
    {"keep_channels", keep_channels},
    {"name_affines", name_affines},
    {"flatten_products", flatten_products},
    {"fold_batch_norms", fold_batch_norms},
    {"spread_batch_norms", spread_batch_norms},
    {"fuse_convs", fuse_convs},
    {"fuse_quantized_layers", fuse_quantized_layers},
    {"stay_in_integers", stay_in_integers},
    {"round_in_floats", round_in_floats},
    {"remove_dead_code", remove_dead_code},
    {"fold_dequantized", fold_dequantized},
    {"fuse_biases", fuse_biases},
    {"stride_products", stride_products},
    {"remove_dead_code", remove_dead_code},
});

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

Status optimize(Graph& graph, const PassOptions& options) {
  Graph rewritten = graph;
  for (const Pass& pass : kPasses) RETURN_IF_ERROR(pass.run(rewritten, options).with_context(pass.name));
  graph = std::move(rewritten);
  return {};
}

}  // namespace ridgeline::passes
