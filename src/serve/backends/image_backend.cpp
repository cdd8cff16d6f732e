#include <chrono>
#include <limits>

#include "serve/backends/backends.h"
#include "serve/backends/buffer_pool.h"
#include "serve/backends/image_recipe.h"
#include "vision/decode.h"
#include "vision/normalise.h"
#include "wire/bytes.h"

namespace ridgeline::serve {
namespace {

using vision::Image;
using vision::ImageView;
using vision::Preprocessing;

/// Pixels of a picture after its resize, as many as a file may hold: a strip of one pixel's width would take
/// any memory.
constexpr int64_t kMostPixels = int64_t{1} << 28;

Status check_size(int64_t width, int64_t height, const Preprocessing& how) {
  if (width < 1 || height < 1 || width > kMostPixels / height)
    return invalid_argument("a picture of {}x{} pixels cannot be taken", width, height);
  const int64_t side = how.resize_shorter;
  const int64_t longer = side * std::max(width, height) / std::min(width, height);
  if (longer > kMostPixels / side)
    return invalid_argument("the picture is too narrow ({}x{} pixels)", width, height);
  return {};
}

/// What a model does with its pictures, one instance after the other.
struct ImageModel {
  ModelConfig config;
  Preprocessing how;
  bool files = false;     ///< encoded, else pixels
  bool prepared = false;  ///< pixels that are configured as the crop's: they are only normalised

  bool batched() const { return config.max_batch_size > 0; }
  size_t picture_bytes() const {
    return static_cast<size_t>(how.batch_shape(1).element_count()) * sizeof(float);
  }
};

class ImageInstance : public Instance {
 public:
  explicit ImageInstance(std::shared_ptr<const ImageModel> model)
      : model_(std::move(model)), normaliser_(model_->how, model_->how.layout, DType::kF32) {}

  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    using Clock = std::chrono::steady_clock;
    ComputeTimes times;
    for (const auto& job : batch) {
      const auto begin = Clock::now();
      Result<Answer> answer = answer_to(*job);
      const auto done = Clock::now();
      job->answer(std::move(answer));
      times.infer += done - begin;
      times.output += Clock::now() - done;
    }
    return times;
  }

 private:
  Result<Answer> answer_to(const Job& job) {
    const auto& inputs = job.request().inputs;
    const InputConfig& input = model_->config.inputs.front();
    if (inputs.size() != 1 || inputs.front().name != input.name || inputs.front().datatype != input.datatype)
      return internal_error("the request is not one input '{}'", input.name);
    const int64_t rows = model_->batched() ? job.rows() : 1;
    ASSIGN_OR_RETURN(BufferPool::Buffer buffer,
                     pool_.take(static_cast<size_t>(rows) * model_->picture_bytes()));
    RETURN_IF_ERROR(model_->files ? decode(inputs.front(), rows, buffer.bytes)
                                  : take_pixels(inputs.front(), rows, buffer.bytes));
    return answer_of(rows, buffer);
  }

  Answer answer_of(int64_t rows, const BufferPool::Buffer& buffer) const {
    const OutputConfig& output = model_->config.outputs.front();
    Shape shape = model_->how.batch_shape(rows);
    if (!model_->batched()) shape.dims().erase(shape.dims().begin());
    Answer answer;
    answer.response.outputs.push_back(
        {.name = output.name, .datatype = DType::kF32, .shape = std::move(shape), .data = buffer.bytes});
    answer.keep_alive.push_back(buffer.owner);
    return answer;
  }

  Status decode(const wire::InputTensor& tensor, int64_t rows, std::span<std::byte> out) {
    std::span<const std::byte> rest = tensor.data;
    for (int64_t row = 0; row < rows; ++row) {
      const std::string what = fmt::format("input '{}', image {}", tensor.name, row);
      const auto file = wire::take_string(rest);
      if (!file) return invalid_argument("{}: is missing", what);
      ASSIGN_OR_RETURN(const Image image, vision::decode_image(std::as_bytes(std::span(*file)), what));
      RETURN_IF_ERROR(prepare(vision::view_of(image), picture(row, out)).with_context(what));
    }
    return {};
  }

  Status take_pixels(const wire::InputTensor& tensor, int64_t rows, std::span<std::byte> out) {
    const std::vector<int64_t>& dims = tensor.shape.dims();
    const int64_t height = dims[dims.size() - 3];
    const int64_t width = dims[dims.size() - 2];
    RETURN_IF_ERROR(check_size(width, height, model_->how).with_context(tensor.name));
    const size_t bytes = static_cast<size_t>(height * width) * 3;
    if (tensor.data.size() != bytes * static_cast<size_t>(rows))
      return internal_error("input '{}' has {} bytes, not {} × {}", tensor.name, tensor.data.size(), rows,
                            bytes);
    for (int64_t row = 0; row < rows; ++row) {
      const auto* rgb =
          reinterpret_cast<const uint8_t*>(tensor.data.data()) + static_cast<size_t>(row) * bytes;
      if (model_->prepared) {
        normaliser_.write({rgb, bytes}, picture(row, out));
        continue;
      }
      const ImageView view{rgb, static_cast<int>(width), static_cast<int>(height), width * 3};
      RETURN_IF_ERROR(prepare(view, picture(row, out)));
    }
    return {};
  }

  Status prepare(const ImageView& image, std::span<std::byte> out) {
    RETURN_IF_ERROR(check_size(image.width, image.height, model_->how));
    vision::resize_and_crop(image, model_->how, resizer_, cropped_);
    normaliser_.write(cropped_.rgb, out);
    return {};
  }

  std::span<std::byte> picture(int64_t row, std::span<std::byte> out) const {
    return out.subspan(static_cast<size_t>(row) * model_->picture_bytes(), model_->picture_bytes());
  }

  std::shared_ptr<const ImageModel> model_;
  vision::Normaliser normaliser_;
  vision::Resizer resizer_;
  Image cropped_;
  BufferPool pool_;
};

class LoadedImageModel : public LoadedModel {
 public:
  explicit LoadedImageModel(std::shared_ptr<const ImageModel> model) : model_(std::move(model)) {}
  const ModelConfig& config() const override { return model_->config; }
  Result<std::unique_ptr<Instance>> make_instance(const Place&) override {
    return std::unique_ptr<Instance>(std::make_unique<ImageInstance>(model_));
  }

 private:
  std::shared_ptr<const ImageModel> model_;
};

class ImageBackend : public Backend {
 public:
  std::string_view name() const override { return "image"; }

  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    auto model = std::make_shared<ImageModel>();
    model->config = source.config;
    Result<Preprocessing> how = preprocessing_of(source.config, source.model_path);
    if (!how.ok()) return named(std::move(how).status(), source);
    model->how = *how;
    complete_image(model->config, *how);
    if (Status fits = check_image(model->config, *how); !fits.ok()) return named(std::move(fits), source);
    const InputConfig& input = model->config.inputs.front();
    model->files = input.datatype == DType::kString;
    model->prepared = !model->files && input.dims[0] == how->crop && input.dims[1] == how->crop;
    return std::unique_ptr<LoadedModel>(std::make_unique<LoadedImageModel>(std::move(model)));
  }

 private:
  static Status named(Status status, const ModelSource& source) {
    return std::move(status).with_context(fmt::format("model '{}'", source.config.name));
  }
};

}  // namespace

std::unique_ptr<const Backend> image_backend() { return std::make_unique<ImageBackend>(); }

}  // namespace ridgeline::serve
