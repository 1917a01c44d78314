//===- Common.h - Helpers of the tests of Support ---------------*- C++ -*-===//
#ifndef NARROW_TEST_UNIT_SUPPORT_COMMON_H
#define NARROW_TEST_UNIT_SUPPORT_COMMON_H
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>
#include <string>

/// A folder that lives as long as the object.
class TemporaryFolder {
public:
  TemporaryFolder() {
    if (llvm::sys::fs::createUniqueDirectory("narrow-test", folder))
      ADD_FAILURE() << "no temporary folder";
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return std::string(path);
  }
  std::string path() const { return std::string(folder); }
  int countFiles() const {
    int count = 0;
    std::error_code ec;
    for (llvm::sys::fs::directory_iterator i(folder, ec), end; i != end && !ec; i.increment(ec))
      ++count;
    return count;
  }

private:
  llvm::SmallString<128> folder;
};

inline void writeBytes(const std::string &path, llvm::StringRef bytes) {
  std::error_code ec;
  llvm::raw_fd_ostream(path, ec) << bytes;
  ASSERT_FALSE(ec) << ec.message();
}

inline std::string readBytes(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "<" + buffer.getError().message() + ">";
}

/// The message of a failure; "success" if there is none.
template <typename T>
std::string messageOf(llvm::Expected<T> result) {
  return result ? "success" : llvm::toString(result.takeError());
}
inline std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "success";
}

inline void expectMessage(const std::string &message, llvm::StringRef part) {
  EXPECT_NE(message.find(part), std::string::npos) << "message: " << message << "\nexpected: " << part.str();
}

#endif
