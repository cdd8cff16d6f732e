#include "engine/agreement.h"

#include <algorithm>
#include <cmath>

#include "tensor/half.h"

namespace ridgeline {
namespace {

struct Sums {
  double dot = 0;
  double reference = 0;
  double output = 0;
};

Status add_tensor(std::span<const double> reference, std::span<const double> output, Agreement& agreement,
                  Sums& sums) {
  for (size_t i = 0; i < reference.size(); ++i) {
    const double a = reference[i], b = output[i];
    if (!std::isfinite(a) || !std::isfinite(b)) {
      if (a == b || (std::isnan(a) && std::isnan(b))) continue;
      return invalid_argument("element {} is {} and {} in the reference", i, b, a);
    }
    agreement.max_abs_diff = std::max(agreement.max_abs_diff, std::abs(a - b));
    agreement.scale = std::max(agreement.scale, std::abs(a));
    sums.dot += a * b;
    sums.reference += a * a;
    sums.output += b * b;
  }
  return {};
}

/// The position of the largest of `classes` elements that lie `stride` apart.
int64_t top1(std::span<const double> values, int64_t start, int64_t classes, int64_t stride) {
  int64_t best = 0;
  for (int64_t c = 1; c < classes; ++c)
    if (values[start + c * stride] > values[start + best * stride]) best = c;
  return best;
}

double top1_agreement(const Shape& shape, std::span<const double> reference, std::span<const double> output) {
  const int64_t images = shape[0], classes = shape[1];
  const int64_t places = shape.element_count() / (images * classes);
  int64_t same = 0;
  for (int64_t image = 0; image < images; ++image)
    for (int64_t place = 0; place < places; ++place) {
      const int64_t start = image * classes * places + place;
      if (top1(reference, start, classes, places) == top1(output, start, classes, places)) ++same;
    }
  return static_cast<double>(same) / static_cast<double>(images * places);
}

}  // namespace

Result<Agreement> compare_outputs(std::span<const Tensor> reference, std::span<const Tensor> outputs) {
  if (reference.size() != outputs.size())
    return invalid_argument("{} outputs, {} in the reference", outputs.size(), reference.size());
  Agreement agreement;
  Sums sums;
  for (size_t i = 0; i < reference.size(); ++i) {
    const Shape& shape = reference[i].shape();
    if (outputs[i].shape() != shape || outputs[i].dtype() != reference[i].dtype())
      return invalid_argument("output {} is {} {}, {} {} in the reference", i, name_of(outputs[i].dtype()),
                              outputs[i].shape().to_string(), name_of(reference[i].dtype()),
                              shape.to_string());
    ASSIGN_OR_RETURN(const Tensor expected, convert(reference[i], DType::kF64));
    ASSIGN_OR_RETURN(const Tensor given, convert(outputs[i], DType::kF64));
    const auto a = expected.as<double>(), b = given.as<double>();
    RETURN_IF_ERROR(add_tensor(a, b, agreement, sums).with_context(fmt::format("output {}", i)));
    if (i == 0 && shape.rank() >= 2 && shape.element_count() > 0)
      agreement.top1_agreement = top1_agreement(shape, a, b);
  }
  const double norms = std::sqrt(sums.reference) * std::sqrt(sums.output);
  if (norms > 0)
    agreement.cosine = std::min(1.0, sums.dot / norms);
  else
    agreement.cosine = sums.reference == sums.output ? 1 : 0;
  return agreement;
}

AgreementBound bound_of(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
    case Precision::kBf16x3:
      return {1e-4, 0.9999};
    case Precision::kFp16:
      return {2e-2, 0.999};
    case Precision::kBf16:
      return {1e-1, 0.99};
    case Precision::kInt8:
      return {5e-1, 0.95};
  }
  return {0, 1};
}

Status check_agreement(const Agreement& agreement, Precision precision) {
  const AgreementBound bound = bound_of(precision);
  const double relative = agreement.max_abs_diff / std::max(agreement.scale, 1e-12);
  if (agreement.max_abs_diff > 0 && !(relative <= bound.relative_diff))
    return invalid_argument(
        "outputs differ from the reference by {:.3g}, which is {:.3g} of its largest value; {} may differ by "
        "{:g}",
        agreement.max_abs_diff, relative, name_of(precision), bound.relative_diff);
  if (!(agreement.cosine >= bound.cosine))
    return invalid_argument("the cosine of the outputs with the reference's is {:.5f}; {} needs {:g}",
                            agreement.cosine, name_of(precision), bound.cosine);
  return {};
}

}  // namespace ridgeline
