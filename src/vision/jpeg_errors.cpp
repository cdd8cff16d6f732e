#include "vision/jpeg_errors.h"

#include <jerror.h>

namespace ridgeline::vision {
namespace {

void leave(j_common_ptr codec) {
  auto* errors = reinterpret_cast<JpegErrors*>(codec->err);
  errors->base.format_message(codec, errors->message.data());
  std::longjmp(errors->escape, 1);
}

/// Truncation and corrupt data are only warnings to libjpeg; a half-gray picture is an error to us.
void judge_warning(j_common_ptr codec, int level) {
  if (level < 0 && codec->err->msg_code != JWRN_ADOBE_XFORM && codec->err->msg_code != JWRN_EXTRANEOUS_DATA)
    leave(codec);
}

}  // namespace

void JpegErrors::install() {
  jpeg_std_error(&base);
  base.error_exit = leave;
  base.emit_message = judge_warning;
}

}  // namespace ridgeline::vision
