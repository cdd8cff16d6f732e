#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE declared before it.
#include <array>
#include <jpeglib.h>

namespace ridgeline::vision {

/// libjpeg reports through callbacks and must be left by longjmp; nothing with a destructor may live between
/// setjmp and the calls that can jump.
struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;

  /// Every error, and every warning that tells of damage, jumps to `escape` with a message.
  void install();
};

}  // namespace ridgeline::vision
