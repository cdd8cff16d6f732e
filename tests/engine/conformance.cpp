#include "conformance.h"

#include <array>
#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "formats/onnx.h"
#include "formats/onnx_tensor.h"
#include "tensor/half.h"

namespace ridgeline {

namespace {

/// Of ONNX 1.12's data, these hold BF16 as UINT16, cut instead of rounded, or under another shape than their
/// models'.
const std::set<std::string> kWrongData = {
    "test_cast_BFLOAT16_to_FLOAT",     "test_cast_FLOAT_to_BFLOAT16",
    "test_castlike_BFLOAT16_to_FLOAT", "test_castlike_BFLOAT16_to_FLOAT_expanded",
    "test_castlike_FLOAT_to_BFLOAT16", "test_castlike_FLOAT_to_BFLOAT16_expanded"};

Result<Tensor> read_tensor_file(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  onnx::TensorProto proto;
  if (!proto.ParseFromString(bytes)) return unsupported("{} holds no tensor", path);
  formats::ExternalData none;
  return formats::read_tensor(proto, none);
}

Result<std::vector<Tensor>> read_tensors(const std::string& folder, const char* kind, size_t count) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < count; ++i) {
    auto tensor = read_tensor_file(fmt::format("{}/test_data_set_0/{}_{}.pb", folder, kind, i));
    if (!tensor.ok()) return unsupported("{}", tensor.status().message());
    if (tensor->dtype() == DType::kString) return unsupported("{} {} holds strings", kind, i);
    tensors.push_back(std::move(tensor).value());
  }
  return tensors;
}

/// ONNX's backend tests compare within these.
bool is_near(double actual, double expected) {
  constexpr double kRelative = 1e-3;
  constexpr double kAbsolute = 1e-7;
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= kAbsolute + kRelative * std::abs(expected);
}

Status compare(const TensorView& actual, const Tensor& expected, size_t output) {
  if (actual.dtype != expected.dtype() || actual.shape != expected.shape()) {
    return internal_error("output {} is {} {}, not {} {}", output, name_of(actual.dtype),
                          actual.shape.to_string(), name_of(expected.dtype()), expected.shape().to_string());
  }
  if (expected.element_count() == 0) return {};
  ASSIGN_OR_RETURN(const Tensor ours,
                   Tensor::from_bytes(actual.dtype, actual.shape, {actual.data, actual.byte_size()}));
  ASSIGN_OR_RETURN(const Tensor our_numbers, convert(ours, DType::kF64));
  ASSIGN_OR_RETURN(const Tensor their_numbers, convert(expected, DType::kF64));
  for (size_t i = 0; i < static_cast<size_t>(expected.element_count()); ++i) {
    const double a = our_numbers.as<double>()[i];
    const double b = their_numbers.as<double>()[i];
    if (!is_near(a, b)) return internal_error("output {} element {} is {}, not {}", output, i, a, b);
  }
  return {};
}

ConformanceCase with_constant_parameters(const ConformanceCase& test) {
  ConformanceCase fixed{.name = test.name, .graph = test.graph, .inputs = {}, .outputs = test.outputs};
  fixed.graph.inputs.clear();
  fixed.graph.source = {};
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    if (test.inputs[i].shape().rank() <= 1) {
      fixed.graph.initializers[test.graph.inputs[i].name] = test.inputs[i];
    } else {
      fixed.graph.inputs.push_back(test.graph.inputs[i]);
      fixed.inputs.push_back(test.inputs[i]);
    }
  }
  return fixed;
}

Status run_as_it_is(const Engine& engine, const ConformanceCase& test) {
  SessionOptions options{.threads = 1};
  std::vector<TensorView> in;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    options.input_shapes[test.graph.inputs[i].name] = test.inputs[i].shape();
    in.push_back(test.inputs[i].view());
  }
  RETURN_IF_ERROR(engine.supports(test.graph, options));
  ASSIGN_OR_RETURN(const auto session, engine.compile(test.graph, options));
  std::vector<TensorView> out(test.outputs.size());
  RETURN_IF_ERROR(session->run(in, out));
  for (size_t i = 0; i < out.size(); ++i) RETURN_IF_ERROR(compare(out[i], test.outputs[i], i));
  return {};
}

void note(const ConformanceCase& test, const Status& status, ConformanceReport& report) {
  if (status.ok()) {
    ++report.passed;
    if (test.graph.nodes.size() == 1) report.claimed_ops.insert(test.graph.nodes[0].op);
  } else if (status.code() == ErrorCode::kUnsupported) {
    ++report.refused;
    report.refusals.emplace(test.graph.nodes.size() == 1 ? test.graph.nodes[0].op : test.name,
                            status.message());
  } else {
    report.failures.push_back(test.name + ": " + status.message());
  }
}

}  // namespace

Result<ConformanceCase> load_conformance_case(const std::string& folder) {
  ConformanceCase test{
      .name = std::filesystem::path(folder).filename(), .graph = {}, .inputs = {}, .outputs = {}};
  ASSIGN_OR_RETURN(test.graph, formats::load_onnx(folder + "/model.onnx"));
  ASSIGN_OR_RETURN(test.inputs, read_tensors(folder, "input", test.graph.inputs.size()));
  ASSIGN_OR_RETURN(test.outputs, read_tensors(folder, "output", test.graph.outputs.size()));
  return test;
}

Status run_conformance_case(const Engine& engine, const ConformanceCase& test) {
  Status status = run_as_it_is(engine, test);
  if (status.code() != ErrorCode::kUnsupported) return status;
  const Status second = run_as_it_is(engine, with_constant_parameters(test));
  return second.code() == ErrorCode::kUnsupported ? status : second;
}

ConformanceReport run_conformance(const Engine& engine, const std::string& root) {
  ConformanceReport report;
  for (const auto& folder : std::filesystem::directory_iterator(root)) {
    if (kWrongData.contains(folder.path().filename())) continue;
    const auto test = load_conformance_case(folder.path());
    if (!test.ok()) {
      ++report.refused;
      if (test.status().code() != ErrorCode::kUnsupported) report.failures.push_back(test.status().message());
      report.refusals.emplace(folder.path().filename(), test.status().message());
      continue;
    }
    note(*test, run_conformance_case(engine, *test), report);
  }
  return report;
}

}  // namespace ridgeline
