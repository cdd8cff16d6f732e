#include "kernels/ref/gather.h"

#include <algorithm>
#include <cstring>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"
#include "kernels/ref/move.h"

namespace ridgeline::kernels::ref {
namespace {

/// Reads i32 or i64 indices along one axis.
class Indices {
 public:
  explicit Indices(const TensorView& view) : view_(view) {}

  int64_t count() const { return view_.shape.element_count(); }
  /// Counted from the start of an axis of `dim` positions.
  int64_t at(int64_t i, int64_t dim) const {
    const int64_t index = raw(i);
    return index < 0 ? index + dim : index;
  }
  Status check(int64_t i, int64_t dim) const {
    if (at(i, dim) >= 0 && at(i, dim) < dim) return {};
    return invalid_argument("index {} lies outside an axis of {}", raw(i), dim);
  }

 private:
  int64_t raw(int64_t i) const {
    const auto at = static_cast<size_t>(i);
    return view_.dtype == DType::kI32 ? view_.as<int32_t>()[at] : view_.as<int64_t>()[at];
  }

  const TensorView& view_;
};

int64_t product(const Shape& shape, size_t from, size_t to) {
  int64_t count = 1;
  for (size_t axis = from; axis < to; ++axis) count *= shape[axis];
  return count;
}

/// Calls visit(i, offset in `data`) for every element i of `indices`, the position along `axis` replaced.
template <typename Visit>
Status for_elements(const TensorView& data, const TensorView& indices, size_t axis, Visit visit) {
  const Indices at(indices);
  const Dims strides = strides_of(data.shape);
  Dims position{};
  for (int64_t i = 0; i < at.count(); ++i) {
    RETURN_IF_ERROR(at.check(i, data.shape[axis]));
    int64_t offset = at.at(i, data.shape[axis]) * strides[axis];
    for (size_t other = 0; other < indices.shape.rank(); ++other)
      if (other != axis) offset += position[other] * strides[other];
    visit(i, offset);
    for (size_t other = indices.shape.rank(); other-- > 0;) {
      if (++position[other] < indices.shape[other]) break;
      position[other] = 0;
    }
  }
  return {};
}

/// Blocks of `data` that tuples of indices name: the last axis of `indices` holds a tuple's members.
class Tuples {
 public:
  Tuples(const TensorView& data, const TensorView& indices, size_t batch_axes)
      : data_(data), indices_(indices), batch_axes_(batch_axes), strides_(strides_of(data.shape)) {
    members_ = indices.shape[indices.shape.rank() - 1];
    count_ = product(indices.shape, 0, indices.shape.rank() - 1);
    per_batch_ = product(indices.shape, batch_axes, indices.shape.rank() - 1);
    block_ = product(data.shape, batch_axes + static_cast<size_t>(members_), data.shape.rank());
  }

  int64_t count() const { return count_; }
  int64_t block() const { return block_; }  ///< elements that each tuple names

  Status check() const {
    for (int64_t i = 0; i < count_; ++i)
      for (int64_t member = 0; member < members_; ++member)
        RETURN_IF_ERROR(
            indices_.check(i * members_ + member, data_.shape[batch_axes_ + static_cast<size_t>(member)]));
    return {};
  }
  int64_t offset(int64_t i) const {
    const int64_t batch_stride = product(data_.shape, batch_axes_, data_.shape.rank());
    int64_t offset = i / per_batch_ * batch_stride;
    for (int64_t member = 0; member < members_; ++member) {
      const size_t axis = batch_axes_ + static_cast<size_t>(member);
      offset += indices_.at(i * members_ + member, data_.shape[axis]) * strides_[axis];
    }
    return offset;
  }

 private:
  const TensorView& data_;
  Indices indices_;
  size_t batch_axes_;
  Dims strides_;
  int64_t members_ = 0, count_ = 0, per_batch_ = 1, block_ = 1;
};

template <typename T>
T merged(Scatter rule, T old, T update) {
  const Compute<T> a = widen(old), b = widen(update);
  switch (rule) {
    case Scatter::kReplace:
      return update;
    case Scatter::kAdd:
      return static_cast<T>(a + b);
    case Scatter::kMultiply:
      return static_cast<T>(a * b);
    case Scatter::kMax:
      return a < b ? update : old;
    case Scatter::kMin:
      return b < a ? update : old;
  }
  return update;
}

/// Calls body(merge), merge(target, source) being the rule on one element by their positions.
template <typename Body>
Status with_merge(const ScatterArgs& args, const TensorView& out, Body body) {
  if (args.rule == Scatter::kReplace) {
    Status status;
    with_element_bits(out.dtype, [&](auto element) {
      using T = decltype(element);
      T* target = out.as<T>().data();
      const T* source = args.updates.as<T>().data();
      status = body([=](int64_t to, int64_t from) { target[to] = source[from]; });
    });
    return status;
  }
  return with_number(out.dtype, "a scatter that computes", [&](auto element) {
    using T = decltype(element);
    T* target = out.as<T>().data();
    const T* source = args.updates.as<T>().data();
    return body([target, source, rule = args.rule](int64_t to, int64_t from) {
      target[to] = merged(rule, target[to], source[from]);
    });
  });
}

}  // namespace

Status gather(const TensorView& in, const TensorView& indices, size_t axis, const TensorView& out,
              ThreadPool& pool) {
  const Indices at(indices);
  const int64_t dim = in.shape[axis];
  for (int64_t i = 0; i < at.count(); ++i) RETURN_IF_ERROR(at.check(i, dim));
  const auto block = static_cast<int64_t>(size_of(in.dtype)) * product(in.shape, axis + 1, in.shape.rank());
  const int64_t blocks = product(in.shape, 0, axis) * at.count();
  if (block == 0) return {};
  pool.parallel_for(blocks, std::max<int64_t>(1, kElementGrain / block), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t source = i / at.count() * dim + at.at(i % at.count(), dim);
      std::memcpy(out.data + i * block, in.data + source * block, static_cast<size_t>(block));
    }
  });
  return {};
}

Status gather_elements(const TensorView& in, const TensorView& indices, size_t axis, const TensorView& out) {
  Status status;
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    status = for_elements(in, indices, axis, [=](int64_t i, int64_t offset) { target[i] = source[offset]; });
  });
  return status;
}

Status gather_nd(const TensorView& in, const TensorView& indices, size_t batch_axes, const TensorView& out,
                 ThreadPool& pool) {
  const Tuples tuples(in, indices, batch_axes);
  RETURN_IF_ERROR(tuples.check());
  const auto element_bytes = static_cast<int64_t>(size_of(in.dtype));
  const int64_t block = tuples.block() * element_bytes;
  if (block == 0) return {};
  pool.parallel_for(tuples.count(), std::max<int64_t>(1, kElementGrain / block),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i)
                        std::memcpy(out.data + i * block, in.data + tuples.offset(i) * element_bytes,
                                    static_cast<size_t>(block));
                    });
  return {};
}

Status scatter_elements(const TensorView& in, const ScatterArgs& args, size_t axis, const TensorView& out,
                        ThreadPool& pool) {
  copy(in, out, pool);
  return with_merge(args, out, [&](auto merge) {
    return for_elements(out, args.indices, axis, [&](int64_t i, int64_t offset) { merge(offset, i); });
  });
}

Status scatter_nd(const TensorView& in, const ScatterArgs& args, const TensorView& out, ThreadPool& pool) {
  const Tuples tuples(out, args.indices, 0);
  RETURN_IF_ERROR(tuples.check());
  copy(in, out, pool);
  return with_merge(args, out, [&](auto merge) {
    for (int64_t i = 0; i < tuples.count(); ++i)
      for (int64_t j = 0; j < tuples.block(); ++j) merge(tuples.offset(i) + j, i * tuples.block() + j);
    return Status();
  });
}

}  // namespace ridgeline::kernels::ref
