#include <ATen/Functions.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <unordered_map>
#include <unordered_set>

#include "engine/libtorch/program.h"

namespace ridgeline::libtorch {

/// Turns nodes into steps in order, running each once so that the next one's builder knows what is constant.
class ProgramBuilder {
 public:
  ProgramBuilder(const Graph& graph, const Placement& placement) : graph_(graph) {
    program_.placement_ = placement;
    program_.slots_.emplace_back();
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& name : graph.nodes[i].inputs) last_reader_[name] = i;
    }
    for (const ValueInfo& output : graph.outputs) last_reader_[output.name] = graph.nodes.size();
    convolves_ = std::any_of(graph.nodes.begin(), graph.nodes.end(), reads_conv_weights);
  }

  Status add_constants();
  Status add_inputs(const std::vector<Shape>& shapes);
  Status add_node(size_t index);
  Result<Program> finish();

 private:
  static bool reads_conv_weights(const Node& node) { return node.op == "Conv" || node.op == "ConvTranspose"; }
  static bool asks_for_shape(const Node& node) { return node.op == "Shape" || node.op == "Size"; }

  bool is_constant(const std::string& name) const { return name.empty() || constants_.contains(name); }
  bool is_foldable(const Node& node) const;
  bool has_open_shape(const Node& node, const OpRow& row) const;
  Status fold(const Node& node, const OpRow& row);
  Status append(const Node& node, const OpRow& row);
  std::vector<int64_t> ranks_of(const Node& node) const;
  void try_step(const Step& step, bool open_shape);
  Result<Shape> output_shape(const ValueInfo& output, const at::Tensor& value) const;
  Result<size_t> slot_for(const std::string& name, bool is_conv_weight);
  size_t new_slot(at::Tensor value);
  at::Tensor placed(const at::Tensor& constant, bool is_conv_weight) const;
  void free_values_read_last_by(size_t node);

  const Graph& graph_;
  Program program_;
  bool convolves_ = false;
  std::unordered_map<std::string, size_t> last_reader_;
  std::map<std::string, at::Tensor> constants_;  ///< in the graph's types, on the CPU
  std::unordered_map<std::string, size_t> slots_;
  std::unordered_map<std::string, size_t> conv_weight_slots_;
  std::unordered_set<std::string> open_shapes_;  ///< values whose shape depends on the data
  Status failure_;                               ///< of the step that is being tried
};

size_t ProgramBuilder::new_slot(at::Tensor value) {
  program_.slots_.push_back(std::move(value));
  return program_.slots_.size() - 1;
}

at::Tensor ProgramBuilder::placed(const at::Tensor& constant, bool is_conv_weight) const {
  const Placement& placement = program_.placement_;
  const at::ScalarType type =
      constant.scalar_type() == at::kFloat ? placement.float_type : constant.scalar_type();
  const at::Tensor value = constant.to(placement.device, type);
  return is_conv_weight && value.dim() == 4 ? value.contiguous(at::MemoryFormat::ChannelsLast) : value;
}

Status ProgramBuilder::add_constants() {
  for (const auto& [name, tensor] : graph_.initializers) {
    if (!scalar_type_of(tensor.dtype())) {
      return unsupported("initializer '{}' is of type {}, which ATen does not have", name,
                         name_of(tensor.dtype()));
    }
    constants_.emplace(name, share(tensor));
  }
  return {};
}

Status ProgramBuilder::add_inputs(const std::vector<Shape>& shapes) {
  const Placement& placement = program_.placement_;
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ValueInfo& input = graph_.inputs[i];
    const auto type = scalar_type_of(input.type.dtype);
    if (!type)
      return unsupported("input '{}' is of type {}, which ATen does not have", input.name,
                         name_of(input.type.dtype));
    const bool channels_last = convolves_ && shapes[i].rank() == 4 && is_float(input.type.dtype);
    const auto options =
        at::TensorOptions()
            .dtype(*type == at::kFloat ? placement.float_type : *type)
            .device(placement.device)
            .memory_format(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
    const size_t slot = new_slot(at::empty(shapes[i].dims(), options).zero_());
    slots_.emplace(input.name, slot);
    program_.inputs_.push_back(slot);
  }
  return {};
}

bool ProgramBuilder::is_foldable(const Node& node) const {
  if (asks_for_shape(node)) {
    return is_constant(node.inputs[0]) ||
           (!open_shapes_.contains(node.inputs[0]) && program_.slots_[slots_.at(node.inputs[0])].defined());
  }
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [this](const std::string& name) { return is_constant(name); });
}

bool ProgramBuilder::has_open_shape(const Node& node, const OpRow& row) const {
  if (row.data_dependent) return true;
  for (const size_t input : row.shape_inputs) {
    if (node.has_input(input) && !is_constant(node.inputs[input])) return true;
  }
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [this](const std::string& name) { return open_shapes_.contains(name); });
}

Status ProgramBuilder::fold(const Node& node, const OpRow& row) {
  const OpSite site{.node = node,
                    .constants = constants_,
                    .float_type = at::kFloat,
                    .device = at::kCPU,
                    .input_ranks = ranks_of(node)};
  ASSIGN_OR_RETURN(const Kernel kernel, row.build(site));
  std::vector<at::Tensor> values(1);
  std::vector<InputRef> inputs;
  for (const std::string& name : node.inputs) {
    inputs.push_back({.slot = name.empty() ? 0 : values.size(), .last_read = false});
    if (!name.empty())
      values.push_back(is_constant(name) ? constants_.at(name) : program_.slots_[slots_.at(name)]);
  }
  std::vector<size_t> outputs;
  for (size_t i = 0; i < node.outputs.size(); ++i) outputs.push_back(values.size() + i);
  values.resize(values.size() + node.outputs.size());
  kernel(Inputs(values, inputs), Outputs(values, outputs));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.has_output(i)) constants_.insert_or_assign(node.outputs[i], values[outputs[i]].contiguous());
  }
  return {};
}

Result<size_t> ProgramBuilder::slot_for(const std::string& name, bool is_conv_weight) {
  if (name.empty()) return size_t{0};
  const auto constant = constants_.find(name);
  auto& slots = is_conv_weight && constant != constants_.end() ? conv_weight_slots_ : slots_;
  if (const auto found = slots.find(name); found != slots.end()) return found->second;
  if (constant == constants_.end()) return invalid_argument("nothing makes the value '{}'", name);
  const size_t slot = new_slot(placed(constant->second, is_conv_weight));
  slots.emplace(name, slot);
  program_.constants_.push_back(slot);
  return slot;
}

Status ProgramBuilder::append(const Node& node, const OpRow& row) {
  const Placement& placement = program_.placement_;
  const OpSite site{.node = node,
                    .constants = constants_,
                    .float_type = placement.float_type,
                    .device = placement.device,
                    .input_ranks = ranks_of(node)};
  ASSIGN_OR_RETURN(Kernel kernel, row.build(site));
  Step step{.name = node.name.empty() ? node.outputs[0] : node.name,
            .op = node.op,
            .kernel = std::move(kernel),
            .inputs = {},
            .outputs = {},
            .dead = {}};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    ASSIGN_OR_RETURN(const size_t slot, slot_for(node.inputs[i], i == 1 && reads_conv_weights(node)));
    step.inputs.push_back({.slot = slot, .last_read = false});
  }
  const bool open_shape = has_open_shape(node, row);
  for (const std::string& name : node.outputs) {
    step.outputs.push_back(new_slot({}));
    if (name.empty()) continue;
    slots_.emplace(name, step.outputs.back());
    if (open_shape) open_shapes_.insert(name);
  }
  try_step(step, open_shape);
  program_.steps_.push_back(std::move(step));
  return std::move(failure_);
}

/// -1 where the trial has not shown it, and for an input that is left out.
std::vector<int64_t> ProgramBuilder::ranks_of(const Node& node) const {
  std::vector<int64_t> ranks;
  for (const std::string& name : node.inputs) {
    const auto constant = constants_.find(name);
    const auto slot = slots_.find(name);
    at::Tensor value;
    if (constant != constants_.end())
      value = constant->second;
    else if (slot != slots_.end())
      value = program_.slots_[slot->second];
    ranks.push_back(value.defined() ? value.dim() : -1);
  }
  return ranks;
}

/// The trial's zeros may be no valid dimensions, indices or divisors: where a step reads such data, its
/// failure only leaves its readers untried, unless it shows that a kernel is missing.
void ProgramBuilder::try_step(const Step& step, bool open_shape) {
  failure_ = {};
  bool reads_integers = false;
  for (const InputRef& ref : step.inputs) {
    const at::Tensor& value = program_.slots_[ref.slot];
    if (ref.slot != 0 && !value.defined()) return;
    const bool is_constant = std::find(program_.constants_.begin(), program_.constants_.end(), ref.slot) !=
                             program_.constants_.end();
    reads_integers =
        reads_integers || (ref.slot != 0 && !is_constant && at::isIntegralType(value.scalar_type(), true));
  }
  try {
    step.kernel(Inputs(program_.slots_, step.inputs), Outputs(program_.slots_, step.outputs));
  } catch (const std::exception& error) {
    Status status = status_of(error);
    if (status.code() == ErrorCode::kUnsupported || !(open_shape || reads_integers))
      failure_ = std::move(status);
  }
}

void ProgramBuilder::free_values_read_last_by(size_t node) {
  const auto is_input = [this](size_t slot) {
    return std::find(program_.inputs_.begin(), program_.inputs_.end(), slot) != program_.inputs_.end();
  };
  const auto free = [&](const std::string& name) {
    const auto reader = last_reader_.find(name);
    if (reader != last_reader_.end() && reader->second > node) return;
    constants_.erase(name);
    const auto slot = slots_.find(name);
    const bool is_constant =
        slot != slots_.end() && std::find(program_.constants_.begin(), program_.constants_.end(),
                                          slot->second) != program_.constants_.end();
    if (slot != slots_.end() && !is_constant && !is_input(slot->second))
      program_.slots_[slot->second].reset();
  };
  for (const std::string& name : graph_.nodes[node].inputs) free(name);
  for (const std::string& name : graph_.nodes[node].outputs) free(name);
}

Status ProgramBuilder::add_node(size_t index) {
  const Node& node = graph_.nodes[index];
  const OpRow* row = find_op(node);
  if (row == nullptr) return unsupported("{} has no kernel on ATen", node.describe());
  try {
    RETURN_IF_ERROR(
        (is_foldable(node) ? fold(node, *row) : append(node, *row)).with_context(node.describe()));
  } catch (const std::exception& error) {
    return status_of(error).with_context(node.describe());
  }
  free_values_read_last_by(index);
  return {};
}

/// What the trial gave; the graph's word for an output that it did not reach.
Result<Shape> ProgramBuilder::output_shape(const ValueInfo& output, const at::Tensor& value) const {
  if (!value.defined()) {
    if (output.type.shape) return *output.type.shape;
    return unsupported("output '{}' depends on the data and the graph does not tell its rank", output.name);
  }
  if (open_shapes_.contains(output.name))
    return Shape(std::vector<int64_t>(static_cast<size_t>(value.dim()), Shape::kUnknownDim));
  return Shape(value.sizes().vec());
}

Result<Program> ProgramBuilder::finish() {
  for (const ValueInfo& output : graph_.outputs) {
    ASSIGN_OR_RETURN(const size_t slot, slot_for(output.name, false));
    ASSIGN_OR_RETURN(Shape shape, output_shape(output, program_.slots_[slot]));
    program_.outputs_.push_back(slot);
    program_.output_shapes_.push_back(std::move(shape));
  }
  std::vector<size_t> kept = program_.constants_;
  kept.push_back(0);
  kept.insert(kept.end(), program_.inputs_.begin(), program_.inputs_.end());
  kept.insert(kept.end(), program_.outputs_.begin(), program_.outputs_.end());
  mark_deaths(program_.steps_, kept);
  return std::move(program_);
}

Result<Program> Program::build(const Graph& graph, const std::vector<Shape>& shapes,
                               const Placement& placement) {
  const c10::InferenceMode inference;
  ProgramBuilder builder(graph, placement);
  RETURN_IF_ERROR(builder.add_constants());
  RETURN_IF_ERROR(builder.add_inputs(shapes));
  for (size_t i = 0; i < graph.nodes.size(); ++i) RETURN_IF_ERROR(builder.add_node(i));
  return builder.finish();
}

}  // namespace ridgeline::libtorch
