#include <gmock/gmock.h>

#include "python_model.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(PythonModelTest, AModelsOwnMetricsAreCountedByTheServer) {
  auto instance = start(R"(
class TritonPythonModel:
    def initialize(self, args):
        self.family = pb_utils.MetricFamily(name="pictures_total", description="Pictures seen", kind=pb_utils.MetricFamily.COUNTER)
        self.metric = self.family.Metric(labels={"model": args["model_name"], "version": args["model_version"]})
        self.sizes = pb_utils.MetricFamily(name="sizes", description="Of pictures", kind=pb_utils.MetricFamily.HISTOGRAM)
        self.size = self.sizes.Metric(labels={}, buckets=[1.0, 10.0])
    def execute(self, requests):
        self.metric.increment(len(requests))
        self.size.observe(5)
        out = np.array([self.metric.value()], np.float32)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", out)]) for _ in requests]
)");
  EXPECT_THAT(ask_floats(*instance, {1}), ElementsAre(1));
  EXPECT_THAT(ask_floats(*instance, {1}), ElementsAre(2));
  const std::string page = options_.metrics->text();
  EXPECT_THAT(page, HasSubstr("# HELP pictures_total Pictures seen\n# TYPE pictures_total counter\n"
                              "pictures_total{model=\"m\",version=\"1\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("sizes_bucket{le=\"1\"} 0\nsizes_bucket{le=\"10\"} 2\n"));
  instance.reset();
  EXPECT_EQ(options_.metrics->text(), "");
}

TEST_F(PythonModelTest, AMetricGoesWithItsObjectInPython) {
  const auto instance = start(R"(
class TritonPythonModel:
    def initialize(self, args):
        self.family = pb_utils.MetricFamily("g", "", pb_utils.MetricFamily.GAUGE)
        self.metrics = [self.family.Metric({"n": str(n)}) for n in range(2)]
        self.metrics[1].set(7)
        self.metrics[1].increment(-8)
        del self.metrics[0]
    def execute(self, requests):
        out = np.array([self.metrics[0].value()], np.float32)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", out)])]
)");
  EXPECT_THAT(ask_floats(*instance, {1}), ElementsAre(-1));
  EXPECT_EQ(options_.metrics->text(), "# HELP g \n# TYPE g gauge\ng{n=\"1\"} -1\n");
}

TEST_F(PythonModelTest, MetricsAreUsedWrongInTritonsWords) {
  const auto instance = start(R"(
def words(call):
    try:
        call()
    except pb_utils.TritonModelException as error:
        return str(error)
    return "fine"
class TritonPythonModel:
    def execute(self, requests):
        family = pb_utils.MetricFamily("c", "counts", pb_utils.MetricFamily.COUNTER)
        histograms = pb_utils.MetricFamily("h", "", pb_utils.MetricFamily.HISTOGRAM)
        metric = family.Metric({})
        said = [words(lambda: metric.increment(-1)), words(lambda: metric.set(1)), words(lambda: family.Metric(labels=[])),
                words(lambda: family.Metric(buckets=[1])), words(lambda: histograms.Metric()),
                words(lambda: pb_utils.MetricFamily("nv_inference_count", "", pb_utils.MetricFamily.GAUGE))]
        deleted = pb_utils.MetricFamily("d", "", pb_utils.MetricFamily.COUNTER)
        orphan = deleted.Metric()
        del deleted
        said.append(words(lambda: orphan.increment(1)))
        return [pb_utils.InferenceResponse(error=pb_utils.TritonError("\n".join(said)))]
)");
  EXPECT_EQ(ask(*instance, {TestTensor::floats("IN", {1})})->status().message(),
            "Failed to increment metric value: TRITONSERVER_METRIC_KIND_COUNTER can only be incremented "
            "monotonically by non-negative values.\n"
            "Failed to set metric value: TRITONSERVER_METRIC_KIND_COUNTER does not support Set\n"
            "Failed to create metric. Labels must be a dictionary.\n"
            "Failed to create metric. Unexpected buckets found.\n"
            "Failed to create metric. Missing required buckets.\n"
            "Error when creating MetricFamily: metric family 'nv_inference_count' is the server's own\n"
            "Failed to increment metric value: Invalid metric operation as the corresponding 'MetricFamily' "
            "has been deleted. The 'MetricFamily' object should be deleted AFTER its corresponding 'Metric' "
            "objects have been deleted.");
}

}  // namespace
}  // namespace ridgeline::serve
