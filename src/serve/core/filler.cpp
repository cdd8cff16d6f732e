#include "serve/core/filler.h"

#include "wire/datatype.h"

namespace ridgeline::serve {

Result<std::vector<std::byte>> zero_bytes(DType datatype, const Shape& shape) {
  if (datatype == DType::kString) {
    ASSIGN_OR_RETURN(const int64_t elements, shape.checked_element_count(sizeof(uint32_t)));
    return std::vector<std::byte>(static_cast<size_t>(elements) * sizeof(uint32_t));
  }
  ASSIGN_OR_RETURN(const size_t bytes, wire::tensor_byte_size(datatype, shape));
  return std::vector<std::byte>(bytes);
}

}  // namespace ridgeline::serve
