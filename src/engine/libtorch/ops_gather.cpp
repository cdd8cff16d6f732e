// Ops that read or write elements by index.

#include <ATen/Functions.h>
#include <array>
#include <map>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;

/// Indices count from the end of `size` when negative.
at::Tensor from_start(const at::Tensor& indices, int64_t size) {
  const at::Tensor wide = indices.to(at::kLong);
  return at::where(wide.lt(0), wide.add(size), wide);
}

/// A constant index of one element cuts a slice out; others select.
Result<Kernel> build_gather(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", 0);
  const at::Tensor* known = site.constant(1);
  if (known != nullptr && known->dim() == 0) {
    return returns(
        [axis, index = ints_of(*known)[0]](const Inputs& in) { return in[0].select(axis, index); });
  }
  return returns([axis](const Inputs& in) {
    const int64_t at_axis = normalized_axis(axis, in[0].dim());
    const at::Tensor indices = from_start(in[1], in[0].size(at_axis));
    Dims shape = in[0].sizes().vec();
    shape.erase(shape.begin() + at_axis);
    shape.insert(shape.begin() + at_axis, indices.sizes().begin(), indices.sizes().end());
    return in[0].index_select(at_axis, indices.flatten()).reshape(shape);
  });
}

Result<Kernel> build_gather_elements(const OpSite& site) {
  return returns([axis = site.node.int_or("axis", 0)](const Inputs& in) {
    return at::gather(in[0], axis, from_start(in[1], in[0].size(axis)));
  });
}

/// Rows of `indices` (last axis: one index per axis of `sizes`) as offsets into the flattened axes.
at::Tensor flat_offsets(const at::Tensor& indices, at::IntArrayRef sizes) {
  at::Tensor offsets = at::zeros(indices.sizes().slice(0, static_cast<size_t>(indices.dim()) - 1),
                                 indices.options().dtype(at::kLong));
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    const at::Tensor index = from_start(indices.select(-1, static_cast<int64_t>(axis)), sizes[axis]);
    if (index.numel() > 0 && (index.lt(0).any().item<bool>() || index.ge(sizes[axis]).any().item<bool>())) {
      throw std::invalid_argument("input indices points outside the data");
    }
    offsets = offsets.mul(sizes[axis]).add(index);
  }
  return offsets;
}

int64_t product(at::IntArrayRef sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

at::Tensor gather_nd(const at::Tensor& data, const at::Tensor& indices, int64_t batch_dims) {
  const auto batches = static_cast<size_t>(batch_dims);
  const auto depth = static_cast<size_t>(indices.size(-1));
  const at::IntArrayRef indexed = data.sizes().slice(batches, depth);
  const at::IntArrayRef rest = data.sizes().slice(batches + depth);
  const int64_t batch = product(data.sizes().slice(0, batches));
  const at::Tensor offsets = flat_offsets(indices, indexed).reshape({batch, -1});
  const at::Tensor first = at::arange(batch, offsets.options()).mul(product(indexed)).unsqueeze(1);
  Dims shape = indices.sizes().slice(0, static_cast<size_t>(indices.dim()) - 1).vec();
  shape.insert(shape.end(), rest.begin(), rest.end());
  Dims rows{batch * product(indexed)};
  rows.insert(rows.end(), rest.begin(), rest.end());
  return data.reshape(rows).index_select(0, offsets.add(first).flatten()).reshape(shape);
}

Result<Kernel> build_gather_nd(const OpSite& site) {
  return returns([batch_dims = site.node.int_or("batch_dims", 0)](const Inputs& in) {
    return gather_nd(in[0], in[1], batch_dims);
  });
}

/// ATen's word for ONNX's `reduction`; "" for none.
Result<std::string> reduction_of(const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"none", ""}, {"add", "sum"}, {"mul", "prod"}, {"max", "amax"}, {"min", "amin"}};
  const std::string word = node.string_or("reduction", "none");
  const auto found = kWords.find(word);
  if (found == kWords.end()) return unsupported("attribute reduction '{}'", word);
  return found->second;
}

Result<Kernel> build_scatter_elements(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", 0);
  ASSIGN_OR_RETURN(const std::string reduction, reduction_of(site.node));
  return returns([axis, reduction](const Inputs& in) {
    const at::Tensor indices = from_start(in[1], in[0].size(axis));
    if (reduction.empty()) return at::scatter(in[0], axis, indices, in[2]);
    return at::scatter_reduce(in[0], axis, indices, in[2], reduction, true);
  });
}

at::Tensor scatter_nd(const Inputs& in, const std::string& reduction) {
  const at::Tensor& data = in[0];
  const auto depth = static_cast<size_t>(in[1].size(-1));
  const at::IntArrayRef indexed = data.sizes().slice(0, depth);
  const at::IntArrayRef rest = data.sizes().slice(depth);
  const at::Tensor offsets = flat_offsets(in[1], indexed).flatten();
  Dims rows{product(indexed)};
  rows.insert(rows.end(), rest.begin(), rest.end());
  Dims updates{offsets.numel()};
  updates.insert(updates.end(), rest.begin(), rest.end());
  const at::Tensor flat = data.reshape(rows);
  const at::Tensor values = in[2].reshape(updates);
  if (reduction.empty()) return flat.index_copy(0, offsets, values).reshape(data.sizes());
  if (reduction == "sum") return flat.index_add(0, offsets, values).reshape(data.sizes());
  return at::index_reduce(flat, 0, offsets, values, reduction, true).reshape(data.sizes());
}

Result<Kernel> build_scatter_nd(const OpSite& site) {
  ASSIGN_OR_RETURN(const std::string reduction, reduction_of(site.node));
  return returns([reduction](const Inputs& in) { return scatter_nd(in, reduction); });
}

/// Input 2 holds the values off and on; an index outside [-depth, depth) is nowhere on.
Result<Kernel> build_one_hot(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", -1);
  return returns([axis, depth_input = site.ints(1)](const Inputs& in) {
    const int64_t depth = depth_input.read(in).at(0);
    const int64_t rank = in[0].dim() + 1;
    const int64_t at_axis = normalized_axis(axis, rank);
    Dims along(static_cast<size_t>(rank), 1);
    along[static_cast<size_t>(at_axis)] = depth;
    const at::Tensor indices = from_start(in[0], depth).unsqueeze(at_axis);
    const at::Tensor is_on = indices.eq(at::arange(depth, indices.options()).view(along));
    return at::where(is_on, in[2].select(0, 1), in[2].select(0, 0));
  });
}

Result<Kernel> build_compress(const OpSite& site) {
  const std::optional<int64_t> axis =
      site.node.has("axis") ? std::optional(site.node.int_or("axis", 0)) : std::nullopt;
  return returns([axis](const Inputs& in) {
    const at::Tensor kept = at::nonzero(in[1]).flatten();
    return axis ? in[0].index_select(*axis, kept) : in[0].flatten().index_select(0, kept);
  });
}

/// Each sequence's first `sequence_lens` elements in reverse order.
at::Tensor reverse_sequence(const Inputs& in, int64_t batch_axis, int64_t time_axis) {
  const at::Tensor x = in[0].movedim({batch_axis, time_axis}, {0, 1});
  const at::Tensor time = at::arange(x.size(1), in[1].options().dtype(at::kLong)).unsqueeze(0);
  const at::Tensor lengths = in[1].to(at::kLong).unsqueeze(1);
  at::Tensor source = at::where(time.lt(lengths), lengths.sub(1).sub(time), time);
  while (source.dim() < x.dim()) source = source.unsqueeze(-1);
  return x.gather(1, source.expand(x.sizes())).movedim({0, 1}, {batch_axis, time_axis});
}

Result<Kernel> build_reverse_sequence(const OpSite& site) {
  const int64_t batch_axis = site.node.int_or("batch_axis", 1);
  const int64_t time_axis = site.node.int_or("time_axis", 0);
  return returns([=](const Inputs& in) { return reverse_sequence(in, batch_axis, time_axis); });
}

}  // namespace

std::span<const OpRow> gather_ops() {
  static const std::array kRows = {
      OpRow{.op = "Compress", .build = build_compress, .shape_inputs = {1}},
      OpRow{"Gather", build_gather},
      OpRow{"GatherElements", build_gather_elements},
      OpRow{"GatherND", build_gather_nd},
      OpRow{"OneHot", build_one_hot, {1}},
      OpRow{"ReverseSequence", build_reverse_sequence},
      OpRow{"ScatterElements", build_scatter_elements},
      OpRow{"ScatterND", build_scatter_nd},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
