#include "formats/torch_archive.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <unordered_set>

#include "formats/architecture.h"
#include "formats/pickle.h"
#include "formats/torch_tensors.h"
#include "formats/torch_types.h"
#include "formats/zip.h"

namespace ridgeline::formats {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr size_t kMaxTensors = size_t{1} << 16;
constexpr int kMaxDepth = 64;
constexpr std::string_view kModules = "__torch__.";
constexpr const char* kTextsAttribute = "ridgeline";

/// What state dicts and the checkpoints around them name. All of it is read as a description; most is passed
/// over.
constexpr std::array<std::string_view, 19> kGlobals = {"collections.OrderedDict",
                                                       "collections.defaultdict",
                                                       "collections.Counter",
                                                       "builtins.dict",
                                                       "__builtin__.dict",
                                                       "builtins.set",
                                                       "__builtin__.set",
                                                       "_codecs.encode",
                                                       "argparse.Namespace",
                                                       "numpy.dtype",
                                                       "numpy.core.multiarray.scalar",
                                                       "numpy._core.multiarray.scalar",
                                                       "torch.Size",
                                                       "torch.device",
                                                       kUntypedStorage,
                                                       kRebuildTensor,
                                                       kRebuildNewerTensor,
                                                       "torch._utils._rebuild_parameter",
                                                       "torch._utils._rebuild_parameter_with_state"};

/// Where a checkpoint keeps the weights, best first: torchvision's and timm's scripts, Lightning; then
/// averages.
constexpr std::array<std::string_view, 5> kCheckpointKeys = {"model", "state_dict", "model_state_dict",
                                                             "model_ema", "state_dict_ema"};

bool is_torch_type(std::string_view global) {
  if (global.starts_with("torch.") && global.ends_with("Storage")) return true;
  return std::any_of(kTorchTypes.begin(), kTorchTypes.end(),
                     [&](const TorchType& type) { return type.name == global; });
}

bool allows(std::string_view global) {
  return std::find(kGlobals.begin(), kGlobals.end(), global) != kGlobals.end() || is_torch_type(global);
}

/// Modules of a TorchScript archive are classes of its own code.
bool allows_in_torchscript(std::string_view global) {
  return allows(global) || global.starts_with(kModules) || global.starts_with("torch.jit._pickle.");
}

class ArchiveReader {
 public:
  ArchiveReader(const Pickle& pickle, TorchTensors tensors) : pickle_(pickle), tensors_(std::move(tensors)) {}

  Result<StateDict> read() {
    const Value& root = pickle_[pickle_.root];
    if (is_module(root)) {
      RETURN_IF_ERROR(add_module("", root, 0));
      if (weights_.tensors.empty())
        return unsupported(
            "the TorchScript module holds no tensors (torch.jit.freeze makes them constants): save it "
            "unfrozen");
      return std::move(weights_);
    }
    if (root.kind != Kind::kDict) return unsupported("holds no state dict: save model.state_dict()");
    RETURN_IF_ERROR(add_dict(state_dict()));
    const Value* model = pickle_.find(root, kCheckpointModelKey);
    if (model != nullptr && model->kind == Kind::kText) weights_.metadata[kCheckpointModelKey] = model->text;
    return std::move(weights_);
  }

 private:
  static bool is_module(const Value& value) {
    return value.kind == Kind::kObject && value.text.starts_with(kModules);
  }

  const Value& state_dict() const {
    const Value& root = pickle_[pickle_.root];
    for (const std::string_view key : kCheckpointKeys)
      if (const Value* inner = pickle_.find(root, key); inner != nullptr && inner->kind == Kind::kDict)
        return *inner;
    return root;
  }

  Status add(const std::string& name, const Value& value) {
    if (weights_.tensors.size() >= kMaxTensors) return unsupported("holds more than {} tensors", kMaxTensors);
    if (!names_.insert(name).second) return invalid_argument("tensor '{}' occurs twice", name);
    Result<Tensor> tensor = tensors_.tensor(value);
    if (!tensor.ok()) return std::move(tensor).status().with_context(fmt::format("tensor '{}'", name));
    weights_.tensors.emplace_back(name, std::move(*tensor));
    return {};
  }

  Status add_dict(const Value& dict) {
    for (size_t index = 0; index + 1 < dict.items.size(); index += 2) {
      const Value& name = pickle_[dict.items[index]];
      const Value& value = pickle_[dict.items[index + 1]];
      if (name.kind != Kind::kText)
        return unsupported("a key of the state dict is no text: save model.state_dict()");
      if (!TorchTensors::is_tensor(value))
        return unsupported("'{}' is no tensor, and no state dict lies under {}: save model.state_dict()",
                           name.text, fmt::join(kCheckpointKeys, ", "));
      RETURN_IF_ERROR(add(name.text, value));
    }
    return dict.state == Pickle::kNoState ? Status() : add_texts(pickle_[dict.state]);
  }

  /// The attributes of an OrderedDict: of those only ours, a dict of texts, is of use.
  Status add_texts(const Value& attributes) {
    if (attributes.kind != Kind::kDict) return {};
    const Value* texts = pickle_.find(attributes, kTextsAttribute);
    if (texts == nullptr) return {};
    for (size_t index = 0; texts->kind == Kind::kDict && index + 1 < texts->items.size(); index += 2) {
      const Value& key = pickle_[texts->items[index]];
      const Value& text = pickle_[texts->items[index + 1]];
      if (key.kind != Kind::kText || text.kind != Kind::kText)
        return invalid_argument("the attribute {} is not a dict of texts", kTextsAttribute);
      weights_.metadata[key.text] = text.text;
    }
    return {};
  }

  Status add_module(const std::string& prefix, const Value& module, int depth) {
    if (depth > kMaxDepth || ++modules_ > kMaxTensors) return unsupported("its modules are nested too deep");
    if (module.state == Pickle::kNoState || pickle_[module.state].kind != Kind::kDict) return {};
    const Value& attributes = pickle_[module.state];
    for (size_t index = 0; index + 1 < attributes.items.size(); index += 2) {
      const Value& name = pickle_[attributes.items[index]];
      const Value& value = pickle_[attributes.items[index + 1]];
      if (name.kind != Kind::kText) return invalid_argument("an attribute of a module has no name");
      if (TorchTensors::is_tensor(value)) RETURN_IF_ERROR(add(prefix + name.text, value));
      if (is_module(value)) RETURN_IF_ERROR(add_module(prefix + name.text + ".", value, depth + 1));
    }
    return {};
  }

  const Pickle& pickle_;
  TorchTensors tensors_;
  StateDict weights_;
  std::unordered_set<std::string> names_;
  size_t modules_ = 0;
};

std::string_view text_of(const MappedBytes& entry) {
  return {reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size()};
}

Status check_byte_order(const ZipReader& archive, const std::string& folder) {
  const std::string name = folder + "byteorder";
  if (!archive.contains(name)) return {};
  ASSIGN_OR_RETURN(const MappedBytes order, archive.read(name));
  if (text_of(order) == "little") return {};
  return unsupported("its tensors are {} endian: save them on a little-endian machine", text_of(order));
}

}  // namespace

bool is_zip(std::span<const std::byte> bytes) {
  constexpr std::string_view kStart = "PK\x03\x04";
  return bytes.size() > kStart.size() &&
         std::equal(kStart.begin(), kStart.end(), reinterpret_cast<const char*>(bytes.data()));
}

Status check_not_bare_pickle(std::span<const std::byte> bytes) {
  constexpr std::byte kProtocol{0x80};
  if (bytes.size() < 2 || bytes[0] != kProtocol || bytes[1] > std::byte{5}) return {};
  return unsupported(
      "is a pickle of torch.save before 1.6, not a zip file: save it again in Python, "
      "torch.save(torch.load(FILE, "
      "weights_only=True), FILE)");
}

Result<StateDict> read_torch_archive(const MappedBytes& file) {
  constexpr std::string_view kPickle = "/data.pkl";
  ASSIGN_OR_RETURN(const ZipReader archive, ZipReader::open(file));
  const std::string name = archive.name_ending(kPickle);
  if (name.empty()) return unsupported("is a zip file, but holds no data.pkl of torch.save");
  const std::string folder = name.substr(0, name.size() - kPickle.size() + 1);
  RETURN_IF_ERROR(check_byte_order(archive, folder));
  ASSIGN_OR_RETURN(const MappedBytes entry, archive.read(name));
  const bool is_torchscript = archive.contains(folder + "constants.pkl");
  Result<Pickle> pickle = parse_pickle(text_of(entry), is_torchscript ? allows_in_torchscript : allows);
  if (!pickle.ok()) return std::move(pickle).status().with_context(name);
  return ArchiveReader(*pickle, TorchTensors(*pickle, archive, folder, file.bytes.size())).read();
}

}  // namespace ridgeline::formats
