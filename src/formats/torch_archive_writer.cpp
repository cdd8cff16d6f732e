#include <algorithm>
#include <unordered_set>

#include "formats/pickle_opcodes.h"
#include "formats/torch_archive.h"
#include "formats/torch_types.h"
#include "formats/zip.h"

namespace ridgeline::formats {
namespace {

constexpr const char* kFolder = "archive/";

/// Writes protocol 2, as torch.save does.
class PickleWriter {
 public:
  PickleWriter() { op(Opcode::kProto).raw(uint8_t{2}); }

  PickleWriter& op(Opcode opcode) { return raw(opcode); }
  PickleWriter& text(std::string_view text) {
    op(Opcode::kBinUnicode).raw(static_cast<uint32_t>(text.size()));
    bytes_ += text;
    return *this;
  }
  PickleWriter& integer(int64_t number) {
    if (number >= 0 && number <= UINT8_MAX) return op(Opcode::kBinInt1).raw(static_cast<uint8_t>(number));
    if (number >= 0 && number <= INT32_MAX) return op(Opcode::kBinInt).raw(static_cast<int32_t>(number));
    return op(Opcode::kLong1).raw(static_cast<uint8_t>(sizeof(number))).raw(number);
  }
  PickleWriter& integers(const std::vector<int64_t>& numbers) {
    op(Opcode::kMark);
    for (const int64_t number : numbers) integer(number);
    return op(Opcode::kTuple);
  }
  /// "torch._utils._rebuild_tensor_v2"
  PickleWriter& global(std::string_view name) {
    const size_t dot = name.rfind('.');
    op(Opcode::kGlobal);
    bytes_.append(name.substr(0, dot)).append("\n").append(name.substr(dot + 1)).append("\n");
    return *this;
  }
  PickleWriter& ordered_dict() {
    return global("collections.OrderedDict").op(Opcode::kEmptyTuple).op(Opcode::kReduce);
  }

  std::string finish() {
    op(Opcode::kStop);
    return std::move(bytes_);
  }

 private:
  template <typename T>
  PickleWriter& raw(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }

  std::string bytes_;
};

void write_tensor(PickleWriter& out, const TorchType& type, const Tensor& tensor, size_t key) {
  const bool newer = type.storage.empty();
  const auto bytes = static_cast<int64_t>(tensor.byte_size());
  out.global(newer ? kRebuildNewerTensor : kRebuildTensor).op(Opcode::kMark);
  out.op(Opcode::kMark).text("storage").global(newer ? kUntypedStorage : type.storage);
  out.text(fmt::to_string(key)).text("cpu").integer(newer ? bytes : tensor.element_count());
  out.op(Opcode::kTuple).op(Opcode::kBinPersId);
  out.integer(0).integers(tensor.shape().dims()).integers(row_major_strides(tensor.shape()));
  out.op(Opcode::kNewFalse).ordered_dict();  // requires_grad and hooks
  if (newer) out.global(type.name);
  out.op(Opcode::kTuple).op(Opcode::kReduce);
}

void write_texts(PickleWriter& out, const std::map<std::string, std::string>& texts) {
  out.op(Opcode::kEmptyDict).text("ridgeline").op(Opcode::kEmptyDict).op(Opcode::kMark);
  for (const auto& [key, text] : texts) out.text(key).text(text);
  out.op(Opcode::kSetItems).op(Opcode::kSetItem).op(Opcode::kBuild);
}

Result<std::string> pickle_of(const StateDict& weights) {
  PickleWriter out;
  out.ordered_dict().op(Opcode::kMark);
  std::unordered_set<std::string_view> seen;
  for (size_t key = 0; key < weights.tensors.size(); ++key) {
    const auto& [name, tensor] = weights.tensors[key];
    if (!seen.insert(name).second) return invalid_argument("tensor '{}' occurs twice", name);
    const auto* type = std::find_if(kTorchTypes.begin(), kTorchTypes.end(),
                                    [&](const TorchType& row) { return row.dtype == tensor.dtype(); });
    if (type == kTorchTypes.end()) return unsupported("PyTorch has no {} tensors", name_of(tensor.dtype()));
    write_tensor(out.text(name), *type, tensor, key);
  }
  out.op(Opcode::kSetItems);
  if (!weights.metadata.empty()) write_texts(out, weights.metadata);
  return out.finish();
}

}  // namespace

Result<std::string> to_torch_archive(const StateDict& weights) {
  ZipWriter zip;
  const auto add = [&](const std::string& name, std::string_view content) {
    zip.add(kFolder + name, content);
  };
  ASSIGN_OR_RETURN(const std::string pickle, pickle_of(weights));
  add("data.pkl", pickle);
  add("byteorder", "little");
  for (size_t key = 0; key < weights.tensors.size(); ++key) {
    const Tensor& tensor = weights.tensors[key].second;
    add("data/" + fmt::to_string(key), {reinterpret_cast<const char*>(tensor.data()), tensor.byte_size()});
  }
  add("version", "3\n");
  return zip.finish();
}

}  // namespace ridgeline::formats
