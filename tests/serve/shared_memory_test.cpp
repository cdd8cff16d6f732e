#include "serve/shared_memory.h"

#include <atomic>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace ridgeline::serve {
namespace {

/// What a client makes: a shared-memory object of 16 KiB, byte i holding i modulo 251.
class SharedMemoryTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kBytes = 16384;
  static constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

  void SetUp() override {
    descriptor_ = shm_open(key_.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0600);
    ASSERT_GE(descriptor_, 0);
    ASSERT_EQ(ftruncate(descriptor_, kBytes), 0);
    for (uint64_t i = 0; i < kBytes; ++i) {
      const auto byte = static_cast<unsigned char>(i % 251);
      ASSERT_EQ(pwrite(descriptor_, &byte, 1, static_cast<off_t>(i)), 1);
    }
  }
  void TearDown() override {
    close(descriptor_);
    shm_unlink(key_.c_str());
  }

  Status add(const std::string& name, uint64_t offset, uint64_t byte_size) {
    return memory_.add({.name = name, .key = key_, .offset = offset, .byte_size = byte_size});
  }

  std::string key_ = "/ridgeline_test_" + std::to_string(getpid());
  int descriptor_ = -1;
  SharedMemory memory_{true};
};

TEST_F(SharedMemoryTest, GivesTheBytesOfARegionThatStartsAnywhere) {
  ASSERT_TRUE(add("r", 5000, 1000).ok());
  const auto found = memory_.resolve({.region = "r", .offset = 10, .byte_size = 990});
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->bytes.size(), 990);
  for (uint64_t i = 0; i < 990; ++i) ASSERT_EQ(found->bytes[i], static_cast<std::byte>((5010 + i) % 251));
}

TEST_F(SharedMemoryTest, WritesWhereTheClientReads) {
  ASSERT_TRUE(add("r", 0, kBytes).ok());
  memory_.resolve({.region = "r", .offset = 7, .byte_size = 1})->bytes[0] = std::byte{255};
  unsigned char byte = 0;
  ASSERT_EQ(pread(descriptor_, &byte, 1, 7), 1);
  EXPECT_EQ(byte, 255);
}

TEST_F(SharedMemoryTest, RefusesBytesOutsideOfTheRegion) {
  ASSERT_TRUE(add("r", 100, 128).ok());
  for (const auto& [offset, byte_size] : {std::pair{uint64_t{0}, uint64_t{129}},
                                          {uint64_t{128}, uint64_t{1}},
                                          {uint64_t{1}, kMost},
                                          {kMost, uint64_t{1}}})
    EXPECT_EQ(memory_.resolve({.region = "r", .offset = offset, .byte_size = byte_size}).status().message(),
              "Invalid offset + byte size for shared memory region: 'r'");
  EXPECT_EQ(memory_.resolve({.region = "zz", .offset = 0, .byte_size = 1}).status().message(),
            "Unable to find shared memory region: 'zz'");
}

TEST_F(SharedMemoryTest, RefusesBytesThatTheClientHasCutOff) {
  ASSERT_TRUE(add("r", 0, kBytes).ok());
  ASSERT_EQ(ftruncate(descriptor_, 4096), 0);
  EXPECT_TRUE(memory_.resolve({.region = "r", .offset = 0, .byte_size = 4096}).ok());
  EXPECT_FALSE(memory_.resolve({.region = "r", .offset = 4096, .byte_size = 1}).ok());
}

TEST_F(SharedMemoryTest, WhatIsCutOffWhileItIsInUseReadsAsZeros) {
  ASSERT_TRUE(add("r", 100, kBytes - 100).ok());
  ASSERT_TRUE(add("other", 0, 4096).ok());
  const auto in_use = memory_.resolve({.region = "r", .offset = 0, .byte_size = kBytes - 100});
  ASSERT_TRUE(in_use.ok());
  ASSERT_EQ(ftruncate(descriptor_, 4096), 0);
  for (uint64_t i = 0; i < kBytes - 100; ++i)
    ASSERT_EQ(in_use->bytes[i], i < 3996 ? static_cast<std::byte>((100 + i) % 251) : std::byte{0}) << i;
  in_use->bytes[kBytes - 101] = std::byte{1};  // and is written to
  EXPECT_EQ(in_use->bytes[kBytes - 101], std::byte{1});

  ASSERT_EQ(ftruncate(descriptor_, kBytes), 0);
  EXPECT_FALSE(memory_.resolve({.region = "r", .offset = 0, .byte_size = 1}).ok())
      << "is not shared any more";
  EXPECT_TRUE(memory_.resolve({.region = "other", .offset = 0, .byte_size = 4096}).ok());
  memory_.remove("r");
  ASSERT_TRUE(add("r", 0, kBytes).ok());
  EXPECT_TRUE(memory_.resolve({.region = "r", .offset = 0, .byte_size = kBytes}).ok());
}

TEST_F(SharedMemoryTest, SurvivesAClientThatCutsAndGrowsWhileManyRead) {
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  std::atomic<uint64_t> sum = 0;
  for (int reader = 0; reader < 3; ++reader)
    readers.emplace_back([&, name = "r" + std::to_string(reader)] {
      while (!done) {
        memory_.remove(name);
        (void)add(name, 0, kBytes);
        const auto found = memory_.resolve({.region = name, .offset = 0, .byte_size = kBytes});
        if (!found.ok()) continue;
        for (int round = 0; round < 20; ++round)
          for (const std::byte byte : found->bytes) sum += static_cast<uint64_t>(byte);
      }
    });
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(ftruncate(descriptor_, i % 2 == 0 ? 4096 : kBytes), 0);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(sum, 0U);
}

TEST_F(SharedMemoryTest, AFaultOfSomebodyElseEndsTheProcessAsBefore) {
  ASSERT_TRUE(add("r", 0, kBytes).ok());
  void* const foreign = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, descriptor_, 0);
  ASSERT_NE(foreign, MAP_FAILED);
  ASSERT_EQ(ftruncate(descriptor_, 0), 0);
  EXPECT_DEATH((void)*static_cast<volatile char*>(foreign), "");
  munmap(foreign, kBytes);
}

TEST_F(SharedMemoryTest, RegistersOnlyWhatIsThere) {
  EXPECT_EQ(memory_.add({.name = "r", .key = "/nosuch_key", .offset = 0, .byte_size = 4}).message(),
            "Unable to open shared memory region: '/nosuch_key'");
  for (const auto& [offset, byte_size] :
       {std::pair{uint64_t{0}, kBytes + 1}, {kBytes, uint64_t{1}}, {uint64_t{1}, kMost}, {kMost, kMost}})
    EXPECT_EQ(add("r", offset, byte_size).message(), "Invalid shared memory region: '" + key_ + "'");
  EXPECT_EQ(add("r", 0, 0).code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(add("r", 0, 4).ok());
  EXPECT_EQ(add("r", 0, 4).message(), "shared memory region 'r' already in manager");
}

TEST_F(SharedMemoryTest, ListsRegionsByName) {
  ASSERT_TRUE(add("b", 0, 4).ok());
  ASSERT_TRUE(add("a", 8, 16).ok());
  const auto all = memory_.list();
  ASSERT_EQ(all->size(), 2);
  EXPECT_EQ((*all)[0].name, "a");
  EXPECT_EQ((*all)[0].offset, 8);
  EXPECT_EQ((*all)[0].byte_size, 16);
  EXPECT_EQ((*all)[1].key, key_);
  EXPECT_EQ(memory_.list("b")->size(), 1);
  EXPECT_EQ(memory_.list("zz").status().message(), "Unable to find system shared memory region: 'zz'");
}

TEST_F(SharedMemoryTest, KeepsBytesInUseWhenTheirRegionGoes) {
  ASSERT_TRUE(add("r", 0, kBytes).ok());
  const auto in_use = memory_.resolve({.region = "r", .offset = 0, .byte_size = kBytes});
  ASSERT_TRUE(in_use.ok());
  memory_.remove("r");
  memory_.remove("nosuch");
  EXPECT_EQ(in_use->bytes[kBytes - 1], static_cast<std::byte>((kBytes - 1) % 251));
  EXPECT_FALSE(memory_.resolve({.region = "r", .offset = 0, .byte_size = 1}).ok());
  ASSERT_TRUE(add("r", 0, 4).ok());
  memory_.remove_all();
  EXPECT_TRUE(memory_.list()->empty());
}

}  // namespace
}  // namespace ridgeline::serve
