#include "vision/normalise.h"

#include "tensor/half.h"

namespace ridgeline::vision {
namespace {

constexpr size_t kLevels = 256;

template <typename T>
void look_up(std::span<const uint8_t> rgb, const std::vector<T>& table, const std::array<size_t, 3>& source,
             Layout layout, T* out) {
  const size_t pixels = rgb.size() / 3;
  const size_t channel_step = layout == Layout::kNchw ? pixels : 1;
  const size_t pixel_step = layout == Layout::kNchw ? 1 : 3;
  for (size_t i = 0; i < pixels; ++i)
    for (size_t c = 0; c < 3; ++c)
      out[i * pixel_step + c * channel_step] = table[c * kLevels + rgb[i * 3 + source[c]]];
}

}  // namespace

Normaliser::Normaliser(const Preprocessing& how, Layout layout, DType dtype)
    : layout_(layout), dtype_(dtype), source_{0, 1, 2} {
  if (how.color_order == ColorOrder::kBgr) source_ = {2, 1, 0};
  for (size_t c = 0; c < 3; ++c) {
    const float scale = 1.0F / (255.0F * how.stddev[c]);
    const float shift = how.mean[c] / how.stddev[c];
    for (size_t level = 0; level < kLevels; ++level) {
      const float number = static_cast<float>(level) * scale - shift;
      dtype == DType::kF32 ? full_.push_back(number) : half_.push_back(f32_to_bf16(number));
    }
  }
}

void Normaliser::write(std::span<const uint8_t> rgb, std::span<std::byte> out) const {
  if (dtype_ == DType::kF32)
    look_up(rgb, full_, source_, layout_, reinterpret_cast<float*>(out.data()));
  else
    look_up(rgb, half_, source_, layout_, reinterpret_cast<uint16_t*>(out.data()));
}

}  // namespace ridgeline::vision
