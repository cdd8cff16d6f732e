#include "kernels/ref/top_k.h"

#include <utility>

#include "kernels/ref/elements.h"
#include "kernels/ref/lines.h"

namespace ridgeline::kernels::ref {
namespace {

/// The best positions of a line so far, as a heap in the output itself with the worst of them on top: no
/// memory of its own, so that lines run on any thread.
template <typename T>
class BestOf {
 public:
  BestOf(bool largest, const T* in, const Line& from, int64_t* positions, const Line& to)
      : largest_(largest), in_(in), from_(from), positions_(positions), to_(to) {}

  void find() {
    for (int64_t i = 0; i < to_.count; ++i) at(i) = i;
    for (int64_t i = to_.count / 2; i-- > 0;) sift(i, to_.count);
    for (int64_t i = to_.count; i < from_.count; ++i) {
      if (!is_better(i, at(0))) continue;
      at(0) = i;
      sift(0, to_.count);
    }
    for (int64_t count = to_.count; count > 1; --count) {
      std::swap(at(0), at(count - 1));
      sift(0, count - 1);
    }
  }

 private:
  int64_t& at(int64_t i) { return positions_[to_.at(i)]; }

  bool is_better(int64_t a, int64_t b) const {
    const auto x = widen(in_[from_.at(a)]), y = widen(in_[from_.at(b)]);
    if (largest_ ? x > y : x < y) return true;
    return x == y && a < b;
  }

  void sift(int64_t parent, int64_t count) {
    for (int64_t child = 2 * parent + 1; child < count; parent = child, child = 2 * child + 1) {
      if (child + 1 < count && is_better(at(child), at(child + 1))) ++child;
      if (!is_better(at(parent), at(child))) return;
      std::swap(at(parent), at(child));
    }
  }

  bool largest_;
  const T* in_;
  const Line& from_;
  int64_t* positions_;
  const Line& to_;
};

}  // namespace

Status top_k(bool largest, const TensorView& in, size_t axis, const TopKOutputs& out, ThreadPool& pool) {
  return with_number(in.dtype, "TopK", [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    T* target = out.values.as<T>().data();
    int64_t* positions = out.indices.as<int64_t>().data();
    const int64_t k = out.values.shape[axis];
    if (k == 0) return Status();
    Lines(in.shape, axis).for_each(pool, [&](const Line& line) {
      const int64_t outer = line.index / line.stride, inner = line.index % line.stride;
      const Line best{line.index, outer * line.stride * k + inner, line.stride, k};
      BestOf<T>(largest, source, line, positions, best).find();
      for (int64_t i = 0; i < k; ++i) target[best.at(i)] = source[line.at(positions[best.at(i)])];
    });
    return Status();
  });
}

}  // namespace ridgeline::kernels::ref
