#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace ridgeline {

enum class Precision { kFp32, kFp16, kBf16, kBf16x3, kInt8 };
std::string_view name_of(Precision precision);  // "fp32" "fp16" "bf16" "bf16x3" "int8"
std::optional<Precision> precision_from_name(std::string_view name);

/// Latency: one call uses all threads. Throughput: calls are split over threads by image.
enum class ThreadingMode { kLatency, kThroughput };
std::string_view name_of(ThreadingMode mode);  // "latency" "throughput"
std::optional<ThreadingMode> threading_mode_from_name(std::string_view name);

struct SessionOptions {
  Precision precision = Precision::kFp32;
  std::string device = "cpu";  ///< "cpu" or "cuda:N"
  int threads = 1;             ///< worker threads, the calling one included
  ThreadingMode mode = ThreadingMode::kLatency;
  /// Shape of each graph input by name. A graph's fixed shape stands for an absent entry.
  std::map<std::string, Shape> input_shapes;
};

struct DeviceSupport {
  std::string device;  ///< "cpu", "cuda:0"
  bool available = false;
  std::string reason;  ///< why not, empty when available
  std::vector<Precision> precisions;
  /// Those of `precisions` that need the model's own weights and ops in that type; Ridgeline converts an FP32
  /// model first.
  std::vector<Precision> needs_converted{};
};
struct Capabilities {
  bool available = false;
  std::string reason;  ///< why the engine is not here, and the remedy; empty when available
  std::vector<DeviceSupport> devices;
};

/// Names, types and static shapes of what a session takes and gives, in the graph's order.
struct Signature {
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

struct OpTime {
  std::string name;  ///< ONNX node name; fused nodes joined by "+"
  std::string op;
  std::string kernel;  ///< the engine's own word for what ran, may be empty
  double mean_us = 0;
};

/// Bytes held on behalf of a session; what an engine cannot tell is 0.
struct MemoryUse {
  int64_t weights_bytes = 0;
  /// Of these, what is in memory once for all sessions that the engine compiled of one Graph.
  int64_t shared_bytes = 0;
  int64_t arena_bytes = 0;
};

/// A model compiled for one device, precision and set of input shapes, but for dimensions that its signature
/// leaves unknown: those come with each call. Never run concurrently with itself.
class Session {
 public:
  virtual ~Session() = default;
  virtual const Signature& signature() const = 0;
  /// `in` and `out` follow the signature's order, types and shapes; the caller owns both. A graph's FP32
  /// inputs and outputs are FP32 here at every precision: conversion is the engine's work. An `out` entry
  /// with null data is lent the session's own memory, valid until the next run; else the result is copied to
  /// it. Outputs whose shape depends on the data (NonMaxSuppression …) must be null; the entry's shape is
  /// set. No allocation after warm-up.
  virtual Status run(std::span<const TensorView> in, std::span<TensorView> out) = 0;
  /// Mean time per operator over `iterations` runs, in execution order. kUnsupported where the engine has no
  /// profiler.
  virtual Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) = 0;
  virtual MemoryUse memory() const = 0;
};

/// One way to run graphs. Thread-safe; sessions keep what they need of it alive.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;
  virtual std::string version() const = 0;
  /// Is it here, on which devices, at which precisions. Never fails: absence is an answer with a reason.
  virtual Capabilities probe() const = 0;
  /// Ok, or kUnsupported with the op or option that it can't do.
  virtual Status supports(const Graph& graph, const SessionOptions& options) const = 0;
  virtual Result<std::unique_ptr<Session>> compile(const Graph& graph,
                                                   const SessionOptions& options) const = 0;
};

}  // namespace ridgeline
