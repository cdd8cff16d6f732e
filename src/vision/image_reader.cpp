#include "vision/image_reader.h"

#include <algorithm>
#include <utility>

namespace ridgeline::vision {
namespace {

/// A box within stored pixels of width × height, after they are turned.
Box turned(Box box, const Turn& turn, int width, int height) {
  if (turn.from_right) box = {width - box.right, box.top, width - box.left, box.bottom};
  if (turn.from_bottom) box = {box.left, height - box.bottom, box.right, height - box.top};
  if (turn.transposed) box = {box.top, box.left, box.bottom, box.right};
  return box;
}

}  // namespace

int reduction_for(int size, int needed) {
  int reduction = 8;
  while (reduction > 1 && size / reduction < needed) reduction /= 2;
  return reduction;
}

Status ImageReader::open(Bytes file) {
  file_ = file;
  decoded_.reset();
  turn_ = {};
  if (!is_jpeg(file)) {
    ASSIGN_OR_RETURN(decoded_, decode_upright(file));
    return {};
  }
  turn_ = Turn::for_orientation(jpeg_orientation(file));
  return jpeg_.open(file);
}

int ImageReader::width() const {
  if (decoded_) return decoded_->width;
  return turn_.transposed ? jpeg_.height() : jpeg_.width();
}

int ImageReader::height() const {
  if (decoded_) return decoded_->height;
  return turn_.transposed ? jpeg_.width() : jpeg_.height();
}

Result<ImageReader::Part> ImageReader::read(const Rectangle& wanted, int reduction) {
  if (decoded_) {
    const ImageView pixels = part_of(view_of(*decoded_), wanted);
    return Part{pixels, whole_box(pixels)};
  }
  const Rectangle full = stored_rectangle(wanted, turn_, jpeg_.width(), jpeg_.height());
  const auto reduced = [&](int position) { return static_cast<double>(position) / reduction; };
  const auto up = [&](int position) { return (position + reduction - 1) / reduction; };
  Rectangle part{full.left / reduction, full.top / reduction};
  part.width = up(full.left + full.width) - part.left;
  part.height = up(full.top + full.height) - part.top;
  RETURN_IF_ERROR(jpeg_.read(part, reduction, stored_));
  const Box box{reduced(full.left) - part.left, reduced(full.top) - part.top,
                reduced(full.left + full.width) - part.left, reduced(full.top + full.height) - part.top};
  if (turn_.none()) return Part{view_of(stored_), box};
  turn_upright(stored_, turn_, upright_);
  return Part{view_of(upright_), turned(box, turn_, stored_.width, stored_.height)};
}

}  // namespace ridgeline::vision
