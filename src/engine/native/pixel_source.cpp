#include "engine/native/pixel_source.h"

namespace ridgeline::native {
namespace {

namespace pixels = kernels::pixels;

Built fp32_image(const PixelSource& source, int64_t batch, size_t out, const CpuFeatures& cpu) {
  const pixels::PixelImage& image = source.image;
  const pixels::PixelKernels& kernels = pixels::pixel_kernels(cpu);
  Built built{
      std::string(kernels.name),
      [image, batch, &kernels, in = source.slot, out](Slots slots, ThreadPool& pool) -> Status {
        pixels::to_planes(
            kernels, image,
            {.images = batch, .from = slots[in].as<uint8_t>().data(), .to = slots[out].as<float>().data()},
            pool);
        return {};
      }};
  kernels::Window window;
  window.in = window.out = {1, image.rows, image.columns};
  built.rows =
      RowWise{.in = source.slot,
              .out = out,
              .window = window,
              .pixels = RowWise::Pixels{.image_bytes = image.image_bytes, .row_bytes = image.row_bytes},
              .run = [image, &kernels](Slots, const Part& part, ThreadPool&) {
                pixels::to_planes(kernels, image,
                                  {.from = reinterpret_cast<const uint8_t*>(part.in),
                                   .count = part.window.out[1],
                                   .to = part.out,
                                   .plane = kernels::out_plane(part.window)});
              }};
  return built;
}

Built image_of_steps(const PixelSource& source, int64_t batch, size_t out) {
  return {"table",
          [image = source.image, batch, in = source.slot, out](Slots slots, ThreadPool& pool) -> Status {
            pixels::to_planes(image,
                              {.images = batch,
                               .from = slots[in].as<uint8_t>().data(),
                               .to = reinterpret_cast<uint8_t*>(slots[out].data)},
                              pool);
            return {};
          }};
}

}  // namespace

Result<PixelSource> describe_pixels(const Node& node, size_t slot, const Shape& x) {
  const bool interleaved = node.string_or("layout", "") == "NHWC";
  const std::vector<int64_t> channels = node.ints_or("channels", {});
  const Tensor *const scale = node.tensor("scale"), *const shift = node.tensor("shift");
  if (channels.empty() || channels.size() > pixels::kMostChannels || scale == nullptr || shift == nullptr)
    return unsupported("{}: its attributes do not fit", node.describe());
  const int64_t rows = x[interleaved ? 1 : 2], columns = x[interleaved ? 2 : 3];
  const int64_t all = x[interleaved ? 3 : 1];
  PixelSource source{.nodes = node.name,
                     .slot = slot,
                     .image = {.rows = rows,
                               .columns = columns,
                               .image_bytes = all * rows * columns,
                               .row_bytes = columns * (interleaved ? all : 1),
                               .pixel_bytes = interleaved ? all : 1,
                               .channels = static_cast<int64_t>(channels.size())}};
  for (size_t c = 0; c < channels.size(); ++c)
    source.image.of[c] = {.offset = channels[c] * (interleaved ? 1 : rows * columns),
                          .scale = scale->as<float>()[c],
                          .shift = shift->as<float>()[c]};
  if (const Tensor* const table = node.tensor("table")) {
    source.steps = *table;
    source.image.steps = reinterpret_cast<const uint8_t*>(source.steps.data());
  }
  return source;
}

Step make_image(const PixelSource& source, int64_t batch, size_t out, const CpuFeatures& cpu) {
  Built built = source.image.steps == nullptr ? fp32_image(source, batch, out, cpu)
                                              : image_of_steps(source, batch, out);
  return {.name = source.nodes,
          .op = "ReadPixels",
          .kernel = std::move(built.kernel),
          .in = {source.slot},
          .out = {out},
          .run = std::move(built.run),
          .rows = std::move(built.rows)};
}

}  // namespace ridgeline::native
