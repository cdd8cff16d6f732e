#include "formats/torch_tensors.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "formats/tensor_bytes.h"
#include "formats/torch_types.h"

namespace ridgeline::formats {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

/// Views that share a storage may together be larger than the file, but not without end.
constexpr uint64_t kMostSharing = 16;
constexpr int kMaxWrappers = 8;
constexpr const char* kParameter = "torch._utils._rebuild_parameter";
constexpr const char* kParameterWithState = "torch._utils._rebuild_parameter_with_state";

Status broken(const char* what) { return invalid_argument("{}: the file is damaged, get it again", what); }

bool is_parameter(const Value& value) {
  return value.kind == Kind::kObject && (value.text == kParameter || value.text == kParameterWithState);
}

/// Where a tensor lies in its storage, in elements.
struct Placement {
  uint64_t offset = 0;
  Shape shape;
  std::vector<int64_t> strides;
};

Result<std::vector<int64_t>> numbers(const Pickle& pickle, const Value& list) {
  std::vector<int64_t> values;
  if (list.kind != Kind::kTuple) return broken("its sizes or strides are no tuple");
  for (const Pickle::Id id : list.items) {
    const Value& value = pickle[id];
    if (value.kind != Kind::kInt || value.integer < 0) return broken("a size or stride is no number from 0");
    values.push_back(value.integer);
  }
  return values;
}

/// Sizes given as torch.Size are a tuple inside of a call.
const Value& tuple_in(const Pickle& pickle, const Value& value) {
  const bool is_size = value.kind == Kind::kObject && value.text == "torch.Size" && value.items.size() == 1;
  return is_size ? pickle[value.items[0]] : value;
}

Result<Placement> placement_of(const Pickle& pickle, const Value& call) {
  Placement place;
  const Value& offset = pickle[call.items[1]];
  if (offset.kind != Kind::kInt || offset.integer < 0) return broken("its offset is no number from 0");
  place.offset = static_cast<uint64_t>(offset.integer);
  ASSIGN_OR_RETURN(std::vector<int64_t> dims, numbers(pickle, tuple_in(pickle, pickle[call.items[2]])));
  place.shape = Shape(std::move(dims));
  ASSIGN_OR_RETURN(place.strides, numbers(pickle, tuple_in(pickle, pickle[call.items[3]])));
  if (place.strides.size() != place.shape.rank()) return broken("it has not as many strides as sizes");
  RETURN_IF_ERROR(check_dims(place.shape));
  return place;
}

/// Every element lies in the storage, and each is there but once.
Status check_bounds(const Placement& place, uint64_t elements) {
  const auto count = static_cast<uint64_t>(place.shape.element_count());
  if (place.offset > elements) return broken("it begins behind the end of its storage");
  if (count == 0) return {};
  if (count > elements)
    return unsupported(
        "it repeats the elements of its storage (an expanded tensor): save tensor.contiguous()");
  uint64_t last = place.offset;
  for (size_t axis = 0; axis < place.shape.rank(); ++axis) {
    const auto steps = static_cast<uint64_t>(place.shape[axis] - 1);
    const auto stride = static_cast<uint64_t>(place.strides[axis]);
    if (steps > 0 && stride > elements / steps) return broken("it reaches behind the end of its storage");
    last += steps * stride;
    if (last >= elements) return broken("it reaches behind the end of its storage");
  }
  return last < elements ? Status() : broken("it reaches behind the end of its storage");
}

bool is_dense(const Placement& place) {
  const std::vector<int64_t> dense = row_major_strides(place.shape);
  for (size_t axis = 0; axis < place.shape.rank(); ++axis)
    if (place.shape[axis] > 1 && place.strides[axis] != dense[axis]) return false;
  return true;
}

/// Row-major elements of a view with strides; `from` is its first element.
void gather(const Placement& place, const std::byte* from, size_t element_bytes, std::byte* to) {
  const size_t rank = place.shape.rank();
  std::vector<int64_t> index(rank, 0);
  int64_t at = 0;
  for (int64_t left = place.shape.element_count(); left > 0; --left) {
    std::memcpy(to, from + static_cast<size_t>(at) * element_bytes, element_bytes);
    to += element_bytes;
    for (size_t axis = rank; axis-- > 0;) {
      at += place.strides[axis];
      if (++index[axis] < place.shape[axis]) break;
      at -= place.strides[axis] * place.shape[axis];
      index[axis] = 0;
    }
  }
}

Result<Tensor> tensor_at(const Placement& place, DType dtype, const MappedBytes& storage) {
  const size_t element_bytes = size_of(dtype);
  const auto bytes = static_cast<size_t>(place.shape.element_count()) * element_bytes;
  if (bytes == 0 || is_dense(place)) {
    const MappedBytes part{storage.bytes.subspan(bytes == 0 ? 0 : place.offset * element_bytes, bytes),
                           storage.keep_alive};
    return tensor_over(dtype, place.shape, part);
  }
  ASSIGN_OR_RETURN(Tensor dense, Tensor::zeros(dtype, place.shape));
  gather(place, storage.bytes.data() + place.offset * element_bytes, element_bytes, dense.data());
  if (dtype == DType::kBool) make_bools_valid(dense);
  return dense;
}

Result<DType> storage_type(const Value& global) {
  if (global.kind != Kind::kGlobal) return broken("its storage has no type");
  if (global.text == kUntypedStorage) return DType::kU8;
  for (const TorchType& type : kTorchTypes)
    if (type.storage == global.text) return type.dtype;
  return unsupported("elements of {} are not supported: convert the tensor first", global.text);
}

Result<DType> element_type(const Value& global) {
  for (const TorchType& type : kTorchTypes)
    if (global.kind == Kind::kGlobal && type.name == global.text) return type.dtype;
  return unsupported("elements of {} are not supported: convert the tensor first", global.text);
}

}  // namespace

bool TorchTensors::is_tensor(const Value& value) {
  return value.kind == Kind::kObject &&
         (value.text == kRebuildTensor || value.text == kRebuildNewerTensor || is_parameter(value));
}

/// A persistent id is ("storage", class, key, device, elements).
Result<TorchTensors::Storage> TorchTensors::storage(const Value& value) {
  if (value.kind != Kind::kStorage || value.items.size() != 5) return broken("it has no storage");
  const Value& key = pickle_[value.items[2]];
  const Value& elements = pickle_[value.items[4]];
  if (key.kind != Kind::kText || elements.kind != Kind::kInt || elements.integer < 0)
    return broken("its storage has no key or size");
  Storage found{{}, DType::kU8};
  ASSIGN_OR_RETURN(found.dtype, storage_type(pickle_[value.items[1]]));
  const std::string name = folder_ + "data/" + key.text;
  auto entry = entries_.find(name);
  if (entry == entries_.end()) {
    ASSIGN_OR_RETURN(MappedBytes bytes, archive_.read(name));
    entry = entries_.emplace(name, std::move(bytes)).first;
  }
  found.bytes = entry->second;
  const size_t fitting = found.bytes.bytes.size() / size_of(found.dtype);
  if (static_cast<uint64_t>(elements.integer) > fitting)
    return invalid_argument("its storage '{}' has {} elements, not {}: the file is damaged, get it again",
                            name, fitting, elements.integer);
  return found;
}

Result<Tensor> TorchTensors::rebuilt(const Value& call) {
  const bool newer = call.text == kRebuildNewerTensor;
  if (call.items.size() < (newer ? 7U : 4U)) return broken("it lacks arguments");
  ASSIGN_OR_RETURN(const Storage memory, storage(pickle_[call.items[0]]));
  ASSIGN_OR_RETURN(const Placement place, placement_of(pickle_, call));
  DType dtype = memory.dtype;
  if (newer) {
    ASSIGN_OR_RETURN(dtype, element_type(pickle_[call.items[6]]));
  }
  RETURN_IF_ERROR(check_bounds(place, memory.bytes.bytes.size() / size_of(dtype)));
  tensor_bytes_ += static_cast<uint64_t>(place.shape.element_count()) * size_of(dtype);
  if (tensor_bytes_ > kMostSharing * file_bytes_)
    return invalid_argument("the tensors view the same storages so often that they pass {} times the file",
                            kMostSharing);
  return tensor_at(place, dtype, memory.bytes);
}

Result<Tensor> TorchTensors::tensor(const Value& value) {
  const Value* inner = &value;
  for (int depth = 0; is_parameter(*inner); ++depth) {
    if (inner->items.empty() || depth == kMaxWrappers) return broken("a parameter without a tensor");
    inner = &pickle_[inner->items[0]];
  }
  if (!is_tensor(*inner)) return broken("a parameter without a tensor");
  return rebuilt(*inner);
}

}  // namespace ridgeline::formats
