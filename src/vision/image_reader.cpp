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

int reduced_size(int size, int reduction) { return (size + reduction - 1) / reduction; }

int reduction_for(int size, int needed) {
  int reduction = 8;
  while (reduction > 1 && size / reduction < needed) reduction /= 2;
  return reduction;
}

Status ImageReader::open(Bytes file) {
  whole_ = nullptr;
  if (!is_jpeg(file)) {
    const auto whole = std::make_shared<DecodedImage>();
    ASSIGN_OR_RETURN(whole->pixels, decode_upright(file));
    whole->width = whole->pixels.width;
    whole->height = whole->pixels.height;
    open(whole);
    return {};
  }
  turn_ = Turn::for_orientation(jpeg_orientation(file));
  return jpeg_.open(file);
}

void ImageReader::open(std::shared_ptr<const DecodedImage> image) {
  whole_ = std::move(image);
  turn_ = whole_->turn;
}

int ImageReader::stored_width() const { return whole_ ? whole_->width : jpeg_.width(); }
int ImageReader::stored_height() const { return whole_ ? whole_->height : jpeg_.height(); }
int ImageReader::width() const { return turn_.transposed ? stored_height() : stored_width(); }
int ImageReader::height() const { return turn_.transposed ? stored_width() : stored_height(); }

Result<ImageReader::Part> ImageReader::read(const Rectangle& wanted, int reduction) {
  if (whole_) reduction = whole_->reduction;
  const Rectangle full = stored_rectangle(wanted, turn_, stored_width(), stored_height());
  const auto reduced = [&](int position) { return static_cast<double>(position) / reduction; };
  Rectangle part{full.left / reduction, full.top / reduction};
  part.width = reduced_size(full.left + full.width, reduction) - part.left;
  part.height = reduced_size(full.top + full.height, reduction) - part.top;
  if (!whole_) RETURN_IF_ERROR(jpeg_.read(part, reduction, stored_));
  const ImageView pixels = whole_ ? part_of(view_of(whole_->pixels), part) : view_of(stored_);
  const Box box{reduced(full.left) - part.left, reduced(full.top) - part.top,
                reduced(full.left + full.width) - part.left, reduced(full.top + full.height) - part.top};
  if (turn_.none()) return Part{pixels, box};
  turn_upright(pixels, turn_, upright_);
  return Part{view_of(upright_), turned(box, turn_, pixels.width, pixels.height)};
}

Result<std::shared_ptr<const DecodedImage>> ImageReader::decode(int reduction) {
  if (whole_) return whole_;
  const auto whole = std::make_shared<DecodedImage>();
  whole->reduction = reduction;
  whole->width = jpeg_.width();
  whole->height = jpeg_.height();
  whole->turn = turn_;
  const Rectangle all{0, 0, reduced_size(whole->width, reduction), reduced_size(whole->height, reduction)};
  RETURN_IF_ERROR(jpeg_.read(all, reduction, whole->pixels));
  return std::shared_ptr<const DecodedImage>(whole);
}

}  // namespace ridgeline::vision
