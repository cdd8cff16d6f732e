#pragma once

#include <cstdint>

/// What frames between a model's process and us are about; python/stub/ridgeline_stub/packing.py has the same
/// numbers. Batches go over one stream, so that the thread that executes is the one that hears of the answer;
/// everything else goes over another.
namespace ridgeline::serve {

/// The numbers under which a process has what it shares with us; python/stub/boot.py knows them.
inline constexpr int kFileDescriptor = 3;
inline constexpr int kExecuteDescriptor = 4;
inline constexpr int kQuestionsDescriptor = 5;
inline constexpr int kInputsDescriptor = 6;
inline constexpr int kOutputsDescriptor = 7;

enum class ToChild : uint32_t {
  kStart = 1,       ///< JSON
  kExecute = 2,     ///< pack_batch()
  kFinalize = 3,    ///< empty
  kCancelled = 4,   ///< u8
  kCallAnswer = 5,  ///< u8 whether it is the last, then as kResponse
  kTold = 6,        ///< u8 1, f64; or u8 0, text: of what asks for it by a tag
};

enum class FromChild : uint32_t {
  kHello = 101,         ///< text: what it runs with, numpy's version for one
  kStarted = 102,       ///< the completed configuration as JSON, or empty
  kFailed = 103,        ///< text; u8 code, where it has one
  kExecuted = 104,      ///< u8 an Outcome
  kFinalized = 105,     ///< empty
  kAskCancelled = 106,  ///< u64 a request's tag
  kResponse = 107,      ///< of the request with that tag: u8 whether it is the last, answers
  kCall = 108,          ///< a request to one of the server's models
  kLog = 109,           ///< u8 level, text
  kMetric = 110,        ///< u8 MetricDeed and what that says; told the value
  kLoad = 111,          ///< block, text model, text configuration, u32 count, each text path, u64 bytes in it
  kUnload = 112,        ///< text model, u8 whether its dependents go with it
  kAskReady = 113,      ///< text model, text version; told 1 or 0
};

/// Families and metrics have numbers that the process gives them.
enum class MetricDeed : uint8_t {
  kMakeFamily = 0,  ///< u64 number, u8 MetricKind, text name, text description
  kMakeMetric =
      1,  ///< u64 number, u64 family, u32 count of labels, each two texts, u32 count of buckets, f64s
  kIncrement = 2,  ///< this and what follows: u64 number, f64 operand
  kSet = 3,
  kObserve = 4,
  kValue = 5,
  kDropMetric = 6,
  kDropFamily = 7,
};

/// Of a batch.
enum class Outcome : uint8_t {
  kAnswers = 0,  ///< answers (none if decoupled)
  kFailed = 1,   ///< text
  kTimed = 2,    ///< i64 nanoseconds of input, inference and output, then answers
};

/// Answers: u64 place, u64 bytes and u8 presence of the block with their tensors, a u32 count, and for each
/// one of these; kTensors: text parameters as JSON, tensors; kError: u8 code, text.
enum class AnswerKind : uint8_t { kNone = 0, kTensors = 1, kError = 2 };

/// Flags of a request.
inline constexpr uint32_t kSequenceStart = 1;
inline constexpr uint32_t kSequenceEnd = 2;
inline constexpr uint32_t kAllOutputs = uint32_t{1} << 31;  ///< the client named none

}  // namespace ridgeline::serve
