#include "vision/loader.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/file.h"
#include "support/temporary_folder.h"
#include "tensor/half.h"
#include "vision/decode.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

using ::testing::HasSubstr;

constexpr int kSide = 24;

/// A folder of `count` small pictures, each of another brightness; labels go round three classes.
class PictureFolder {
 public:
  explicit PictureFolder(int count) {
    for (int i = 0; i < count; ++i) {
      Image image(40 + i % 5, 36);
      for (size_t at = 0; at < image.rgb.size(); ++at)
        image.rgb[at] = static_cast<uint8_t>(i * 9 + static_cast<int>(at) % 40);
      files_.push_back({folder_ / fmt::format("{:03}.jpg", i), i % 3});
      EXPECT_TRUE(write_file_atomically(files_.back().path, encode_jpeg(image, {}).value()).ok());
    }
  }
  void spoil(size_t file) const {
    EXPECT_TRUE(write_file_atomically(files_[file].path, "\xff\xd8\xffrubbish").ok());
  }
  const std::vector<ImageFile>& files() const { return files_; }

 private:
  TemporaryFolder folder_;
  std::vector<ImageFile> files_;
};

LoaderConfig evaluation() {
  LoaderConfig config;
  config.preprocessing = Preprocessing::for_size(kSide);
  config.classes = 3;
  config.batch_size = 4;
  return config;
}

LoaderConfig training() {
  LoaderConfig config = evaluation();
  config.augmentation = Augmentation{};
  config.shuffle = true;
  config.seed = 5;
  return config;
}

std::unique_ptr<Loader> loader_for(const PictureFolder& folder, const LoaderConfig& config) {
  Result<std::unique_ptr<Loader>> loader = Loader::open(folder.files(), config);
  EXPECT_TRUE(loader.ok()) << loader.status().message();
  return std::move(loader).value();
}

std::string bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.byte_size()};
}

struct Copy {
  std::string images, targets;
  std::vector<int64_t> labels;
  bool operator==(const Copy&) const = default;
};

/// The batches up to the end of the epoch.
std::vector<Copy> rest_of_epoch(Loader& loader) {
  std::vector<Copy> batches;
  for (;;) {
    Result<std::optional<Batch>> batch = loader.next();
    EXPECT_TRUE(batch.ok()) << batch.status().message();
    if (!batch.ok() || !batch.value()) return batches;
    batches.push_back({bytes_of((*batch)->images), bytes_of((*batch)->targets), (*batch)->labels});
  }
}

TEST(Loader, EvaluationIsPreprocessOfEachFileInOrder) {
  const PictureFolder folder(6);
  LoaderConfig config = evaluation();
  config.layout = Layout::kNchw;
  const auto loader = loader_for(folder, config);
  EXPECT_EQ(loader->batches_per_epoch(), 2);
  size_t file = 0;
  for (const Copy& batch : rest_of_epoch(*loader)) {
    const size_t row_bytes = batch.images.size() / batch.labels.size();
    for (size_t row = 0; row < batch.labels.size(); ++row, ++file) {
      std::vector<float> expected(3 * kSide * kSide);
      const Image image = load_image(folder.files()[file].path).value();
      ASSERT_TRUE(preprocess(image, config.preprocessing, expected).ok());
      const std::string_view bytes(reinterpret_cast<const char*>(expected.data()), row_bytes);
      EXPECT_EQ(batch.images.substr(row * row_bytes, row_bytes), bytes);
      EXPECT_EQ(batch.labels[row], folder.files()[file].label);
    }
  }
  EXPECT_EQ(file, 6U);
}

TEST(Loader, LayoutsAndBFloat16HoldTheSameNumbers) {
  const PictureFolder folder(4);
  LoaderConfig config = training();
  const Batch rows = *loader_for(folder, config)->next().value();
  config.layout = Layout::kNchw;
  const Batch planes = *loader_for(folder, config)->next().value();
  config.dtype = DType::kBF16;
  const Batch halves = *loader_for(folder, config)->next().value();
  EXPECT_EQ(rows.images.shape(), Shape({4, kSide, kSide, 3}));
  EXPECT_EQ(planes.images.shape(), Shape({4, 3, kSide, kSide}));
  constexpr size_t kPlane = size_t{kSide} * kSide;
  for (size_t i = 0; i < 4 * kPlane; ++i)
    for (size_t c = 0; c < 3; ++c) {
      const size_t planar = (i / kPlane * 3 + c) * kPlane + i % kPlane;
      ASSERT_EQ(rows.images.as<float>()[i * 3 + c], planes.images.as<float>()[planar]);
      ASSERT_EQ(reinterpret_cast<const uint16_t*>(halves.images.data())[planar],
                f32_to_bf16(planes.images.as<float>()[planar]));
    }
}

TEST(Loader, AnyNumberOfThreadsGivesTheSameBatches) {
  const PictureFolder folder(13);
  LoaderConfig config = training();
  config.augmentation->mixup_alpha = 0.4;
  config.threads = 0;
  const std::vector<Copy> alone = rest_of_epoch(*loader_for(folder, config));
  EXPECT_EQ(alone.size(), 4U);
  for (const int threads : {1, 3}) {
    config.threads = threads;
    EXPECT_EQ(rest_of_epoch(*loader_for(folder, config)), alone) << threads;
  }
}

TEST(Loader, ACacheLargeOrSmallGivesTheSameBatches) {
  const PictureFolder folder(13);
  for (const bool trains : {true, false}) {
    LoaderConfig config = trains ? training() : evaluation();
    std::vector<std::vector<Copy>> epochs;
    for (const int64_t bytes : {1, 20'000, 10'000'000}) {
      config.cache_bytes = bytes;
      const auto loader = loader_for(folder, config);
      for (int epoch = 0; epoch < 2; ++epoch) epochs.push_back(rest_of_epoch(*loader));
    }
    for (size_t i = 2; i < epochs.size(); ++i) EXPECT_EQ(epochs[i], epochs[i % 2]) << i;
  }
}

TEST(Loader, ACachedPictureNeedsItsFileNoMore) {
  const PictureFolder folder(5);
  for (const bool trains : {true, false}) {
    LoaderConfig config = trains ? training() : evaluation();
    config.cache_bytes = 1'000'000;
    const auto loader = loader_for(folder, config);
    rest_of_epoch(*loader);
    loader->seek({1, 0});
    const std::vector<Copy> before = rest_of_epoch(*loader);
    const std::string first = read_file(folder.files()[0].path).value();
    folder.spoil(0);
    loader->seek({1, 0});
    EXPECT_EQ(rest_of_epoch(*loader), before);
    EXPECT_TRUE(write_file_atomically(folder.files()[0].path, first).ok());
  }
}

TEST(Loader, EpochsDifferAndASeedRepeatsThem) {
  const PictureFolder folder(8);
  const auto one = loader_for(folder, training());
  const auto other = loader_for(folder, training());
  const std::vector<Copy> first = rest_of_epoch(*one);
  const std::vector<Copy> second = rest_of_epoch(*one);
  EXPECT_NE(first, second);
  EXPECT_EQ(rest_of_epoch(*other), first);
  EXPECT_EQ(rest_of_epoch(*other), second);
}

TEST(Loader, GoesOnFromASavedPositionBitForBit) {
  const PictureFolder folder(11);
  const auto whole = loader_for(folder, training());
  rest_of_epoch(*whole);
  whole->next().value();
  const LoaderPosition saved = whole->position();
  EXPECT_EQ(saved, (LoaderPosition{1, 1}));
  const auto resumed = loader_for(folder, training());
  resumed->next().value();
  resumed->seek(saved);
  EXPECT_EQ(rest_of_epoch(*resumed), rest_of_epoch(*whole));
  EXPECT_EQ(rest_of_epoch(*resumed), rest_of_epoch(*whole));
}

/// A batch without regard to the order of its rows.
std::multiset<std::string> rows_of(const Copy& batch) {
  std::multiset<std::string> rows;
  const size_t size = batch.images.size() / batch.labels.size();
  for (size_t at = 0; at < batch.images.size(); at += size) rows.insert(batch.images.substr(at, size));
  return rows;
}

TEST(Loader, TwoRanksTogetherHaveTheBatchesOfOne) {
  const PictureFolder folder(8);
  LoaderConfig config = training();
  const std::vector<Copy> whole = rest_of_epoch(*loader_for(folder, config));
  config.world_size = 2;
  config.batch_size = 2;
  const std::vector<Copy> first = rest_of_epoch(*loader_for(folder, config));
  config.rank = 1;
  const std::vector<Copy> second = rest_of_epoch(*loader_for(folder, config));
  ASSERT_EQ(first.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    std::multiset<std::string> both = rows_of(first[i]);
    both.merge(rows_of(second[i]));
    EXPECT_EQ(both, rows_of(whole[i]));
  }
}

TEST(Loader, RanksHaveEquallyManyBatchesInTrainingAndEachFileOnceInEvaluation) {
  const PictureFolder folder(9);
  for (const bool trains : {true, false}) {
    LoaderConfig config = trains ? training() : evaluation();
    config.world_size = 2;
    size_t samples = 0;
    for (config.rank = 0; config.rank < 2; ++config.rank)
      for (const Copy& batch : rest_of_epoch(*loader_for(folder, config))) samples += batch.labels.size();
    EXPECT_EQ(samples, trains ? 10U : 9U);
  }
}

TEST(Loader, ABadFileIsNamedAndReplacedInTraining) {
  const PictureFolder folder(9);
  folder.spoil(4);
  const auto loader = loader_for(folder, training());
  for (int epoch = 0; epoch < 2; ++epoch) {
    size_t samples = 0;
    for (const Copy& batch : rest_of_epoch(*loader)) samples += batch.labels.size();
    EXPECT_EQ(samples, 9U);
    ASSERT_EQ(loader->bad_files().size(), 1U);
  }
  EXPECT_EQ(loader->bad_files()[0].path, folder.files()[4].path);
  EXPECT_THAT(loader->bad_files()[0].reason, HasSubstr("JPEG"));
}

TEST(Loader, ABadFileIsLeftOutOfEvaluationAndABatchOfThemNotHandedOut) {
  const PictureFolder folder(9);
  for (const size_t file : {1U, 4U, 5U, 6U, 7U}) folder.spoil(file);
  const auto loader = loader_for(folder, evaluation());
  const std::vector<Copy> batches = rest_of_epoch(*loader);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].labels, (std::vector<int64_t>{0, 2, 0}));
  EXPECT_EQ(batches[1].labels, (std::vector<int64_t>{2}));
  EXPECT_EQ(loader->bad_files().size(), 5U);
}

TEST(Loader, NothingButBadFilesIsAnError) {
  const PictureFolder folder(3);
  for (size_t file = 0; file < 3; ++file) folder.spoil(file);
  const auto batch = loader_for(folder, training())->next();
  ASSERT_FALSE(batch.ok());
  EXPECT_THAT(batch.status().message(), HasSubstr("none of 3 image files"));
}

TEST(Loader, TargetsAreSmoothedProbabilities) {
  const PictureFolder folder(4);
  LoaderConfig config = evaluation();
  config.label_smoothing = 0.3;
  const Batch batch = *loader_for(folder, config)->next().value();
  EXPECT_EQ(batch.targets.shape(), Shape({4, 3}));
  EXPECT_FLOAT_EQ(batch.targets.as<float>()[0], 0.8F);
  EXPECT_FLOAT_EQ(batch.targets.as<float>()[1], 0.1F);
}

TEST(Loader, MixingKeepsEachTargetADistribution) {
  const PictureFolder folder(12);
  LoaderConfig config = training();
  config.label_smoothing = 0.1;
  for (const auto& [mixup, cutmix] : {std::pair{0.5, 0.0}, {0.0, 1.0}, {0.5, 1.0}}) {
    config.augmentation->mixup_alpha = mixup;
    config.augmentation->cutmix_alpha = cutmix;
    const Batch batch = *loader_for(folder, config)->next().value();
    for (size_t row = 0; row < 4; ++row) {
      const auto target = batch.targets.as<float>().subspan(row * 3, 3);
      EXPECT_NEAR(target[0] + target[1] + target[2], 1, 1e-5);
    }
  }
}

TEST(Loader, ErasingWipesARectangleOfEachImageInAnyLayout) {
  const PictureFolder folder(4);
  LoaderConfig config = training();
  config.augmentation->trivial_augment = true;
  config.augmentation->jitter.hue = 0.2;
  const Batch whole = *loader_for(folder, config)->next().value();
  config.augmentation->erase = 1;
  std::vector<int64_t> wiped;
  for (const Layout layout : {Layout::kNhwc, Layout::kNchw}) {
    config.layout = layout;
    const Batch erased = *loader_for(folder, config)->next().value();
    const auto values = erased.images.as<float>();
    wiped.push_back(std::count(values.begin(), values.end(), 0.0F));
    for (size_t i = 0; layout == Layout::kNhwc && i < values.size(); ++i)
      ASSERT_TRUE(values[i] == 0 || values[i] == whole.images.as<float>()[i]);
  }
  EXPECT_EQ(wiped[0], wiped[1]);
  EXPECT_GT(wiped[0], 4 * 3 * kSide * kSide / 50);
}

TEST(Loader, ImpossibleConfigurationsAreRefused) {
  const PictureFolder folder(2);
  LoaderConfig config = evaluation();
  EXPECT_EQ(Loader::open({}, config).status().code(), ErrorCode::kInvalidArgument);
  config.classes = 1;
  EXPECT_THAT(Loader::open(folder.files(), config).status().message(), HasSubstr("001.jpg: label 1"));
  config = evaluation();
  config.rank = 1;
  EXPECT_FALSE(Loader::open(folder.files(), config).ok());
  config = evaluation();
  config.batch_size = 0;
  EXPECT_FALSE(Loader::open(folder.files(), config).ok());
}

}  // namespace
}  // namespace ridgeline::vision
