#pragma once

#include <memory>

#include "serve/core/backend.h"

namespace ridgeline::serve {

/// What the first value of the input IN asks a model of odd_backend() for; the output OUT is that value and
/// the process that answers.
enum class Oddity {
  kNone = 0,
  kAbort = 1,
  kExit = 2,  ///< says "out of luck" and ends with exit code 7
  kThrow = 3,
  kShape = 4,  ///< an output of one value more than is configured
  kRows = 5,   ///< two rows for one
  kDatatype = 6,
  kName = 7,
  kNegative = 8,  ///< dims
  kSize = 9,      ///< fewer bytes than the shape needs
  kOffset = 10,   ///< bytes outside of the shared memory
  kGarbage = 11,  ///< no frame
  kHugeFrame = 12,
  kOtherTag = 13,
  kCount = 14,  ///< two answers to one request
  kClose = 15,
  kCutInputs = 16,  ///< the shared memory, then abort
  kTooMuch = 17,    ///< an output that is larger than the shared memory
  kNoAnswer = 18,
  kLastCode = 19,  ///< an error of its own, kTimeout
  kFreeAll = 20,   ///< overwrites both arenas
};

/// Calls itself "identity". The parameter "load" makes its models odd when they are loaded ("abort", "hog"
/// and then fail, "lie" about the configuration) or started again ("fail again": as long as a file of that
/// name is in the model's folder).
std::unique_ptr<const Backend> odd_backend();

}  // namespace ridgeline::serve
