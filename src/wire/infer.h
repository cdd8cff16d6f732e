#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

/// An inference request and its answer, whatever protocol carries them. Codecs fill and read these structs;
/// they copy no tensor that lies in binary form in a message.
namespace ridgeline::wire {

using Parameter = std::variant<bool, int64_t, uint64_t, double, std::string>;
/// In the order of the message. The first of a name counts.
using Parameters = std::vector<std::pair<std::string, Parameter>>;

/// The parameter of that name; nullptr when there is none.
const Parameter* find(const Parameters& parameters, std::string_view name);

/// Bytes of a shared-memory region that the client has registered. Nothing here is checked against the
/// region.
struct SharedMemoryRef {
  std::string region;
  uint64_t offset = 0;
  uint64_t byte_size = 0;

  bool operator==(const SharedMemoryRef&) const = default;
};

/// Elements are row-major and little-endian; BYTES elements are each a u32 length and that many bytes. `data`
/// need not be aligned.
struct InputTensor {
  std::string name;
  DType datatype = DType::kF32;
  bool datatype_known = true;  ///< false: the message names none of the datatypes; check_against() refuses it
  Shape shape;
  std::span<const std::byte> data;               ///< empty when the data lie in shared memory
  std::optional<SharedMemoryRef> shared_memory;  ///< resolved by the server, which owns the regions
};

/// How one output is to be sent.
struct RequestedOutput {
  std::string name;
  bool binary = false;          ///< HTTP: as binary tensor data rather than JSON
  uint64_t classification = 0;  ///< the count of best classes to send in place of the tensor; 0: the tensor
  std::optional<SharedMemoryRef> shared_memory;
};

/// The sequence a request belongs to; 0 and "" are none.
struct Sequence {
  std::variant<uint64_t, std::string> id = uint64_t{0};
  bool start = false;
  bool end = false;
};

struct InferRequest {
  std::string model;
  std::string version;  ///< as the client wrote it; empty: the server chooses
  std::string id;
  Sequence sequence;
  uint64_t priority = 0;       ///< 0: the model's default
  uint64_t timeout_us = 0;     ///< 0: none
  bool binary_output = false;  ///< HTTP: outputs are binary where `outputs` is empty
  Parameters parameters;       ///< those that the protocol does not reserve
  std::vector<InputTensor> inputs;
  std::vector<RequestedOutput> outputs;  ///< empty: all that the model has
  /// Own the memory that the spans point to.
  std::vector<std::shared_ptr<const void>> keep_alive;
};

/// Gives the bytes to the request that an input's data point into.
std::span<const std::byte> keep(std::vector<std::byte> bytes, InferRequest& request);

/// "[request id: ID] ", as Triton begins a message about one request.
std::string about_request(std::string_view id);

struct OutputTensor {
  std::string name;
  DType datatype = DType::kF32;
  Shape shape;
  std::span<const std::byte> data;  ///< same form as an input's
};

/// The spans' memory belongs to the server, and must outlive the sending of what is encoded from them.
struct InferResponse {
  std::string model_name;
  std::string model_version;
  std::string id;
  Parameters parameters;
  std::vector<OutputTensor> outputs;
};

}  // namespace ridgeline::wire
