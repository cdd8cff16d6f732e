#include "bench/profile.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "bench/compare.h"

namespace ridgeline::bench {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& directory) { return directory + "/profiles"; }

std::string file_of(const std::string& directory, const Cell& cell) {
  std::string device = cell.device;
  std::replace(device.begin(), device.end(), ':', '-');
  return fmt::format("{}/{}_{}_{}_b{}_{}x{}_t{}_{}.json", folder_of(directory), cell.engine, cell.precision,
                     device, cell.batch, cell.height, cell.width, cell.threads, cell.data);
}

Json to_json(const ProfiledOp& op) {
  Json json = {{"name", op.time.name},       {"op", op.time.op}, {"kernel", op.time.kernel},
               {"mean_us", op.time.mean_us}, {"flops", nullptr}, {"bytes", nullptr}};
  if (op.cost) {
    json["flops"] = op.cost->flops;
    json["bytes"] = op.cost->bytes;
  }
  return json;
}

ProfiledOp op_from_json(const Json& json) {
  ProfiledOp op{{json.at("name"), json.at("op"), json.at("kernel"), json.at("mean_us")}, std::nullopt};
  if (json.contains("flops") && json["flops"].is_number()) op.cost = OpCost{json["flops"], json.at("bytes")};
  return op;
}

}  // namespace

double Profile::total_us() const {
  double total = 0;
  for (const ProfiledOp& op : ops) total += op.time.mean_us;
  return total;
}

Status save_profile(const std::string& directory, const Cell& cell, const Profile& profile) {
  Json document = {{"model", cell.model},   {"engine", cell.engine}, {"precision", cell.precision},
                   {"device", cell.device}, {"data", cell.data},     {"batch", cell.batch},
                   {"height", cell.height}, {"width", cell.width},   {"threads", cell.threads},
                   {"ops", Json::array()}};
  for (const ProfiledOp& op : profile.ops) document["ops"].push_back(to_json(op));
  RETURN_IF_ERROR(make_directories(folder_of(directory)));
  return write_file_atomically(file_of(directory, cell),
                               document.dump(1, ' ', false, Json::error_handler_t::replace));
}

Result<Profile> load_profile(const std::string& directory, const Cell& cell) {
  const std::string path = file_of(directory, cell);
  ASSIGN_OR_RETURN(const Json document, read_json(path));
  try {
    Profile profile;
    for (const Json& op : document.at("ops")) profile.ops.push_back(op_from_json(op));
    return profile;
  } catch (const Json::exception& error) {
    return invalid_argument("{}: not a profile of a race ({}); race again", path, error.what());
  }
}

Result<std::map<std::string, Profile>> load_profiles(const std::string& directory,
                                                     std::span<const Cell> cells) {
  std::map<std::string, Profile> profiles;
  for (const Cell& cell : cells) {
    Result<Profile> profile = load_profile(directory, cell);
    if (profile.ok())
      profiles.emplace(identity_of(cell), std::move(profile).value());
    else if (profile.status().code() != ErrorCode::kNotFound)
      return std::move(profile).status();
  }
  return profiles;
}

Status copy_profiles(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!fs::is_directory(folder_of(from), error)) return {};
  RETURN_IF_ERROR(make_directories(folder_of(to)));
  for (fs::directory_iterator entry(folder_of(from), error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    ASSIGN_OR_RETURN(const std::string content, read_file(entry->path().string()));
    RETURN_IF_ERROR(write_file_atomically(folder_of(to) + '/' + entry->path().filename().string(), content));
  }
  return error ? invalid_argument("{}: {}", folder_of(from), error.message()) : Status();
}

}  // namespace ridgeline::bench
