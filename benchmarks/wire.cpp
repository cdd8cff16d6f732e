// What the HTTP codec takes of a request's time: decode, check against the model, encode the answer of an
// identity model. `wire_benchmark [--benchmark_filter=REGEX]`; a quiet machine, or ratios between rows.

#include <benchmark/benchmark.h>
#include <numeric>

#include "wire/check.h"
#include "wire/datatype.h"
#include "wire/http/infer_request.h"
#include "wire/http/infer_response.h"

namespace ridgeline::wire::http {
namespace {

struct Exchange {
  ModelSignature model;
  std::string body;
  size_t header_length = 0;
};

Exchange exchange(const Shape& shape, bool binary) {
  Exchange made;
  made.model.name = "identity";
  made.model.inputs = {{.name = "INPUT0", .datatype = DType::kF32, .dims = shape}};
  made.model.outputs = {{.name = "OUTPUT0", .datatype = DType::kF32, .dims = shape}};
  std::vector<float> values(static_cast<size_t>(shape.element_count()));
  std::iota(values.begin(), values.end(), 0.0F);
  const size_t bytes = values.size() * sizeof(float);
  const std::string form = binary ? fmt::format(R"("parameters":{{"binary_data_size":{}}})", bytes)
                                  : fmt::format(R"("data":[{:#}])", fmt::join(values, ","));
  made.body = fmt::format(R"({{"inputs":[{{"name":"INPUT0","shape":{},"datatype":"FP32",{}}}],)"
                          R"("outputs":[{{"name":"OUTPUT0","parameters":{{"binary_data":{}}}}}]}})",
                          bracketed(shape), form, binary);
  made.header_length = made.body.size();
  if (binary) made.body.append(reinterpret_cast<const char*>(values.data()), bytes);
  return made;
}

/// Bytes that would go to the socket; 0 when anything is refused.
size_t answer(const Exchange& exchange) {
  const auto request = decode_infer_request({.model = exchange.model.name,
                                             .bytes = std::as_bytes(std::span(exchange.body)),
                                             .header_length = exchange.header_length},
                                            {});
  if (!request.ok() || !check_against(exchange.model, request.value()).ok()) return 0;
  const InputTensor& input = request.value().inputs[0];
  const InferResponse response{.model_name = exchange.model.name,
                               .model_version = "1",
                               .outputs = {{"OUTPUT0", input.datatype, input.shape, input.data}}};
  const auto encoded = encode_infer_response(response, {.outputs = request.value().outputs});
  if (!encoded.ok()) return 0;
  size_t bytes = encoded.value().head.size();
  for (const auto tensor : encoded.value().tensors) bytes += tensor.size();
  return bytes;
}

void identity(benchmark::State& state, const Shape& shape, bool binary) {
  const Exchange made = exchange(shape, binary);
  for (auto _ : state) {
    const size_t bytes = answer(made);
    if (bytes == 0) state.SkipWithError("refused");
    benchmark::DoNotOptimize(bytes);
  }
}

BENCHMARK_CAPTURE(identity, 16_floats_binary, Shape{1, 16}, true);
BENCHMARK_CAPTURE(identity, 16_floats_json, Shape{1, 16}, false);
BENCHMARK_CAPTURE(identity, image_binary, Shape{1, 3, 224, 224}, true);
BENCHMARK_CAPTURE(identity, image_json, Shape{1, 3, 224, 224}, false);

}  // namespace
}  // namespace ridgeline::wire::http

BENCHMARK_MAIN();
