#include "engine/native/plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/cpu_features.h"
#include "engine/native/blocked_builders.h"
#include "engine/native/byte_builders.h"
#include "engine/native/chain.h"
#include "engine/native/fold_squeezes.h"
#include "engine/native/layout.h"
#include "engine/native/line_builders.h"
#include "engine/native/line_product.h"
#include "engine/signature.h"
#include "graph/ops/infer_context.h"
#include "graph/passes/passes.h"
#include "kernels/bytes/conv.h"
#include "kernels/lines/conv.h"
#include "tensor/half.h"

namespace ridgeline::native {
namespace {

/// Why a model is computed in FP32 and not on bytes or in lines.
using Refused = std::optional<kernels::Refusal>;

class Planner {
 public:
  Planner(std::shared_ptr<const Graph> graph, ops::Scope scope, CpuFeatures cpu, const PlanOptions& options)
      : graph_(std::move(graph)),
        scope_(std::move(scope)),
        cpu_(cpu),
        threads_(options.threads),
        numbers_(numbers_of(options.precision)),
        on_bytes_(options.precision == Precision::kInt8 && options.int8 == Int8Kernels::kBytes),
        packer_(options.weights) {}

  Status add_steps() {
    ASSIGN_OR_RETURN(plan_.signature, static_signature(*graph_, scope_.types));
    for (const auto& [name, tensor] : graph_->initializers) add_constant(name, tensor);
    for (const ValueInfo& input : plan_.signature.inputs)
      plan_.inputs.push_back(add_slot(input.name, input.type));
    for (const Node& node : graph_->nodes) RETURN_IF_ERROR(add_node(node));
    for (const ValueInfo& output : graph_->outputs)
      plan_.outputs.push_back(slot_of(output.name, Form::kPlanes));
    return {};
  }

  std::span<const Step> steps() const { return plan_.steps; }

  /// With its weights packed and its values in their places. The graph is let go before.
  Result<Plan> finish(const PlanOptions& options) && {
    chain_steps(plan_, options.chains, threads_);
    plan_.shared_bytes = packer_.shared_bytes();
    keep_constants();
    graph_.reset();
    if (!options.is_trial) packer_.finish(options.packing_threads);
    RETURN_IF_ERROR(place_values());
    return std::move(plan_);
  }

 private:
  using Forms = std::array<std::optional<size_t>, kForms>;

  Shape shape_in(Form form, const Shape& shape) const {
    if (form == Form::kBlocks) return blocked_shape(shape);
    if (form == Form::kLines) return lined_shape(shape, *numbers_);
    return form == Form::kBytes ? byte_shape(shape) : shape;
  }

  size_t add_slot(const std::string& name, const ValueType& type, Form form = Form::kPlanes) {
    slots_by_name_[name][static_cast<size_t>(form)] = plan_.slots.size();
    const DType dtype = form == Form::kLines ? DType::kBF16 : type.dtype;
    plan_.slots.push_back({dtype, shape_in(form, *type.shape), nullptr});
    return plan_.slots.size() - 1;
  }

  bool is_in(const std::string& name, Form form) const {
    return slots_by_name_.at(name)[static_cast<size_t>(form)].has_value();
  }

  /// Turned first where it lies in other forms alone. Blocks lie between planes and lines; bytes turn from
  /// planes and into them; planes are made of pixels.
  size_t slot_of(const std::string& name, Form form) {
    if (is_in(name, form)) return *slots_by_name_.at(name)[static_cast<size_t>(form)];
    if (form == Form::kPlanes && is_in(name, Form::kPixels)) {
      const ValueType& type = *scope_.type(name);
      const size_t image = add_slot(name, type);
      plan_.steps.push_back(make_image(pixels_.at(name), (*type.shape)[0], image, cpu_));
      return image;
    }
    const bool bytes = form == Form::kBytes || is_in(name, Form::kBytes);
    const bool in_planes = is_in(name, Form::kPlanes) || is_in(name, Form::kPixels);
    const Form before = bytes                   ? (form == Form::kBytes ? Form::kPlanes : Form::kBytes)
                        : form != Form::kBlocks ? Form::kBlocks
                        : in_planes             ? Form::kPlanes
                                                : Form::kLines;
    const size_t from = slot_of(name, before);
    const ValueType& type = *scope_.type(name);
    const size_t to = add_slot(name, type, form);
    const bool between_lines = form == Form::kLines || before == Form::kLines;
    Built turn = bytes ? build_byte_turn(type, from, to, form == Form::kBytes)
                 : between_lines
                     ? build_line_turn(*type.shape, from, to, {form == Form::kLines, *numbers_}, cpu_)
                     : build_turn(*type.shape, from, to, form == Form::kBlocks);
    plan_.steps.push_back({name, "Turn", std::move(turn.kernel), {from}, {to}, std::move(turn.run)});
    return to;
  }

  void add_constant(const std::string& name, const Tensor& tensor) {
    const size_t slot = add_slot(name, {tensor.dtype(), tensor.shape()});
    plan_.slots[slot].data = constants_.emplace(slot, tensor).first->second.data();
  }

  /// Values that inference knows whole (the arithmetic around Reshape …) become constants and need no step.
  Result<bool> add_known_outputs(const Node& node) {
    for (const std::string& output : node.outputs) {
      const ops::PartialValue* value = output.empty() ? nullptr : scope_.value(output);
      if (value == nullptr) return false;
      for (const auto& element : *value)
        if (!element) return false;
    }
    for (const std::string& output : node.outputs) {
      std::vector<double> elements;
      for (const auto& element : *scope_.value(output)) elements.push_back(*element);
      const ValueType& type = *scope_.type(output);
      if (!type.shape || !type.shape->is_static() ||
          type.shape->element_count() != static_cast<int64_t>(elements.size()))
        return false;
      ASSIGN_OR_RETURN(const Tensor wide, Tensor::from_values<double>(*type.shape, elements));
      ASSIGN_OR_RETURN(const Tensor tensor, convert(wide, type.dtype));
      add_constant(output, tensor);
    }
    return true;
  }

  Status add_node(const Node& node) {
    ASSIGN_OR_RETURN(const bool known, add_known_outputs(node));
    if (known) return {};
    if (node.op == "ReadPixels" && node.domain == "ridgeline") return add_pixels(node);
    if (on_bytes_) {
      ASSIGN_OR_RETURN(const bool in_bytes, add_formed_step(node, find_byte_row(node), Form::kBytes));
      if (in_bytes) return {};
    }
    if (numbers_) {
      ASSIGN_OR_RETURN(const bool in_lines, add_formed_step(node, find_lined(node), Form::kLines));
      if (in_lines) return {};
    }
    ASSIGN_OR_RETURN(const bool in_blocks, add_formed_step(node, find_blocked(node), Form::kBlocks));
    if (in_blocks) return {};
    const BuilderRow* row = on_bytes_ ? find_byte_builder(node) : nullptr;
    if (row == nullptr) row = find_builder(node);
    if (row == nullptr) return unsupported("native does not run {}", node.describe());
    std::vector<std::optional<size_t>> in;
    for (const std::string& input : node.inputs)
      in.push_back(input.empty() ? std::nullopt : std::optional(slot_of(input, Form::kPlanes)));
    std::vector<size_t> out;
    for (const std::string& output : node.outputs) {
      const ValueType* type = output.empty() ? nullptr : scope_.type(output);
      if (type == nullptr) continue;
      if (!type->shape || !type->shape->is_static())
        return unsupported("{}: the shape of '{}' is not known before a run", node.describe(), output);
      if (type->dtype == DType::kF64 || type->dtype == DType::kF16 || type->dtype == DType::kBF16)
        return unsupported("{}: native computes fp32, not {}", node.describe(), name_of(type->dtype));
      out.push_back(add_slot(output, *type));
    }
    return add_step(node, in, std::move(out), [&](const BuildContext& context) {
      const bool is_narrow = numbers_ == kernels::lines::Numbers::kBf16 && is_line_product(context);
      return is_narrow ? build_line_product(context) : build_step(*row, context);
    });
  }

  /// No step: whoever reads the image may read its pixels.
  Status add_pixels(const Node& node) {
    const size_t slot = slot_of(node.inputs[0], Form::kPlanes);
    ASSIGN_OR_RETURN(PixelSource source, describe_pixels(node, slot, plan_.slots[slot].shape));
    if (!source.steps.empty()) plan_.constants.push_back(source.steps);
    slots_by_name_[node.outputs[0]][static_cast<size_t>(Form::kPixels)] = slot;
    pixels_.emplace(node.outputs[0], std::move(source));
    return {};
  }

  /// `build` makes the step of a context with these slots.
  template <typename Build>
  Status add_step(const Node& node, const std::vector<std::optional<size_t>>& in, std::vector<size_t> out,
                  const Build& build) {
    const size_t scratch = plan_.slots.size(), results = out.size();
    ASSIGN_OR_RETURN(Built built, build(BuildContext{node, in, out, scratch, plan_.slots, cpu_, threads_,
                                                     plan_.constants, packer_}));
    if (built.scratch_bytes > 0) {
      plan_.slots.push_back({DType::kU8, {static_cast<int64_t>(built.scratch_bytes)}, nullptr});
      out.push_back(scratch);
    }
    Step step{node.name,
              node.op,
              std::move(built.kernel),
              {},
              std::move(out),
              std::move(built.run),
              std::move(built.refusals),
              results,
              std::move(built.rows),
              built.replaced};
    const auto& packed = built.packed_inputs;
    for (size_t i = 0; i < in.size(); ++i)
      if (in[i] && std::find(packed.begin(), packed.end(), i) == packed.end()) step.in.push_back(*in[i]);
    plan_.steps.push_back(std::move(step));
    return {};
  }

  /// Whether the node runs on images in that form, by the form's row for its operator.
  Result<bool> add_formed_step(const Node& node, const BlockedRow* row, Form form) {
    const auto out_type = row == nullptr ? nullptr : image_output(node, *row);
    const bool takes_type = out_type != nullptr && (form == Form::kBytes || out_type->dtype == DType::kF32);
    if (!takes_type) return false;
    std::vector<BlockedNode::Input> inputs = blocked_inputs(node);
    BlockedNode formed{node, inputs, *out_type->shape, out_type->dtype, cpu_, threads_};
    if (numbers_) formed.numbers = *numbers_;
    const auto wanted = row->inputs(formed);
    if (!wanted) return false;
    const bool of_pixels =
        inputs[0].pixels != nullptr && row->takes_pixels != nullptr && row->takes_pixels(formed);
    if (!of_pixels) inputs[0].pixels = nullptr;
    std::vector<std::optional<size_t>> in;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const bool is_wanted = std::find(wanted->begin(), wanted->end(), i) != wanted->end();
      const Form own = i == 0 && of_pixels ? Form::kPixels : is_wanted ? form : Form::kPlanes;
      in.push_back(formed.has(i) ? std::optional(slot_of(node.inputs[i], own)) : std::nullopt);
    }
    const bool leaves_bytes = form == Form::kBytes && out_type->dtype == DType::kF32;
    std::vector<size_t> out = {add_slot(node.outputs[0], *out_type, leaves_bytes ? Form::kBlocks : form)};
    for (size_t i = 1; i < node.outputs.size(); ++i)
      if (node.has_output(i)) out.push_back(add_slot(node.outputs[i], *scope_.type(node.outputs[i]), form));
    RETURN_IF_ERROR(
        add_step(node, in, out, [&](const BuildContext& context) { return row->build(context, formed); }));
    if (of_pixels) plan_.steps.back().name = inputs[0].pixels->nodes + "+" + node.name;
    return true;
  }

  /// The type of a node's only output, or of the first where the row leaves several, where that is an image.
  const ValueType* image_output(const Node& node, const BlockedRow& row) const {
    const bool is_only =
        node.has_output(0) &&
        (row.leaves_several || std::none_of(node.outputs.begin() + 1, node.outputs.end(),
                                            [](const std::string& name) { return !name.empty(); }));
    const ValueType* const type = is_only ? scope_.type(node.outputs[0]) : nullptr;
    const bool is_image =
        type != nullptr && type->shape && type->shape->is_static() && type->shape->rank() == 4;
    return is_image ? type : nullptr;
  }

  std::vector<BlockedNode::Input> blocked_inputs(const Node& node) const {
    std::vector<BlockedNode::Input> inputs;
    for (const std::string& name : node.inputs) {
      if (name.empty()) {
        inputs.emplace_back();
        continue;
      }
      const bool in_lines = is_in(name, Form::kLines), in_blocks = in_lines || is_in(name, Form::kBlocks);
      const auto planes = slots_by_name_.at(name)[static_cast<size_t>(Form::kPlanes)];
      const auto pixels = pixels_.find(name);
      inputs.push_back({scope_.type(name), in_blocks, in_lines, is_in(name, Form::kBytes),
                        planes ? plan_.slots[*planes].data : nullptr,
                        pixels == pixels_.end() ? nullptr : &pixels->second});
    }
    return inputs;
  }

  /// Weights that live on in packed form only are let go as they are packed.
  void keep_constants() {
    const auto keep = [&](size_t slot) {
      if (auto constant = constants_.extract(slot)) plan_.constants.push_back(std::move(constant.mapped()));
    };
    for (const Step& step : plan_.steps) std::for_each(step.in.begin(), step.in.end(), keep);
    std::for_each(plan_.outputs.begin(), plan_.outputs.end(), keep);
    std::vector<Tensor> plain;
    for (auto& [slot, tensor] : std::exchange(constants_, {})) {
      plan_.slots[slot].data = nullptr;
      plain.push_back(tensor);
    }
    packer_.hold(plain);
  }

  /// One arena for every computed value.
  Status place_values() {
    const Buffers buffers = buffers_of(plan_);
    const Layout layout = lay_out(buffers.lifetimes);
    ASSIGN_OR_RETURN(plan_.arena, Tensor::zeros(DType::kU8, {static_cast<int64_t>(layout.total)}));
    for (const auto& [slot, buffer] : buffers.by_slot)
      plan_.slots[slot].data = plan_.arena.data() + layout.offsets[buffer];
    return {};
  }

  std::shared_ptr<const Graph> graph_;
  ops::Scope scope_;
  CpuFeatures cpu_;
  int threads_;
  std::optional<kernels::lines::Numbers> numbers_;
  bool on_bytes_;
  Plan plan_;
  std::map<std::string, Forms> slots_by_name_;
  std::map<std::string, PixelSource> pixels_;
  std::map<size_t, Tensor> constants_;
  Packer packer_;
};

/// The graph as it is, planned but for its weights, which are not yet packed.
Result<Planner> draft_as_it_is(std::shared_ptr<const Graph> graph, const PlanOptions& options) {
  ASSIGN_OR_RETURN(ops::Scope scope, ops::infer_scope(*graph, {}, nullptr));
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  Planner planner(std::move(graph), std::move(scope), cpu, options);
  RETURN_IF_ERROR(planner.add_steps());
  return planner;
}

/// Runs one node on constants, for constant folding.
Result<std::vector<Tensor>> evaluate(const Node& node, std::span<const Tensor> inputs) {
  const auto graph = std::make_shared<Graph>();
  graph->nodes = {node};
  for (size_t i = 0; i < inputs.size(); ++i)
    if (node.has_input(i)) graph->initializers[node.inputs[i]] = inputs[i];
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(*graph));
  for (const std::string& output : node.outputs)
    if (!output.empty()) graph->outputs.push_back({output, types.at(output), {}});
  ASSIGN_OR_RETURN(Planner planner, draft_as_it_is(graph, {}));
  ASSIGN_OR_RETURN(Plan plan, std::move(planner).finish({}));
  ThreadPool pool(1);
  RETURN_IF_ERROR(plan.run({}, pool));
  std::vector<Tensor> outputs(node.outputs.size());
  for (size_t i = 0, present = 0; i < outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    const TensorView& value = plan.slots[plan.outputs[present++]];
    ASSIGN_OR_RETURN(outputs[i],
                     Tensor::from_bytes(value.dtype, value.shape, {value.data, value.byte_size()}));
  }
  return outputs;
}

/// Of the plan's constants, those that are the graph's own.
size_t bytes_within(const Graph& graph, std::span<const Tensor> constants) {
  std::map<const std::byte*, size_t> own;
  for (const auto& [name, tensor] : graph.initializers) own[tensor.data()] = tensor.byte_size();
  size_t sum = 0;
  for (const Tensor& tensor : constants)
    if (const auto found = own.extract(tensor.data())) sum += found.mapped();
  return sum;
}

/// Of the graph after all passes.
Result<Planner> draft(const Graph& graph, const PlanOptions& options) {
  const bool in_integers = options.precision == Precision::kInt8 && options.int8 != Int8Kernels::kFloats;
  const auto optimized = std::make_shared<Graph>(graph);
  RETURN_IF_ERROR(passes::optimize(
      *optimized,
      {.evaluate = evaluate, .input_shapes = options.input_shapes, .computes_in_integers = in_integers}));
  if (!in_integers && !numbers_of(options.precision)) {
    ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
    RETURN_IF_ERROR(fold_squeezes(*optimized, cpu, options.threads));
  }
  return draft_as_it_is(optimized, options);
}

Result<Plan> finish(Planner planner, const Graph& graph, const PlanOptions& options) {
  ASSIGN_OR_RETURN(Plan plan, std::move(planner).finish(options));
  plan.shared_bytes += bytes_within(graph, plan.constants);
  return plan;
}

bool is_convolution(const Step& step) {
  const auto is_one = [](const std::string& op) { return op == "Conv" || op == "FusedConv"; };
  return step.joined ? std::ranges::any_of(step.joined->links, is_one, &JoinedSteps::Link::op)
                     : is_one(step.op);
}

/// The layer for which there are the integers' reference kernels alone.
Refused refused_by_bytes(const Planner& planner) {
  for (const Step& step : planner.steps())
    if (step.op.starts_with("Quantized") && step.kernel == "ref")
      return Refused({"bytes", "has no kernel for " + step.name});
  return {};
}

Result<Plan> plan_in_floats(const Graph& graph, const PlanOptions& options, const kernels::Refusal& refused) {
  ASSIGN_OR_RETURN(Planner planner, draft(graph, options));
  ASSIGN_OR_RETURN(Plan plan, finish(std::move(planner), graph, options));
  for (Step& step : plan.steps)
    if (is_convolution(step)) step.refusals.insert(step.refusals.begin(), refused);
  return plan;
}

Result<Plan> int8_plan_in_floats(const Graph& graph, PlanOptions options, const kernels::Refusal& refused) {
  options.int8 = Int8Kernels::kFloats;
  return plan_in_floats(graph, options, refused);
}

Result<Plan> fp32_plan(const Graph& graph, PlanOptions options, const kernels::Refusal& refused) {
  options.precision = Precision::kFp32;
  return plan_in_floats(graph, options, refused);
}

/// What this CPU lacks for products of narrow numbers.
Result<Refused> refused_by_lines(Precision precision) {
  const auto numbers = numbers_of(precision);
  if (!numbers) return Refused();
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  const Status fast = kernels::lines::are_fast(*numbers, cpu);
  return fast.ok() ? Refused() : Refused({"lines", fast.message()});
}

/// On bytes, unless this CPU lacks what makes that fast or a layer has no kernel for them.
Result<Plan> fastest_int8_plan(const Graph& graph, PlanOptions options) {
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  if (const Status fast = kernels::bytes::are_fast(cpu); !fast.ok())
    return int8_plan_in_floats(graph, options, {"bytes", fast.message()});
  options.int8 = Int8Kernels::kBytes;
  ASSIGN_OR_RETURN(Planner planner, draft(graph, options));
  if (const Refused refused = refused_by_bytes(planner)) return int8_plan_in_floats(graph, options, *refused);
  return finish(std::move(planner), graph, options);
}

}  // namespace

Status Plan::run(std::span<const TensorView> in, ThreadPool& pool) {
  for (size_t i = 0; i < in.size(); ++i) slots[inputs[i]].data = in[i].data;
  for (const Step& step : steps) RETURN_IF_ERROR(step.run(slots, pool));
  return {};
}

Result<Plan> Plan::clone() const {
  Plan copy = *this;
  ASSIGN_OR_RETURN(copy.arena, Tensor::zeros(arena.dtype(), arena.shape()));
  for (const Step& step : steps)
    for (const size_t slot : step.out)
      copy.slots[slot].data = copy.arena.data() + (slots[slot].data - arena.data());
  return copy;
}

Result<Plan> make_plan(const Graph& graph, const PlanOptions& options) {
  if (options.precision == Precision::kInt8 && options.int8 == Int8Kernels::kFastest)
    return fastest_int8_plan(graph, options);
  if (options.narrow == NarrowKernels::kFastest) {
    ASSIGN_OR_RETURN(const Refused refused, refused_by_lines(options.precision));
    if (refused) return fp32_plan(graph, options, *refused);
  }
  ASSIGN_OR_RETURN(Planner planner, draft(graph, options));
  return finish(std::move(planner), graph, options);
}

}  // namespace ridgeline::native
