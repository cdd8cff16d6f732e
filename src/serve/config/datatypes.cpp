#include "serve/config/messages.h"
#include "wire/datatype.h"

namespace ridgeline::serve {

std::optional<DType> dtype_of(inference::DataType type) {
  return wire::dtype_from_config_type(inference::DataType_Name(type));
}

inference::DataType type_of(std::optional<DType> dtype) {
  inference::DataType type = inference::TYPE_INVALID;
  if (dtype) inference::DataType_Parse(std::string(wire::config_type_name(*dtype)), &type);
  return type;
}

}  // namespace ridgeline::serve
