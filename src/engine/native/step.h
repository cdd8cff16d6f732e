#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "kernels/select.h"
#include "kernels/window.h"
#include "tensor/tensor.h"

namespace ridgeline::native {

class Packer;

/// Every value of a plan has a slot: weights and constants hold their data from the start, inputs get it at
/// each run, the rest lies in the arena.
using Slots = std::span<const TensorView>;
using Run = std::function<Status(Slots slots, ThreadPool& pool)>;

/// Rows of one image's output.
struct Part {
  kernels::Window window;  ///< of these rows, between planes that lie in_plane and out_plane apart
  int64_t image = 0;
  const std::byte* in = nullptr;
  float* out = nullptr;
  int64_t out_offset = 0;  ///< floats from the whole output's start, where `out` lies in it
};

/// A step on images that can make any rows of its output by themselves.
struct RowWise {
  size_t in, out;          ///< slots: [batch, planes, height, width] or with blocks of channels
  kernels::Window window;  ///< of the whole image
  bool has_residual = false;
  bool has_row_means = false;
  size_t weights_bytes = 0;
  /// How far images and rows of `in` are apart where it has pixels of bytes, not FP32.
  struct Pixels {
    int64_t image_bytes, row_bytes;
  };
  std::optional<Pixels> pixels{};
  /// Can't fail.
  std::function<void(Slots slots, const Part& part, ThreadPool& pool)> run;
};

/// Steps that were joined into one.
struct JoinedSteps {
  struct Link {
    std::string name, op, kernel;
  };
  std::vector<Link> links;
  /// Runs the joined step and sets the share of its time that each link took.
  std::function<void(Slots slots, ThreadPool& pool, std::span<double> shares)> run_timed;
};

/// One operator, bound to its slots.
struct Step {
  std::string name;  ///< of the ONNX node
  std::string op;
  std::string kernel;           ///< which implementation was chosen
  std::vector<size_t> in, out;  ///< slots read, and written: results and scratch memory
  Run run;
  std::vector<kernels::Refusal> refusals{};  ///< of implementations that come before it in their lists
  size_t results = 1;                        ///< of `out`, the first; the rest is scratch memory
  std::optional<RowWise> rows{};
  std::optional<size_t> replaced{};  ///< as Built has it
  std::optional<JoinedSteps> joined{};
};

/// What a builder sees of the node it makes a step of.
struct BuildContext {
  const Node& node;
  std::span<const std::optional<size_t>> in;  ///< slot of each input, empty where absent
  std::span<const size_t> out;
  size_t scratch;  ///< slot of the memory that Built::scratch_bytes asks for
  Slots slots;     ///< types and shapes of all; data of constants only
  const CpuFeatures& cpu;
  int threads;                  ///< of the pools that the step will run on, at most
  std::vector<Tensor>& packed;  ///< keeps what the step's packed weights live in
  Packer& packer;               ///< of those

  bool has(size_t i) const { return i < in.size() && in[i].has_value(); }
  std::optional<size_t> slot(size_t i) const { return has(i) ? in[i] : std::nullopt; }
  const TensorView& input(size_t i) const { return slots[*in[i]]; }
  const TensorView& output(size_t i) const { return slots[out[i]]; }
  bool is_constant(size_t i) const { return has(i) && input(i).data != nullptr; }
};

struct Built {
  std::string kernel;
  Run run;
  size_t scratch_bytes = 0;
  std::vector<size_t> packed_inputs{};  ///< inputs that the step reads in packed form only
  std::vector<kernels::Refusal> refusals{};
  std::optional<RowWise> rows{};
  /// The slot of an input that the first result may lie over: as large, and read before it is written to.
  std::optional<size_t> replaced{};
};
using Builder = Result<Built> (*)(const BuildContext&);

/// One row per operator that the engine runs.
struct BuilderRow {
  std::string_view op;
  Builder build;
  bool fp32_only = false;     ///< the kernels read and write FP32 and nothing else
  std::string_view domain{};  ///< of the op, empty for ONNX's own
};
/// Null for an op that the engine cannot run.
const BuilderRow* find_builder(const Node& node);
/// The row's step. kUnsupported, naming the node, for types and ranks that its kernels do not take.
Result<Built> build_step(const BuilderRow& row, const BuildContext& context);

std::span<const BuilderRow> conv_builders();
std::span<const BuilderRow> matrix_builders();  ///< products
std::span<const BuilderRow> einsum_builders();  ///< sums of products by an equation
std::span<const BuilderRow> pool_builders();    ///< pooling and its inverse
std::span<const BuilderRow> conv_transpose_builders();
std::span<const BuilderRow> resize_builders();       ///< images sampled between their pixels
std::span<const BuilderRow> quantize_builders();     ///< between fp32 and small integers
std::span<const BuilderRow> quantized_builders();    ///< layers on small integers
std::span<const BuilderRow> creation_builders();     ///< tensors out of attributes and shapes
std::span<const BuilderRow> elementwise_builders();  ///< one or two inputs, broadcasting
std::span<const BuilderRow> layout_builders();       ///< moves
std::span<const BuilderRow> normalise_builders();    ///< batch norm, softmax and their kin
std::span<const BuilderRow> cut_builders();          ///< slices, pads, tiles
std::span<const BuilderRow> gather_builders();       ///< picks and puts by index
std::span<const BuilderRow> reduce_builders();       ///< sums and extremes along axes

}  // namespace ridgeline::native
