#include "engine/native/byte_builders.h"

#include <algorithm>
#include <array>

#include "engine/native/byte_product.h"
#include "engine/native/operands.h"
#include "engine/native/pool_builders.h"
#include "engine/native/quantized_builders.h"
#include "kernels/bytes/conv.h"
#include "kernels/bytes/image.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace bytes = kernels::bytes;
using bytes::QuantizedConvDesc;
using Inputs = std::optional<std::vector<size_t>>;

bool is_8_bits(DType dtype) { return dtype == DType::kU8 || dtype == DType::kI8; }

bool is_of_bytes(const BlockedNode& node, size_t i) { return is_8_bits(node.inputs[i].type->dtype); }

const bytes::Line* lines_in(Slots slots, size_t slot) {
  return reinterpret_cast<const bytes::Line*>(slots[slot].data);
}

bytes::Line* lines_out(Slots slots, size_t slot) { return reinterpret_cast<bytes::Line*>(slots[slot].data); }

Result<QuantizedConvDesc> conv_of(const BlockedNode& node) {
  ASSIGN_OR_RETURN(QuantizedConvDesc desc,
                   describe_quantized({.node = node.node,
                                       .x = {node.inputs[0].type->dtype, node.shape(0), nullptr},
                                       .weights = node.shape(1),
                                       .residual = node.has(3) ? node.inputs[3].type->dtype : DType::kU8,
                                       .out = node.out_type,
                                       .threads = node.threads}));
  desc.largest_sum =
      kernels::quantized::largest_sum(desc, reinterpret_cast<const int8_t*>(node.inputs[1].data));
  return desc;
}

Inputs conv_inputs(const BlockedNode& node) {
  const bool takes_types =
      is_of_bytes(node, 0) && node.inputs[1].is_constant() && node.inputs[1].type->dtype == DType::kI8 &&
      (!node.has(2) || node.inputs[2].is_constant()) && (!node.has(3) || is_of_bytes(node, 3));
  if (!takes_types) return std::nullopt;
  const Result<QuantizedConvDesc> desc = conv_of(node);
  if (!desc.ok() || kernels::select(bytes::conv_impls(), *desc, node.cpu).impl == nullptr)
    return std::nullopt;
  std::vector<size_t> inputs;
  if (!bytes::takes_planes(*desc)) inputs.push_back(0);
  if (node.has(3)) inputs.push_back(3);
  return inputs;
}

bool conv_takes_pixels(const BlockedNode& node) {
  const Result<QuantizedConvDesc> desc = conv_of(node);
  return desc.ok() && bytes::takes_planes(*desc) && !node.inputs[0].pixels->steps.empty();
}

Result<Built> conv(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(QuantizedConvDesc desc, conv_of(node));
  if (const PixelSource* const pixels = node.inputs[0].pixels) desc.pixels = pixels->image;
  return build_quantized_conv(context, desc, kernels::select(bytes::conv_impls(), desc, node.cpu));
}

Inputs pool_inputs(const BlockedNode& node) {
  if (!is_of_bytes(node, 0) || !is_8_bits(node.out_type) || !describe_pool(node.node, node.shape(0)).ok())
    return std::nullopt;
  return std::vector<size_t>{0};
}

int64_t blocks_in(const Shape& image) { return image[0] * bytes::blocks_of(image[1]); }

Result<Built> max_pool(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const kernels::PoolCase pool, describe_pool(node.node, node.shape(0)));
  kernels::ref::PoolDesc desc = pool.desc;
  desc.planes = blocks_in(node.shape(0));
  return Built{"bytes",
               [desc, &kernels = bytes::byte_kernels(node.cpu), in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& threads) -> Status {
                 bytes::max_pool(kernels, desc, lines_in(slots, in), lines_out(slots, out), threads);
                 return {};
               }};
}

Result<Built> average_pool(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(kernels::ref::QuantizedAverageDesc desc,
                   describe_quantized_average(node.node, node.shape(0), node.inputs[0].type->dtype));
  desc.pool.planes = blocks_in(node.shape(0));
  desc.finish.zero = bytes::from_lowest(node.out_type, desc.finish.zero);
  return Built{"bytes",
               [desc, &kernels = bytes::byte_kernels(node.cpu), in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& threads) -> Status {
                 bytes::average_pool(kernels, desc, lines_in(slots, in), lines_out(slots, out), threads);
                 return {};
               }};
}

/// Two images of one shape, of which one is in lines.
Inputs add_inputs(const BlockedNode& node) {
  const bool any_in_lines = node.inputs[0].in_bytes || node.inputs[1].in_bytes;
  if (!any_in_lines || !is_of_bytes(node, 0) || !is_of_bytes(node, 1) || !is_8_bits(node.out_type))
    return std::nullopt;
  return std::vector<size_t>{0, 1};
}

/// `planes` have the elements as their types count them, lines from the lowest.
Result<Built> add_steps(const BuildContext& context, bool planes) {
  const DType a = context.input(0).dtype, b = context.input(1).dtype, out = context.output(0).dtype;
  const kernels::ref::QuantizedAddDesc plain = describe_quantized_add(context.node, a, b);
  bytes::AddSteps desc{.count = context.output(0).shape.element_count(),
                       .flip_a = planes ? bytes::flip_of(a) : uint8_t{0},
                       .flip_b = planes ? bytes::flip_of(b) : uint8_t{0},
                       .scale = plain.scale,
                       .shift = plain.shift,
                       .finish = plain.finish};
  if (!planes) desc.finish.zero = bytes::from_lowest(out, desc.finish.zero);
  return Built{"bytes",
               [desc, &kernels = bytes::byte_kernels(context.cpu), a = *context.in[0], b = *context.in[1],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 bytes::AddSteps add = desc;
                 add.a = reinterpret_cast<const uint8_t*>(slots[a].data);
                 add.b = reinterpret_cast<const uint8_t*>(slots[b].data);
                 add.out = reinterpret_cast<uint8_t*>(slots[out].data);
                 bytes::add(kernels, add, pool);
                 return {};
               }};
}

Result<Built> add(const BuildContext& context, const BlockedNode&) { return add_steps(context, false); }

Result<Built> add_planes(const BuildContext& context) {
  for (const TensorView& each : {context.input(0), context.input(1), context.output(0)})
    if (!is_8_bits(each.dtype))
      return unsupported("{}: an operand is {}", context.node.describe(), name_of(each.dtype));
  return add_steps(context, true);
}

Inputs lookup_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_bytes || !node.inputs[1].is_constant() || !is_8_bits(node.out_type))
    return std::nullopt;
  return std::vector<size_t>{0};
}

/// By a table that counts from the lowest on both sides.
Result<Built> lookup(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(Tensor table, Tensor::zeros(DType::kU8, {256}));
  const auto* const plain = reinterpret_cast<const uint8_t*>(context.input(1).data);
  const uint8_t flip_in = bytes::flip_of(node.inputs[0].type->dtype),
                flip_out = bytes::flip_of(node.out_type);
  for (size_t step = 0; step < 256; ++step) table.as<uint8_t>()[step] = plain[step ^ flip_in] ^ flip_out;
  context.packed.push_back(table);
  return Built{"bytes",
               [table = table.as<uint8_t>().data(), lines = blocks_in(node.out) * node.out[2] * node.out[3],
                in = *context.in[0], out = context.out[0],
                &kernels = bytes::byte_kernels(node.cpu)](Slots slots, ThreadPool& pool) -> Status {
                 bytes::lookup(kernels,
                               {.steps = bytes::steps_of(lines_in(slots, in)),
                                .lines = lines,
                                .table = table,
                                .out = bytes::steps_of(lines_out(slots, out))},
                               pool);
                 return {};
               },
               0,
               {1}};
}

/// The operands of lookups that are images, each before its table.
Inputs lookups_inputs(const BlockedNode& node) {
  std::vector<size_t> inputs;
  for (size_t i = 0; i < node.inputs.size(); i += 2) {
    if (!is_of_bytes(node, i) || !node.inputs[i + 1].is_constant()) return std::nullopt;
    inputs.push_back(i);
  }
  return node.inputs[0].in_bytes && is_8_bits(node.out_type) ? Inputs(inputs) : std::nullopt;
}

bytes::LookupDesc lookups_of(const BlockedNode& node, const kernels::quantized::Finish& finish,
                             const float* values) {
  const Shape& image = node.shape(0);
  bytes::LookupDesc desc{.batch = image[0],
                         .channels = image[1],
                         .plane = image[2] * image[3],
                         .values = values,
                         .finish = finish};
  desc.finish.zero = bytes::from_lowest(node.out_type, finish.zero);
  return desc;
}

Result<Built> lookup_mean(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const LookupTables tables,
                   keep_tables(context, {.values = bytes::flip_of(node.inputs[0].type->dtype)}));
  const kernels::ref::LookupMeanDesc plain = describe_lookup_mean(node.node, node.shape(0));
  return Built{"bytes",
               [desc = lookups_of(node, plain.finish, tables.values), factor = plain.factor,
                &kernels = bytes::byte_kernels(node.cpu), in = *context.in[0],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 bytes::LookupDesc lookup = desc;
                 lookup.in = lines_in(slots, in);
                 lookup.out = lines_out(slots, out);
                 bytes::lookup_mean(kernels, lookup, factor, pool);
                 return {};
               },
               0,
               {1}};
}

Result<Built> lookup_product(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const LookupTables tables,
                   keep_tables(context, {.values = bytes::flip_of(node.inputs[0].type->dtype),
                                         .factors = bytes::flip_of(node.inputs[2].type->dtype)}));
  const kernels::ref::LookupProductDesc plain = describe_lookup_product(node.node, node.shape(0));
  return Built{"bytes",
               [desc = lookups_of(node, plain.finish, tables.values), factors = tables.factors,
                &kernels = bytes::byte_kernels(node.cpu), in = *context.in[0], steps = *context.in[2],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 bytes::LookupDesc lookup = desc;
                 lookup.in = lines_in(slots, in);
                 lookup.out = lines_out(slots, out);
                 bytes::lookup_product(kernels, lookup, {factors, lines_in(slots, steps)}, pool);
                 return {};
               },
               0,
               {1, 3}};
}

/// Channels side by side that fill their blocks.
Inputs concat_inputs(const BlockedNode& node) {
  const int64_t axis = node.node.int_or("axis", 0);
  if (axis != 1 && axis != -3) return std::nullopt;
  std::vector<size_t> inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool fills = node.shape(i)[1] % bytes::kChannels == 0 || i + 1 == node.inputs.size();
    if (!node.inputs[i].in_bytes || !fills) return std::nullopt;
    inputs.push_back(i);
  }
  return inputs;
}

Result<Built> concat(const BuildContext& context, const BlockedNode&) { return concat_along(context, 1); }

constexpr auto kRows =
    std::to_array<BlockedRow>({{"Concat", concat_inputs, concat},
                               {"Lookup", lookup_inputs, lookup, "ridgeline"},
                               {"LookupMean", lookups_inputs, lookup_mean, "ridgeline"},
                               {"LookupProduct", lookups_inputs, lookup_product, "ridgeline"},
                               {"MaxPool", pool_inputs, max_pool},
                               {"QuantizedAdd", add_inputs, add, "ridgeline"},
                               {"QuantizedAveragePool", pool_inputs, average_pool, "ridgeline"},
                               {"QuantizedConv", conv_inputs, conv, "ridgeline", conv_takes_pixels}});

constexpr auto kPlaneRows =
    std::to_array<BuilderRow>({{"QuantizedAdd", add_planes, false, "ridgeline"},
                               {"QuantizedGemm", build_byte_product, false, "ridgeline"}});

}  // namespace

const BlockedRow* find_byte_row(const Node& node) {
  for (const BlockedRow& row : kRows)
    if (row.op == node.op && row.domain == node.domain) return &row;
  return nullptr;
}

const BuilderRow* find_byte_builder(const Node& node) {
  for (const BuilderRow& row : kPlaneRows)
    if (row.op == node.op && row.domain == node.domain) return &row;
  return nullptr;
}

Shape byte_shape(const Shape& image) {
  return {image[0], bytes::blocks_of(image[1]), image[2], image[3], bytes::kChannels};
}

Built build_byte_turn(const ValueType& image, size_t in, size_t out, bool to_lines) {
  const Shape& shape = *image.shape;
  const bytes::ByteTurn desc{{.batch = shape[0], .channels = shape[1], .plane = shape[2] * shape[3]},
                             image.dtype};
  return {"turn", [=](Slots slots, ThreadPool& pool) -> Status {
            if (to_lines)
              bytes::from_planes(desc, reinterpret_cast<const uint8_t*>(slots[in].data),
                                 lines_out(slots, out), pool);
            else
              bytes::to_planes(desc, lines_in(slots, in), reinterpret_cast<uint8_t*>(slots[out].data), pool);
            return {};
          }};
}

}  // namespace ridgeline::native
