#include "kernels/ref/move.h"

#include <algorithm>
#include <cstring>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"
#include "kernels/ref/strided.h"

namespace ridgeline::kernels::ref {
namespace {

bool is_identity(const AxisSources& sources, int64_t in_dim) {
  if (static_cast<int64_t>(sources.size()) != in_dim) return false;
  for (size_t i = 0; i < sources.size(); ++i)
    if (sources[i] != static_cast<int64_t>(i)) return false;
  return true;
}

}  // namespace

void copy(const TensorView& in, const TensorView& out, ThreadPool& pool) {
  if (in.data == out.data) return;
  constexpr int64_t kBytesPerChunk = 1 << 16;
  pool.parallel_for(static_cast<int64_t>(in.byte_size()), kBytesPerChunk, [&](int64_t begin, int64_t end) {
    std::memcpy(out.data + begin, in.data + begin, static_cast<size_t>(end - begin));
  });
}

void transpose(const TensorView& in, std::span<const int64_t> order, const TensorView& out,
               ThreadPool& pool) {
  const Dims in_strides = strides_of(in.shape);
  Strided source;
  for (size_t axis = 0; axis < order.size(); ++axis)
    source.strides[axis] = in_strides[static_cast<size_t>(order[axis])];
  StridedMove(out.shape.dims(), source, dense(out.shape)).run(in, out, pool);
}

void concat(std::span<const TensorView> in, size_t axis, const TensorView& out, ThreadPool& pool) {
  Strided target = dense(out.shape);
  for (const TensorView& part : in) {
    if (part.shape.element_count() > 0)
      StridedMove(part.shape.dims(), dense(part.shape), target).run(part, out, pool);
    target.offset += part.shape[axis] * target.strides[axis];
  }
}

void triangle(bool upper, int64_t diagonal, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  const size_t rank = in.shape.rank();
  const int64_t rows = in.shape[rank - 2], columns = in.shape[rank - 1];
  if (in.shape.element_count() == 0) return;
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    pool.parallel_for(in.shape.element_count() / columns, 64, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* source = in.as<T>().data() + row * columns;
        T* target = out.as<T>().data() + row * columns;
        const int64_t limit = row % rows + diagonal;
        for (int64_t i = 0; i < columns; ++i)
          target[i] = (upper ? i >= limit : i <= limit) ? source[i] : T{0};
      }
    });
  });
}

Remap::Remap(const Shape& in, std::vector<AxisSources> sources) : outer_(std::move(sources)), along_{0} {
  if (outer_.empty()) return;
  while (outer_.size() > 1 && is_identity(outer_.back(), in[outer_.size() - 1])) {
    block_ *= in[outer_.size() - 1];
    outer_.pop_back();
  }
  along_ = std::move(outer_.back());
  outer_.pop_back();
  const Dims strides = strides_of(in);
  strides_.assign(strides.begin(), strides.begin() + static_cast<std::ptrdiff_t>(outer_.size()));
  for (size_t i = 0; i < along_.size(); ++i) {
    const bool goes_on =
        i > 0 && (along_[i] == kNowhere ? along_[i - 1] == kNowhere
                                        : along_[i - 1] != kNowhere && along_[i] == along_[i - 1] + 1);
    if (goes_on) {
      ++stretches_.back().count;
    } else {
      stretches_.push_back({static_cast<int64_t>(i), along_[i], 1});
    }
  }
  has_fill_ = std::ranges::find(along_, kNowhere) != along_.end();
  constexpr size_t kShort = 8;
  if (along_.size() < kShort * stretches_.size() && block_ == 1) stretches_.clear();
}

Dims Remap::position_of(int64_t row) const {
  Dims position{};
  for (size_t axis = outer_.size(); axis-- > 0;) {
    const auto dim = static_cast<int64_t>(outer_[axis].size());
    position[axis] = row % dim;
    row /= dim;
  }
  return position;
}

void Remap::advance(Dims& position) const {
  for (size_t axis = outer_.size(); axis-- > 0;) {
    if (++position[axis] < static_cast<int64_t>(outer_[axis].size())) return;
    position[axis] = 0;
  }
}

int64_t Remap::source_of(const Dims& position) const {
  int64_t offset = 0;
  for (size_t axis = 0; axis < outer_.size(); ++axis) {
    const int64_t source = outer_[axis][static_cast<size_t>(position[axis])];
    if (source == kNowhere) return kNowhere;
    offset += source * strides_[axis];
  }
  return offset;
}

template <typename T>
void Remap::map_row(const T* in, T fill, T* out) const {
  for (const Stretch& stretch : stretches_) {
    T* target = out + stretch.out * block_;
    const auto count = static_cast<size_t>(stretch.count * block_);
    if (stretch.source == kNowhere) {
      std::fill_n(target, count, fill);
    } else {
      std::memcpy(target, in + stretch.source * block_, count * sizeof(T));
    }
  }
  if (!stretches_.empty()) return;
  if (has_fill_) {
    for (size_t i = 0; i < along_.size(); ++i) out[i] = along_[i] == kNowhere ? fill : in[along_[i]];
  } else {
    for (size_t i = 0; i < along_.size(); ++i) out[i] = in[along_[i]];
  }
}

void Remap::run(const TensorView& in, const std::byte* fill, const TensorView& out, ThreadPool& pool) const {
  const int64_t row_elements = static_cast<int64_t>(along_.size()) * block_;
  if (out.shape.element_count() == 0) return;
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    T filler{};
    if (fill != nullptr) std::memcpy(&filler, fill, sizeof(T));
    const int64_t grain = std::max<int64_t>(1, kElementGrain / row_elements);
    pool.parallel_for(out.shape.element_count() / row_elements, grain, [&](int64_t begin, int64_t end) {
      int64_t before = kNowhere;  // where the row before came from
      Dims position = position_of(begin);
      for (int64_t row = begin; row < end; ++row, advance(position)) {
        T* target = out.as<T>().data() + row * row_elements;
        const int64_t offset = source_of(position);
        if (offset == kNowhere) {
          std::fill_n(target, row_elements, filler);
        } else if (offset == before) {
          std::memcpy(target, target - row_elements, static_cast<size_t>(row_elements) * sizeof(T));
        } else {
          map_row(in.as<T>().data() + offset, filler, target);
        }
        before = offset;
      }
    });
  });
}

}  // namespace ridgeline::kernels::ref
