#pragma once

#include <cstdint>

/// What frames between a Python process and us are about; stub/ridgeline_stub/packing.py has the same
/// numbers. Batches go over one stream, so that the thread that executes is the one that hears of the answer;
/// everything else goes over another.
namespace ridgeline::serve {

enum class ToPython : uint32_t {
  kStart = 1,       ///< JSON
  kExecute = 2,     ///< pack_batch()
  kFinalize = 3,    ///< empty
  kCancelled = 4,   ///< u8
  kCallAnswer = 5,  ///< u8 whether it is the last, then as kResponse
};

enum class FromPython : uint32_t {
  kHello = 101,         ///< text: numpy's version
  kStarted = 102,       ///< the completed configuration as JSON, or empty
  kFailed = 103,        ///< text
  kExecuted = 104,      ///< u8 0, answers (none if decoupled); or u8 1, text
  kFinalized = 105,     ///< empty
  kAskCancelled = 106,  ///< u64 a request's tag
  kResponse = 107,      ///< of the request with that tag: u8 whether it is the last, answers
  kCall = 108,          ///< a request to one of the server's models
  kLog = 109,           ///< u8 level, text
};

/// Answers: u64 place, u64 bytes and u8 presence of the block with their tensors, a u32 count, and for each
/// one of these; kTensors: text parameters as JSON, tensors; kError: u8 code, text.
enum class AnswerKind : uint8_t { kNone = 0, kTensors = 1, kError = 2 };

/// Flags of a request.
inline constexpr uint32_t kSequenceStart = 1;
inline constexpr uint32_t kSequenceEnd = 2;
inline constexpr uint32_t kAllOutputs = uint32_t{1} << 31;  ///< the client named none

}  // namespace ridgeline::serve
