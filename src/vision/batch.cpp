#include "vision/batch.h"

#include "vision/decode.h"

namespace ridgeline::vision {

Result<Tensor> load_batch(std::span<const std::string> files, int batch, const Preprocessing& how) {
  if (files.empty()) return invalid_argument("no image files to make a batch of");
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::zeros(DType::kF32, how.batch_shape(batch)));
  const std::span<float> values = tensor.as<float>();
  const size_t per_image = values.size() / static_cast<size_t>(batch);
  for (size_t i = 0; i < static_cast<size_t>(batch); ++i) {
    ASSIGN_OR_RETURN(const Image image, load_image(files[i % files.size()]));
    RETURN_IF_ERROR(preprocess(image, how, values.subspan(i * per_image, per_image)));
  }
  return tensor;
}

}  // namespace ridgeline::vision
