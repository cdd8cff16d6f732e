#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include "base/file.h"
#include "base/rng.h"
#include "support/temporary_folder.h"
#include "vision/batch.h"
#include "vision/decode.h"
#include "vision/encode.h"
#include "vision/folder.h"
#include "vision/orientation.h"
#include "vision/preprocess.h"
#include "vision/resize.h"

namespace ridgeline::vision {
namespace {

using ::testing::HasSubstr;

Image pattern(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixel(x, y)[c] = static_cast<uint8_t>(x * x * 7 + y * 13 * (c + 1) + x * y * 3);
  return image;
}

Image smooth(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) image.pixel(x, y)[c] = static_cast<uint8_t>(60 + x + y * (c + 1) / 2);
  return image;
}

int largest_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  return std::transform_reduce(
      a.rgb.begin(), a.rgb.end(), b.rgb.begin(), 0, [](int x, int y) { return std::max(x, y); },
      [](uint8_t x, uint8_t y) { return std::abs(x - y); });
}

Result<Image> decode(const std::string& file) {
  return decode_image(std::as_bytes(std::span(file)), "test.img");
}

struct ResizeCase {
  Interpolation interpolation;
  int width, height;
  std::array<int, 12> first;
  int64_t weighted_sum;
};
constexpr auto kBilinear = Interpolation::kBilinear;
constexpr auto kBicubic = Interpolation::kBicubic;
constexpr auto kNearest = Interpolation::kNearest;

class ResizeEqualsPillow : public ::testing::TestWithParam<ResizeCase> {};

int64_t weighted_sum(const Image& image) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) sum += image.rgb[i] * static_cast<int64_t>(i % 97 + 1);
  return sum;
}

// Recorded from Pillow's Image.resize on pattern(37, 23).
TEST_P(ResizeEqualsPillow, ByteForByte) {
  const ResizeCase& expected = GetParam();
  const Image resized = resize(pattern(37, 23), expected.width, expected.height, expected.interpolation);
  EXPECT_TRUE(std::equal(expected.first.begin(), expected.first.end(), resized.rgb.begin()));
  EXPECT_EQ(weighted_sum(resized), expected.weighted_sum);
}

INSTANTIATE_TEST_SUITE_P(
    ShrinkGrowAndOneAxis, ResizeEqualsPillow,
    ::testing::Values(
        ResizeCase{kBilinear, 5, 4, {107, 117, 127, 122, 128, 133, 126, 130, 131, 124, 130, 140}, 229412},
        ResizeCase{kBilinear, 50, 30, {0, 0, 0, 4, 4, 4, 14, 14, 14, 31, 31, 31}, 27677246},
        ResizeCase{kBilinear, 37, 9, {13, 27, 40, 24, 37, 51, 48, 61, 75, 86, 99, 113}, 6067858},
        ResizeCase{kBicubic, 5, 4, {104, 115, 126, 124, 129, 135, 126, 129, 129, 124, 131, 143}, 229091},
        ResizeCase{kBicubic, 50, 30, {0, 0, 0, 2, 2, 1, 12, 12, 11, 30, 29, 29}, 27669371},
        ResizeCase{kBicubic, 37, 9, {11, 22, 32, 20, 31, 42, 44, 55, 65, 81, 92, 107}, 6071188},
        ResizeCase{kNearest, 5, 4, {107, 133, 159, 171, 197, 223, 98, 124, 150, 199, 225, 251}, 294928},
        ResizeCase{kNearest, 50, 30, {0, 0, 0, 7, 7, 7, 7, 7, 7, 28, 28, 28}, 27702980},
        ResizeCase{kNearest, 37, 9, {13, 26, 39, 23, 36, 49, 47, 60, 73, 85, 98, 111}, 6103062}));

// Recorded from Pillow's Image.resize(…, box=…) on pattern(37, 23).
TEST(Resize, OfABoxBetweenPixelsEqualsPillow) {
  const Image image = pattern(37, 23);
  Image out(11, 13);
  Resizer resizer;
  for (const auto& [interpolation, expected] :
       {std::pair{kBilinear, 2506753}, {kBicubic, 2505007}, {kNearest, 2506854}}) {
    resizer.resize(view_of(image), {3.25, 2.5, 30.75, 20.125}, 11, 13, interpolation, out.rgb.data());
    EXPECT_EQ(weighted_sum(out), expected) << static_cast<int>(interpolation);
  }
}

TEST(Resize, EveryInstructionSetGivesTheSameBytes) {
  if (!detect_cpu_features().avx2) GTEST_SKIP() << "this CPU has no AVX2";
  Rng random(4);
  Resizer plain(kResizeRef);
  Resizer fast(kResizeAvx2);
  const auto upto = [&](uint64_t most) { return 1 + static_cast<int>(random.below(most)); };
  for (int i = 0; i < 300; ++i) {
    const Image image = pattern(upto(90), upto(60));
    const Box box{random.uniform() * 0.4 * image.width, 0, image.width * (0.5 + random.uniform() / 2),
                  static_cast<double>(image.height)};
    Image expected(upto(70), upto(70));
    Image out = expected;
    const auto interpolation = i % 2 == 0 ? kBilinear : kBicubic;
    plain.resize(view_of(image), box, out.width, out.height, interpolation, expected.rgb.data());
    fast.resize(view_of(image), box, out.width, out.height, interpolation, out.rgb.data());
    ASSERT_EQ(out.rgb, expected.rgb) << image.width << 'x' << image.height << " to " << out.width << 'x'
                                     << out.height;
  }
}

TEST(Decode, PngIsExactAndJpegIsClose) {
  const Image image = smooth(61, 43);
  EXPECT_EQ(largest_difference(decode(encode_png(image, PngColor::kRgb).value()).value(), image), 0);
  EXPECT_LE(largest_difference(decode(encode_jpeg(image, {.quality = 98}).value()).value(), image), 4);
  EXPECT_LE(largest_difference(
                decode(encode_jpeg(image, {.quality = 98, .progressive = true}).value()).value(), image),
            4);
}

TEST(Decode, GrayBecomesThreeEqualChannels) {
  for (const std::string& file : {encode_png(smooth(20, 10), PngColor::kGray).value(),
                                  encode_jpeg(smooth(20, 10), {.gray = true}).value()}) {
    const Image image = decode(file).value();
    EXPECT_EQ(image.pixel(7, 3)[0], image.pixel(7, 3)[1]);
    EXPECT_EQ(image.pixel(7, 3)[0], image.pixel(7, 3)[2]);
  }
}

TEST(Decode, TransparentPixelsShowWhite) {
  const Image image = decode(encode_png(smooth(40, 40), PngColor::kRgba).value()).value();
  EXPECT_EQ(image.pixel(0, 0)[0], 255);
  EXPECT_EQ(image.pixel(20, 20)[0], smooth(40, 40).pixel(20, 20)[0]);
}

TEST(Decode, EveryTruncationIsAnErrorThatNamesTheFile) {
  for (const std::string& whole :
       {encode_jpeg(pattern(50, 40), {}).value(), encode_png(pattern(50, 40), PngColor::kRgb).value()}) {
    for (size_t percent = 0; percent < 99; percent += 3) {
      const Result<Image> image = decode(whole.substr(0, whole.size() * percent / 100));
      ASSERT_FALSE(image.ok()) << percent;
      EXPECT_THAT(image.status().message(), HasSubstr("test.img"));
    }
  }
}

TEST(Decode, OtherFilesAreRefusedWithTheFormatsThatWork) {
  EXPECT_THAT(decode("hello, not an image").status().message(), HasSubstr("JPEG, PNG, WebP, BMP or GIF"));
  EXPECT_EQ(load_image("/nonexistent/a.jpg").status().code(), ErrorCode::kNotFound);
}

/// A 2×1 picture, red then blue, with its EXIF orientation: what lies at the top left once upright?
struct TurnCase {
  int orientation;
  int width;
  bool red_first;
};
class Orientation : public ::testing::TestWithParam<TurnCase> {};

TEST_P(Orientation, TurnsThePictureUpright) {
  Image image(2, 1);
  image.rgb = {255, 0, 0, 0, 0, 255};
  Image upright;
  turn_upright(view_of(image), Turn::for_orientation(GetParam().orientation), upright);
  EXPECT_EQ(upright.width, GetParam().width);
  EXPECT_EQ(upright.rgb[0] == 255, GetParam().red_first);
}

INSTANTIATE_TEST_SUITE_P(AllEight, Orientation,
                         ::testing::Values(TurnCase{1, 2, true}, TurnCase{2, 2, false}, TurnCase{3, 2, false},
                                           TurnCase{4, 2, true}, TurnCase{5, 1, true}, TurnCase{6, 1, true},
                                           TurnCase{7, 1, false}, TurnCase{8, 1, false}));

TEST(Orientation, IsReadFromTheExifBlockAndAppliedOnDecoding) {
  const std::string jpeg = encode_jpeg(smooth(30, 20), {}).value();
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0"
      "MM\0\x2a\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      36);
  const std::string turned = jpeg.substr(0, 2) + exif + jpeg.substr(2);
  EXPECT_EQ(jpeg_orientation({reinterpret_cast<const uint8_t*>(turned.data()), turned.size()}), 6);
  EXPECT_EQ(decode(turned).value().width, 20);
  EXPECT_EQ(decode(jpeg).value().width, 30);
}

TEST(Preprocess, CropsTheCentreAndNormalisesPerChannel) {
  Image white(300, 200);
  std::fill(white.rgb.begin(), white.rgb.end(), uint8_t{255});
  const Preprocessing how = Preprocessing::for_size(64);
  EXPECT_EQ(how.resize_shorter, 73);
  std::vector<float> out(3 * 64 * 64);
  ASSERT_TRUE(preprocess(white, how, out).ok());
  EXPECT_NEAR(out[0], (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(out[64 * 64 * 2], (1 - 0.406) / 0.225, 1e-5);
  EXPECT_FALSE(preprocess(white, how, std::span(out).first(10)).ok());
}

TEST(Preprocess, ColourOrderAndLayoutOnlyMoveTheNumbers) {
  const Image image = smooth(40, 30);
  Preprocessing how = Preprocessing::for_size(16);
  how.mean = {0, 0, 0};
  how.stddev = {1, 1, 1};
  std::vector<float> planes(3 * 16 * 16);
  ASSERT_TRUE(preprocess(image, how, planes).ok());
  how.color_order = ColorOrder::kBgr;
  how.layout = Layout::kNhwc;
  EXPECT_EQ(how.batch_shape(2), Shape({2, 16, 16, 3}));
  std::vector<float> pixels(planes.size());
  ASSERT_TRUE(preprocess(image, how, pixels).ok());
  for (size_t i = 0; i < 256; ++i)
    for (size_t c = 0; c < 3; ++c) ASSERT_EQ(pixels[i * 3 + c], planes[(2 - c) * 256 + i]);
}

TEST(Folder, AFlatFolderIsOneClassAndAnEmptyOneAnError) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_directories(folder / "flat").ok());
  EXPECT_EQ(scan_image_folder(folder / "flat").status().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(
      write_file_atomically(folder / "flat/a.PNG", encode_png(smooth(8, 8), PngColor::kRgb).value()).ok());
  EXPECT_EQ(scan_image_folder(folder / "flat").value().classes, std::vector<std::string>{""});
  EXPECT_EQ(scan_image_folder(folder / "none").status().code(), ErrorCode::kNotFound);
}

TEST(Batch, RepeatsFilesToFillItAndNamesABadOne) {
  const TemporaryFolder folder;
  const std::string good = folder / "good.png";
  const std::string bad = folder / "bad.png";
  ASSERT_TRUE(write_file_atomically(good, encode_png(smooth(50, 70), PngColor::kRgb).value()).ok());
  ASSERT_TRUE(write_file_atomically(bad, "\x89PNG\r\n\x1a\nrubbish").ok());
  const Preprocessing how = Preprocessing::for_size(32);
  const Tensor batch = load_batch(std::array{good}, 3, how).value();
  EXPECT_EQ(batch.shape(), Shape({3, 3, 32, 32}));
  EXPECT_EQ(batch.as<float>()[5], batch.as<float>()[2 * 3 * 32 * 32 + 5]);
  EXPECT_THAT(load_batch(std::array{good, bad}, 2, how).status().message(), HasSubstr("bad.png"));
}

}  // namespace
}  // namespace ridgeline::vision
