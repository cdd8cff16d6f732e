#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <memory>
#include <string>

#include "base/json.h"
#include "cli/progress_bar.h"
#include "cli/training_data.h"
#include "cli/verbs.h"
#include "vision/check.h"
#include "vision/folder.h"
#include "vision/synth.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::string folder;
  vision::SynthOptions synth;
  vision::SplitOptions split;
  const CLI::Option* synth_json = nullptr;
  const CLI::Option* check_json = nullptr;
};

Json to_json(const vision::Spread& spread) {
  return {{"min", spread.least}, {"median", spread.median}, {"max", spread.most}};
}

Json to_json(const vision::DataReport& report) {
  Json bad = Json::array();
  for (const vision::BadFile& image : report.bad)
    bad.push_back({{"path", image.path}, {"reason", image.reason}});
  Json classes = Json::array();
  for (const vision::ClassCount& count : report.classes)
    classes.push_back({{"name", count.name}, {"train", count.train}, {"test", count.test}});
  Json same = Json::array();
  for (const vision::SamePicture& picture : report.same_pictures)
    same.push_back({{"paths", picture.paths},
                    {"same", picture.same_bytes ? "bytes" : "pixels"},
                    {"leak", picture.leak},
                    {"labels_differ", picture.labels_differ}});
  Json bins = Json::array();
  for (const vision::SizeBin& bin : report.shorter_sides)
    bins.push_back({{"from", bin.from}, {"to", bin.to}, {"images", bin.images}});
  return {{"files", report.files},
          {"usable", report.usable()},
          {"bad", bad},
          {"other_files", report.other_files},
          {"test_source", report.test_source.empty() ? "split" : report.test_source},
          {"classes", classes},
          {"same_pictures", same},
          {"width", to_json(report.width)},
          {"height", to_json(report.height)},
          {"shorter_sides", bins},
          {"mean", report.mean},
          {"std", report.stddev},
          {"warnings", report.warnings},
          {"problems", report.problems}};
}

void print_findings(const vision::DataReport& report) {
  for (const vision::BadFile& image : report.bad) fmt::print("bad: {}: {}\n", image.path, image.reason);
  for (const vision::SamePicture& same : report.same_pictures)
    fmt::print("{}{} ({}): {}\n", same.leak ? "leak between train and test" : "duplicate",
               same.labels_differ ? " under two labels" : "", same.same_bytes ? "same file" : "same pixels",
               fmt::join(same.paths, ", "));
  for (const auto& [extension, count] : report.other_files)
    fmt::print("passed over: {} {}\n", count,
               extension.empty() ? "files without an extension" : fmt::format("files '*{}'", extension));
  for (const std::string& line : report.warnings) fmt::print("warning: {}\n", line);
  for (const std::string& line : report.problems) fmt::print("problem: {}\n", line);
}

void print_sizes(const vision::DataReport& report) {
  fmt::print("width {} to {} (median {}), height {} to {} (median {})\n", report.width.least,
             report.width.most, report.width.median, report.height.least, report.height.most,
             report.height.median);
  fmt::print("images by their shorter side, pixels:\n");
  constexpr int kBarWidth = 40;
  int most = 1;
  for (const vision::SizeBin& bin : report.shorter_sides) most = std::max(most, bin.images);
  for (const vision::SizeBin& bin : report.shorter_sides)
    fmt::print("  {:>4} to {:<4} {:>7} {:#<{}}\n", bin.from, bin.to - 1, bin.images, "",
               (bin.images * kBarWidth + most - 1) / most);
}

void print_report(const std::string& folder, const vision::DataReport& report) {
  print_findings(report);
  fmt::print("{:>7} {:>7}  class\n", "train", report.test_source.empty() ? "split" : report.test_source);
  for (const vision::ClassCount& count : report.classes)
    fmt::print("{:>7} {:>7}  {}\n", count.train, count.test, count.name);
  print_sizes(report);
  fmt::print("mean [{:.4f}], std [{:.4f}] (RGB, of training images)\n", fmt::join(report.mean, ", "),
             fmt::join(report.stddev, ", "));
  const auto leaks = std::ranges::count_if(report.same_pictures, &vision::SamePicture::leak);
  fmt::print("{}: {} of {} files usable, {} bad, {} pictures more than once, {} of them in train and test\n",
             folder, report.usable(), report.files, report.bad.size(), report.same_pictures.size(), leaks);
}

Result<int> check(const Flags& flags, const CancelToken& cancel) {
  auto bar = std::make_unique<ProgressBar>();
  ASSIGN_OR_RETURN(
      const vision::DataReport report,
      vision::check_data(flags.folder,
                         {.split = flags.split, .cancel = cancel, .progress = [&bar](double share) {
                            bar->advance(share, "decoding");
                          }}));
  bar.reset();
  if (flags.check_json->count() > 0)
    fmt::print("{}\n", to_json(report).dump(-1, ' ', false, Json::error_handler_t::replace));
  else
    print_report(flags.folder, report);
  return report.usable() > 0 ? 0 : 1;
}

Result<int> synthesise(const Flags& flags, const CancelToken& cancel) {
  RETURN_IF_ERROR(write_flowers(flags.folder, flags.synth, cancel));
  ASSIGN_OR_RETURN(const vision::DataFolder data, vision::open_data_folder(flags.folder, {}));
  if (flags.synth_json->count() > 0)
    fmt::print("{}\n", Json{{"folder", flags.folder},
                            {"classes", data.classes()},
                            {"train_images", data.train.files.size()},
                            {"test_images", data.test.files.size()}}
                           .dump());
  else
    fmt::print("{}: {} training and {} test images of {} classes\n", flags.folder, data.train.files.size(),
               data.test.files.size(), data.classes().size());
  return 0;
}

CLI::App* add_synth(CLI::App& app, Flags& flags) {
  CLI::App* synth = app.add_subcommand("synth", "make a flowers-like folder of real JPEG and PNG files");
  synth->add_option("folder", flags.folder, "folder to make")->required();
  synth
      ->add_option("--images-per-class", flags.synth.images_per_class,
                   "training images per class; the test gets half as many")
      ->capture_default_str();
  synth->add_option("--width", flags.synth.width,
                    "of every image, in pixels, all colour JPEGs; by default sizes and kinds of file vary");
  synth->add_option("--height", flags.synth.height, "of every image, in pixels");
  synth->add_option("--seed", flags.synth.seed, "the same seed makes the same pixels")->capture_default_str();
  flags.synth_json = add_json_flag(*synth);
  return synth;
}

CLI::App* add_check(CLI::App& app, Flags& flags) {
  CLI::App* check = app.add_subcommand("check",
                                       "decode every image of a data set and tell what is wrong with it: bad "
                                       "files, duplicates, leaks between train "
                                       "and test, balance, sizes, mean and std. Exit code 0 whatever is "
                                       "found, 1 when no image is usable, 2 when there "
                                       "is no such folder or no image in it");
  check->add_option("folder", flags.folder, "train/<class>/ with test/ or val/, or one folder of classes")
      ->required();
  check
      ->add_option("--test-fraction", flags.split.test_fraction,
                   "share of one folder's images that training would hold out")
      ->capture_default_str();
  check->add_option("--seed", flags.split.seed, "of that choice")->capture_default_str();
  flags.check_json = add_json_flag(*check);
  return check;
}

}  // namespace

Action configure_data(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);
  const CLI::App* synth = add_synth(app, *flags);
  add_check(app, *flags);
  return [flags, synth, cancel = environment.cancel] {
    return synth->parsed() ? synthesise(*flags, cancel) : check(*flags, cancel);
  };
}

}  // namespace ridgeline::cli
