#include "serve/repository/stamps.h"

#include <gmock/gmock.h>

#include "repository_files.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;

Stamps look(const RepositoryFiles& files) { return stamps_of(std::vector{files.root()}); }

TEST(Stamps, TellWhichModelsCameChangedAndWent) {
  const RepositoryFiles files;
  files.write("kept/1/model.py", "a");
  files.write("changed/1/model.py", "a");
  files.write("gone/1/model.py", "a");
  const Stamps before = look(files);
  EXPECT_TRUE(changes_between(before, look(files)).empty());
  files.write("changed/1/model.py", "b");
  files.write("new/1/model.py", "a");
  std::filesystem::remove_all(files.root() + "/gone");
  const Changes changes = changes_between(before, look(files));
  EXPECT_THAT(changes.added, ElementsAre(files.root() + "/new"));
  EXPECT_THAT(changes.changed, ElementsAre(files.root() + "/changed"));
  EXPECT_THAT(changes.removed, ElementsAre(files.root() + "/gone"));
}

TEST(Stamps, DifferByWhatIsInFilesAndWhereNotByWhenTheyWereWritten) {
  const RepositoryFiles files;
  const std::string config = files.write("m/config.pbtxt", "max_batch_size: 4");
  const uint64_t before = stamp_of(files.root() + "/m");
  files.write("m/config.pbtxt", "max_batch_size: 4");
  EXPECT_EQ(stamp_of(files.root() + "/m"), before);
  const auto written = std::filesystem::last_write_time(config);
  files.write("m/config.pbtxt", "max_batch_size: 8");
  std::filesystem::last_write_time(config, written);
  EXPECT_NE(stamp_of(files.root() + "/m"), before);
  files.write("m/config.pbtxt", "max_batch_size: 4");
  files.make("m/2");
  EXPECT_NE(stamp_of(files.root() + "/m"), before);
}

TEST(Stamps, SeeALargeFileReplacedByAnotherOfItsSize) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", std::string(2 << 20, 'a'));
  const uint64_t before = stamp_of(files.root() + "/m");
  EXPECT_EQ(stamp_of(files.root() + "/m"), before);
  files.write("m/1/model.onnx", std::string(2 << 20, 'b'));
  EXPECT_NE(stamp_of(files.root() + "/m"), before);
}

TEST(Stamps, EndInARingOfLinks) {
  const RepositoryFiles files;
  files.make("m/1");
  std::filesystem::create_directory_symlink(files.root() + "/m", files.root() + "/m/1/again");
  EXPECT_EQ(look(files).size(), 1U);
}

}  // namespace
}  // namespace ridgeline::serve
