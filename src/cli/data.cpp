#include <fmt/core.h>
#include <memory>
#include <string>

#include "base/json.h"
#include "cli/verbs.h"
#include "vision/folder.h"
#include "vision/synth.h"

namespace ridgeline::cli {

Action configure_data(CLI::App& app, const Environment& environment) {
  struct Flags {
    std::string folder;
    vision::SynthOptions synth;
  };
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);
  CLI::App* synth = app.add_subcommand("synth", "make a flowers-like folder of real JPEG and PNG files");
  synth->add_option("folder", flags->folder, "folder to make")->required();
  synth
      ->add_option("--images-per-class", flags->synth.images_per_class,
                   "training images per class; the test gets half as many")
      ->capture_default_str();
  synth->add_option("--width", flags->synth.width,
                    "of every image, in pixels, all colour JPEGs; by default sizes and kinds of file vary");
  synth->add_option("--height", flags->synth.height, "of every image");
  synth->add_option("--seed", flags->synth.seed, "the same seed makes the same pixels")
      ->capture_default_str();
  const CLI::Option* json = add_json_flag(*synth);
  return [flags, json, cancel = environment.cancel]() -> Result<int> {
    RETURN_IF_ERROR(vision::write_synth_folder(flags->folder, flags->synth, cancel));
    ASSIGN_OR_RETURN(const vision::ImageFolder train, vision::scan_image_folder(flags->folder + "/train"));
    if (json->count() > 0)
      fmt::print(
          "{}\n",
          Json{{"folder", flags->folder}, {"classes", train.classes}, {"train_images", train.files.size()}}
              .dump());
    else
      fmt::print("{}: {} training images of {} classes\n", flags->folder, train.files.size(),
                 train.classes.size());
    return 0;
  };
}

}  // namespace ridgeline::cli
