#include "tensor/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace ridgeline {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

// Tensors from here on have pages of their own. AddressSanitizer watches the heap's ends, not those of pages.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kLeastPages = SIZE_MAX;
#else
constexpr size_t kLeastPages = kHugePage;
#endif

struct Pages {
  void* data;
  size_t size;

  Pages(void* memory, size_t bytes) : data(memory), size(bytes) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { munmap(data, size); }
};

/// Zeros that take no memory before they are touched, in huge pages where the kernel has some: first touched
/// and read in a fraction of the time. Null when memory is short.
std::shared_ptr<const void> zero_pages(size_t bytes, std::byte*& data) {
  const size_t whole = bytes + kHugePage;
  void* memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  const size_t ahead = (kHugePage - reinterpret_cast<uintptr_t>(memory) % kHugePage) % kHugePage;
  data = static_cast<std::byte*>(memory) + ahead;
  static_cast<void>(madvise(data, bytes, MADV_HUGEPAGE));  // refused where the kernel was built without
  return std::make_shared<const Pages>(memory, whole);
}

/// On the heap, aligned. Null when memory is short.
std::shared_ptr<const void> zero_bytes(size_t bytes, std::byte*& data) {
  void* memory = std::aligned_alloc(kAlignment, bytes);
  if (memory == nullptr) return nullptr;
  data = static_cast<std::byte*>(std::memset(memory, 0, bytes));
  return {memory, std::free};
}

}  // namespace

Result<Tensor> Tensor::zeros(DType dtype, Shape shape) {
  if (dtype == DType::kString) return unsupported("string tensors have no dense storage");
  ASSIGN_OR_RETURN(const int64_t count, shape.checked_element_count(size_of(dtype)));
  const size_t bytes = static_cast<size_t>(count) * size_of(dtype);
  const size_t padded = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  std::byte* data = nullptr;
  auto owner = padded >= kLeastPages ? zero_pages(padded, data) : zero_bytes(padded, data);
  if (owner == nullptr)
    return out_of_memory("no memory for a tensor of {} bytes ({})", bytes, shape.to_string());
  return wrap(dtype, std::move(shape), data, std::move(owner));
}

Result<Tensor> Tensor::from_bytes(DType dtype, Shape shape, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(Tensor tensor, zeros(dtype, std::move(shape)));
  if (bytes.size() != tensor.byte_size())
    return invalid_argument("a tensor of shape {} and type {} takes {} bytes, not {}",
                            tensor.shape().to_string(), name_of(dtype), tensor.byte_size(), bytes.size());
  if (!bytes.empty()) std::memcpy(tensor.data(), bytes.data(), bytes.size());
  return tensor;
}

Tensor Tensor::wrap(DType dtype, Shape shape, std::byte* data, std::shared_ptr<const void> keep_alive) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.owner_ = std::move(keep_alive);
  tensor.data_ = data;
  return tensor;
}

Result<Tensor> Tensor::reshaped(Shape shape) const {
  if (!shape.is_static() || shape.element_count() != element_count())
    return invalid_argument("shape {} cannot be viewed as {}", shape_.to_string(), shape.to_string());
  return wrap(dtype_, std::move(shape), data_, owner_);
}

}  // namespace ridgeline
