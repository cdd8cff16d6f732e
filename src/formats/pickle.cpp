#include "formats/pickle.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "formats/pickle_opcodes.h"

namespace ridgeline::formats {
namespace {

using Id = Pickle::Id;
using Kind = Pickle::Kind;
using Value = Pickle::Value;

// Far beyond any model's, and harmless to hold.
constexpr size_t kMaxBytes = size_t{1} << 25;
constexpr size_t kMaxValues = size_t{1} << 20;
constexpr size_t kMaxMarks = 1000;
/// Of a call or a persistent id, which hold copies of the list.
constexpr size_t kMaxArguments = 64;
constexpr uint8_t kMinProtocol = 2;
constexpr uint8_t kMaxProtocol = 5;

Status broken(const char* what) { return invalid_argument("{}: the file is damaged, get it again", what); }

/// Python's pickle machine: a stack of values, marks on it, and a memo of values that are named again.
class Machine {
 public:
  Machine(std::string_view bytes, const std::function<bool(std::string_view)>& allows)
      : bytes_(bytes), allows_(allows) {}

  Result<Pickle> run() {
    if (bytes_.size() > kMaxBytes)
      return unsupported("has {} bytes, more than any state dict's", bytes_.size());
    while (!stopped_) {
      const size_t start = at_;
      const Status done = step();
      if (!done.ok()) return Status(done).with_context(fmt::format("byte {}", start));
    }
    return std::move(pickle_);
  }

 private:
  struct Row {
    Opcode opcode;
    Status (Machine::*run)();
  };

  Status step() {
    uint8_t byte = 0;
    RETURN_IF_ERROR(take(byte));
    for (const Row& row : kRows)
      if (row.opcode == Opcode{byte}) return (this->*row.run)();
    const std::string_view name = name_of(Opcode{byte});
    if (name.empty())
      return invalid_argument("0x{:02x} is no opcode: the file is damaged, get it again", byte);
    return unsupported("opcode {} is none that a state dict needs; nothing was run", name);
  }

  // Reading.

  Status take(size_t size, std::string_view& taken) {
    if (size > bytes_.size() - at_) return broken("cut short");
    taken = bytes_.substr(at_, size);
    at_ += size;
    return {};
  }
  template <typename T>
  Status take(T& number) {
    std::string_view bytes;
    RETURN_IF_ERROR(take(sizeof(T), bytes));
    bytes.copy(reinterpret_cast<char*>(&number), sizeof(T));
    return {};
  }
  Status take_line(std::string_view& line) {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) return broken("cut short");
    RETURN_IF_ERROR(take(end - at_, line));
    ++at_;
    return {};
  }

  // The stack.

  Status push(Id id) {
    if (stack_.size() >= kMaxValues) return broken("more values than any state dict's");
    stack_.push_back(id);
    return {};
  }
  Status push(Value value) {
    if (pickle_.values.size() >= kMaxValues) return broken("more values than any state dict's");
    pickle_.values.push_back(std::move(value));
    return push(static_cast<Id>(pickle_.values.size() - 1));
  }
  /// Values above the last mark.
  size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  Status pop(Id& id) {
    if (available() == 0) return broken("nothing is on the stack");
    id = stack_.back();
    stack_.pop_back();
    return {};
  }
  Status pop_many(size_t count, std::vector<Id>& ids) {
    if (available() < count) return broken("too little is on the stack");
    ids.assign(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return {};
  }
  Status pop_to_mark(std::vector<Id>& ids) {
    if (marks_.empty()) return broken("no mark is set");
    RETURN_IF_ERROR(pop_many(available(), ids));
    marks_.pop_back();
    return {};
  }
  /// The topmost value, which must be one of these two kinds.
  Status top(Kind kind, Kind other, Value*& value) {
    if (available() == 0) return broken("nothing is on the stack");
    value = &pickle_.values[stack_.back()];
    return value->kind == kind || value->kind == other ? Status() : broken("a value of the wrong kind");
  }

  // Opcodes: plain values.

  Status proto() {
    uint8_t version = 0;
    RETURN_IF_ERROR(take(version));
    if (version < kMinProtocol || version > kMaxProtocol)
      return unsupported("pickle protocol {} is not read: save with protocol {} to {}", version, kMinProtocol,
                         kMaxProtocol);
    return {};
  }
  Status frame() {
    uint64_t size = 0;
    return take(size);
  }
  template <Kind kind, int64_t integer = 0>
  Status constant() {
    return push(Value{.kind = kind, .integer = integer});
  }
  template <typename T>
  Status integer() {
    T number{};
    RETURN_IF_ERROR(take(number));
    return push(Value{.kind = Kind::kInt, .integer = number});
  }
  Status long1() {
    uint8_t size = 0;
    std::string_view digits;
    RETURN_IF_ERROR(take(size));
    RETURN_IF_ERROR(take(size, digits));
    int64_t number = 0;
    if (size > sizeof(number)) return push(Value{});
    if (size > 0 && static_cast<int8_t>(digits.back()) < 0) number = -1;
    digits.copy(reinterpret_cast<char*>(&number), size);
    return push(Value{.kind = Kind::kInt, .integer = number});
  }
  Status binfloat() {
    uint64_t bits = 0;
    RETURN_IF_ERROR(take(bits));
    return push(Value{.kind = Kind::kFloat});
  }
  template <typename Size, Kind kind>
  Status text() {
    Size size{};
    std::string_view content;
    RETURN_IF_ERROR(take(size));
    RETURN_IF_ERROR(take(size, content));
    return push(Value{.kind = kind, .text = std::string(content)});
  }

  // Opcodes: containers.

  Status mark() {
    if (marks_.size() >= kMaxMarks) return broken("nested too deep");
    marks_.push_back(stack_.size());
    return {};
  }
  Status pop_top() {
    Id dropped = 0;
    return pop(dropped);
  }
  Status pop_mark() {
    std::vector<Id> dropped;
    return pop_to_mark(dropped);
  }
  Status tuple() {
    Value value{.kind = Kind::kTuple};
    RETURN_IF_ERROR(pop_to_mark(value.items));
    return push(std::move(value));
  }
  template <size_t count>
  Status tuple_of() {
    Value value{.kind = Kind::kTuple};
    RETURN_IF_ERROR(pop_many(count, value.items));
    return push(std::move(value));
  }
  Status extend(Kind kind, const std::vector<Id>& ids) {
    Value* container = nullptr;
    RETURN_IF_ERROR(top(kind, kind, container));
    if (kind == Kind::kDict && ids.size() % 2 != 0) return broken("a key without a value");
    container->items.insert(container->items.end(), ids.begin(), ids.end());
    return {};
  }
  template <Kind kind, size_t count>
  Status add() {
    std::vector<Id> ids;
    RETURN_IF_ERROR(pop_many(count, ids));
    return extend(kind, ids);
  }
  template <Kind kind>
  Status add_many() {
    std::vector<Id> ids;
    RETURN_IF_ERROR(pop_to_mark(ids));
    return extend(kind, ids);
  }

  // Opcodes: the memo.

  Status remember(uint32_t key) {
    if (available() == 0) return broken("nothing is on the stack");
    if (memo_.size() >= kMaxValues) return broken("more values than any state dict's");
    memo_[key] = stack_.back();
    return {};
  }
  template <typename Key>
  Status put() {
    Key key{};
    RETURN_IF_ERROR(take(key));
    return remember(key);
  }
  Status memoize() { return remember(static_cast<uint32_t>(memo_.size())); }
  template <typename Key>
  Status get() {
    Key key{};
    RETURN_IF_ERROR(take(key));
    const auto known = memo_.find(key);
    return known == memo_.end() ? broken("a value that was never memorised") : push(known->second);
  }

  // Opcodes: what Python would call.

  Status push_global(std::string_view module, std::string_view name) {
    std::string full = fmt::format("{}.{}", module, name);
    if (!allows_(full))
      return unsupported(
          "global '{}' is none that a state dict needs; nothing was run. Save model.state_dict() and take "
          "that",
          full);
    return push(Value{.kind = Kind::kGlobal, .text = std::move(full)});
  }
  Status global() {
    std::string_view module;
    std::string_view name;
    RETURN_IF_ERROR(take_line(module));
    RETURN_IF_ERROR(take_line(name));
    return push_global(module, name);
  }
  Status stack_global() {
    std::vector<Id> ids;
    RETURN_IF_ERROR(pop_many(2, ids));
    const Value& module = pickle_.values[ids[0]];
    const Value& name = pickle_.values[ids[1]];
    if (module.kind != Kind::kText || name.kind != Kind::kText) return broken("a global without a name");
    return push_global(std::string(module.text), std::string(name.text));
  }
  /// REDUCE and NEWOBJ: a description of the call. Dicts of any class are dicts.
  Status call() {
    std::vector<Id> ids;
    RETURN_IF_ERROR(pop_many(2, ids));
    const Value& callee = pickle_.values[ids[0]];
    const Value& arguments = pickle_.values[ids[1]];
    if (callee.kind != Kind::kGlobal || arguments.kind != Kind::kTuple) return broken("a call of no global");
    const bool is_dict = callee.text == "collections.defaultdict" ||
                         (callee.text == "collections.OrderedDict" && arguments.items.empty());
    if (is_dict) return push(Value{.kind = Kind::kDict});
    return push(Value{.kind = Kind::kObject, .text = callee.text, .items = arguments.items});
  }
  Status build() {
    Id state = 0;
    RETURN_IF_ERROR(pop(state));
    Value* object = nullptr;
    RETURN_IF_ERROR(top(Kind::kObject, Kind::kDict, object));
    object->state = state;
    return {};
  }
  Status persistent_id() {
    Value* id = nullptr;
    RETURN_IF_ERROR(top(Kind::kTuple, Kind::kTuple, id));
    if (id->items.size() > kMaxArguments) return broken("a persistent id that is too long");
    Value storage{.kind = Kind::kStorage, .items = id->items};
    RETURN_IF_ERROR(pop_top());
    return push(std::move(storage));
  }
  Status stop() {
    stopped_ = true;
    return pop(pickle_.root);
  }

  static const std::array<Row, 45> kRows;

  std::string_view bytes_;
  const std::function<bool(std::string_view)>& allows_;
  size_t at_ = 0;
  bool stopped_ = false;
  Pickle pickle_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;  ///< heights of the stack
  std::unordered_map<uint32_t, Id> memo_;
};

const std::array<Machine::Row, 45> Machine::kRows = {{
    {Opcode::kProto, &Machine::proto},
    {Opcode::kFrame, &Machine::frame},
    {Opcode::kStop, &Machine::stop},
    {Opcode::kMark, &Machine::mark},
    {Opcode::kPop, &Machine::pop_top},
    {Opcode::kPopMark, &Machine::pop_mark},
    {Opcode::kNone, &Machine::constant<Kind::kNone>},
    {Opcode::kNewTrue, &Machine::constant<Kind::kBool, 1>},
    {Opcode::kNewFalse, &Machine::constant<Kind::kBool, 0>},
    {Opcode::kBinInt, &Machine::integer<int32_t>},
    {Opcode::kBinInt1, &Machine::integer<uint8_t>},
    {Opcode::kBinInt2, &Machine::integer<uint16_t>},
    {Opcode::kLong1, &Machine::long1},
    {Opcode::kBinFloat, &Machine::binfloat},
    {Opcode::kBinUnicode, &Machine::text<uint32_t, Kind::kText>},
    {Opcode::kShortBinUnicode, &Machine::text<uint8_t, Kind::kText>},
    {Opcode::kBinUnicode8, &Machine::text<uint64_t, Kind::kText>},
    {Opcode::kShortBinString, &Machine::text<uint8_t, Kind::kBytes>},
    {Opcode::kBinString, &Machine::text<uint32_t, Kind::kBytes>},
    {Opcode::kShortBinBytes, &Machine::text<uint8_t, Kind::kBytes>},
    {Opcode::kBinBytes, &Machine::text<uint32_t, Kind::kBytes>},
    {Opcode::kEmptyTuple, &Machine::constant<Kind::kTuple>},
    {Opcode::kEmptyList, &Machine::constant<Kind::kList>},
    {Opcode::kEmptyDict, &Machine::constant<Kind::kDict>},
    {Opcode::kEmptySet, &Machine::constant<Kind::kSet>},
    {Opcode::kTuple, &Machine::tuple},
    {Opcode::kTuple1, &Machine::tuple_of<1>},
    {Opcode::kTuple2, &Machine::tuple_of<2>},
    {Opcode::kTuple3, &Machine::tuple_of<3>},
    {Opcode::kAppend, &Machine::add<Kind::kList, 1>},
    {Opcode::kAppends, &Machine::add_many<Kind::kList>},
    {Opcode::kSetItem, &Machine::add<Kind::kDict, 2>},
    {Opcode::kSetItems, &Machine::add_many<Kind::kDict>},
    {Opcode::kAddItems, &Machine::add_many<Kind::kSet>},
    {Opcode::kBinPut, &Machine::put<uint8_t>},
    {Opcode::kLongBinPut, &Machine::put<uint32_t>},
    {Opcode::kMemoize, &Machine::memoize},
    {Opcode::kBinGet, &Machine::get<uint8_t>},
    {Opcode::kLongBinGet, &Machine::get<uint32_t>},
    {Opcode::kGlobal, &Machine::global},
    {Opcode::kStackGlobal, &Machine::stack_global},
    {Opcode::kReduce, &Machine::call},
    {Opcode::kNewObj, &Machine::call},
    {Opcode::kBuild, &Machine::build},
    {Opcode::kBinPersId, &Machine::persistent_id},
}};

}  // namespace

const Pickle::Value* Pickle::find(const Value& dict, std::string_view key) const {
  const Value* found = nullptr;
  for (size_t index = 0; index + 1 < dict.items.size(); index += 2) {
    const Value& name = values[dict.items[index]];
    if (name.kind == Kind::kText && name.text == key) found = &values[dict.items[index + 1]];
  }
  return found;
}

Result<Pickle> parse_pickle(std::string_view bytes, const std::function<bool(std::string_view)>& allows) {
  return Machine(bytes, allows).run();
}

}  // namespace ridgeline::formats
