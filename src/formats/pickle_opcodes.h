#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ridgeline::formats {

/// The opcodes of Python's pickle (Lib/pickletools.py) that state dicts are made of.
enum class Opcode : uint8_t {
  kBinInt = 0x4a,
  kBinInt1 = 0x4b,
  kBinInt2 = 0x4d,
  kLong1 = 0x8a,
  kBinString = 0x54,
  kShortBinString = 0x55,
  kBinBytes = 0x42,
  kShortBinBytes = 0x43,
  kNone = 0x4e,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kShortBinUnicode = 0x8c,
  kBinUnicode = 0x58,
  kBinUnicode8 = 0x8d,
  kBinFloat = 0x47,
  kEmptyList = 0x5d,
  kAppend = 0x61,
  kAppends = 0x65,
  kEmptyTuple = 0x29,
  kTuple = 0x74,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyDict = 0x7d,
  kSetItem = 0x73,
  kSetItems = 0x75,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kPop = 0x30,
  kMark = 0x28,
  kPopMark = 0x31,
  kBinGet = 0x68,
  kLongBinGet = 0x6a,
  kBinPut = 0x71,
  kLongBinPut = 0x72,
  kMemoize = 0x94,
  kGlobal = 0x63,
  kStackGlobal = 0x93,
  kReduce = 0x52,
  kBuild = 0x62,
  kNewObj = 0x81,
  kProto = 0x80,
  kStop = 0x2e,
  kFrame = 0x95,
  kBinPersId = 0x51,
};

struct OpcodeName {
  uint8_t byte;
  std::string_view name;
};
/// All of Python's, up to protocol 5.
inline constexpr std::array kOpcodeNames = {OpcodeName{0x49, "INT"},
                                            OpcodeName{0x4a, "BININT"},
                                            OpcodeName{0x4b, "BININT1"},
                                            OpcodeName{0x4d, "BININT2"},
                                            OpcodeName{0x4c, "LONG"},
                                            OpcodeName{0x8a, "LONG1"},
                                            OpcodeName{0x8b, "LONG4"},
                                            OpcodeName{0x53, "STRING"},
                                            OpcodeName{0x54, "BINSTRING"},
                                            OpcodeName{0x55, "SHORT_BINSTRING"},
                                            OpcodeName{0x42, "BINBYTES"},
                                            OpcodeName{0x43, "SHORT_BINBYTES"},
                                            OpcodeName{0x8e, "BINBYTES8"},
                                            OpcodeName{0x96, "BYTEARRAY8"},
                                            OpcodeName{0x97, "NEXT_BUFFER"},
                                            OpcodeName{0x98, "READONLY_BUFFER"},
                                            OpcodeName{0x4e, "NONE"},
                                            OpcodeName{0x88, "NEWTRUE"},
                                            OpcodeName{0x89, "NEWFALSE"},
                                            OpcodeName{0x56, "UNICODE"},
                                            OpcodeName{0x8c, "SHORT_BINUNICODE"},
                                            OpcodeName{0x58, "BINUNICODE"},
                                            OpcodeName{0x8d, "BINUNICODE8"},
                                            OpcodeName{0x46, "FLOAT"},
                                            OpcodeName{0x47, "BINFLOAT"},
                                            OpcodeName{0x5d, "EMPTY_LIST"},
                                            OpcodeName{0x61, "APPEND"},
                                            OpcodeName{0x65, "APPENDS"},
                                            OpcodeName{0x6c, "LIST"},
                                            OpcodeName{0x29, "EMPTY_TUPLE"},
                                            OpcodeName{0x74, "TUPLE"},
                                            OpcodeName{0x85, "TUPLE1"},
                                            OpcodeName{0x86, "TUPLE2"},
                                            OpcodeName{0x87, "TUPLE3"},
                                            OpcodeName{0x7d, "EMPTY_DICT"},
                                            OpcodeName{0x64, "DICT"},
                                            OpcodeName{0x73, "SETITEM"},
                                            OpcodeName{0x75, "SETITEMS"},
                                            OpcodeName{0x8f, "EMPTY_SET"},
                                            OpcodeName{0x90, "ADDITEMS"},
                                            OpcodeName{0x91, "FROZENSET"},
                                            OpcodeName{0x30, "POP"},
                                            OpcodeName{0x32, "DUP"},
                                            OpcodeName{0x28, "MARK"},
                                            OpcodeName{0x31, "POP_MARK"},
                                            OpcodeName{0x67, "GET"},
                                            OpcodeName{0x68, "BINGET"},
                                            OpcodeName{0x6a, "LONG_BINGET"},
                                            OpcodeName{0x70, "PUT"},
                                            OpcodeName{0x71, "BINPUT"},
                                            OpcodeName{0x72, "LONG_BINPUT"},
                                            OpcodeName{0x94, "MEMOIZE"},
                                            OpcodeName{0x82, "EXT1"},
                                            OpcodeName{0x83, "EXT2"},
                                            OpcodeName{0x84, "EXT4"},
                                            OpcodeName{0x63, "GLOBAL"},
                                            OpcodeName{0x93, "STACK_GLOBAL"},
                                            OpcodeName{0x52, "REDUCE"},
                                            OpcodeName{0x62, "BUILD"},
                                            OpcodeName{0x69, "INST"},
                                            OpcodeName{0x6f, "OBJ"},
                                            OpcodeName{0x81, "NEWOBJ"},
                                            OpcodeName{0x92, "NEWOBJ_EX"},
                                            OpcodeName{0x80, "PROTO"},
                                            OpcodeName{0x2e, "STOP"},
                                            OpcodeName{0x95, "FRAME"},
                                            OpcodeName{0x50, "PERSID"},
                                            OpcodeName{0x51, "BINPERSID"}};

/// "" where Python has no such opcode.
constexpr std::string_view name_of(Opcode opcode) {
  for (const OpcodeName& row : kOpcodeNames)
    if (Opcode{row.byte} == opcode) return row.name;
  return "";
}

}  // namespace ridgeline::formats
