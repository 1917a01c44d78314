//===- OutputFileTest.cpp - Whole or not at all ---------------------------===//
#include "narrow/Support/OutputFile.h"
#include "Common.h"
#include <unistd.h>

using namespace narrow;

TEST(OutputFile, AppearsOnCommit) {
  TemporaryFolder folder;
  std::string path = folder.file("out");
  writeBytes(path, "old");
  {
    auto file = OutputFile::open(path);
    ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
    (*file)->os() << "new";
    (*file)->os().flush();
    EXPECT_EQ(readBytes(path), "old");
    EXPECT_EQ(folder.countFiles(), 2);
    EXPECT_EQ(readBytes((*file)->temporaryPath().str()), "new");
    EXPECT_EQ(messageOf((*file)->commit()), "success");
    EXPECT_EQ(readBytes(path), "new");
    expectMessage(messageOf((*file)->commit()), "committed twice");
  }
  EXPECT_EQ(readBytes(path), "new");
  EXPECT_EQ(folder.countFiles(), 1);
}

TEST(OutputFile, NothingWithoutCommit) {
  TemporaryFolder folder;
  std::string path = folder.file("out");
  {
    auto file = OutputFile::open(path);
    ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
    (*file)->os() << "half";
  }
  EXPECT_EQ(folder.countFiles(), 0);
}

TEST(OutputFile, RemovedOnSignal) {
  TemporaryFolder folder;
  std::string path = folder.file("out");
  EXPECT_EXIT(
      {
        auto file = OutputFile::open(path);
        (*file)->os() << "half";
        (*file)->os().flush();
        raise(SIGTERM);
        _exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
  EXPECT_EQ(folder.countFiles(), 0);
}

TEST(OutputFile, KeepsLinksAndPermissions) {
  TemporaryFolder folder;
  writeBytes(folder.file("real"), "old");
  ASSERT_EQ(symlink("real", folder.file("link").c_str()), 0);
  ASSERT_FALSE(llvm::sys::fs::setPermissions(folder.file("real"), llvm::sys::fs::perms(0640)));
  EXPECT_EQ(messageOf(writeOutputFile(folder.file("link"), "new")), "success");
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(folder.file("link")));
  EXPECT_EQ(readBytes(folder.file("real")), "new");
  EXPECT_EQ(*llvm::sys::fs::getPermissions(folder.file("real")), llvm::sys::fs::perms(0640));
}

TEST(OutputFile, IsNoInput) {
  TemporaryFolder folder;
  std::string path = folder.file("x"), link = folder.file("link"), other = folder.file("other");
  writeBytes(path, "data");
  writeBytes(other, "data");
  ASSERT_EQ(symlink("x", link.c_str()), 0);
  EXPECT_EQ(messageOf(checkIsNoInput(other, {"", "-", path})), "success");
  EXPECT_EQ(messageOf(checkIsNoInput(folder.file("new"), {folder.file("new"), path})), "success");
  EXPECT_EQ(messageOf(checkIsNoInput("-", {"-"})), "success");
  EXPECT_EQ(messageOf(checkIsNoInput("/dev/null", {"/dev/null"})), "success");
  EXPECT_EQ(messageOf(checkIsNoInput(path, {other, path})),
            "cannot write '" + path + "': it is the input, which would be lost; name another file");
  EXPECT_EQ(messageOf(checkIsNoInput(link, {other, path})), "cannot write '" + link + "': it is the input '" +
                                                                path +
                                                                "', which would be lost; name another file");
  expectMessage(messageOf(checkIsNoInput(folder.file("./x"), {path})), "it is the input '" + path + "'");
  ASSERT_EQ(::link(path.c_str(), folder.file("hard").c_str()), 0);
  expectMessage(messageOf(checkIsNoInput(folder.file("hard"), {path})), "it is the input '" + path + "'");
}

TEST(OutputFile, Failures) {
  TemporaryFolder folder;
  expectMessage(messageOf(writeOutputFile("", "x")), "name of the output file is empty");
  expectMessage(messageOf(writeOutputFile(folder.path(), "x")), "is a directory");
  std::string missing = folder.file("no/such/folder");
  expectMessage(messageOf(writeOutputFile(missing, "x")), "cannot write '" + missing + "': ");
  expectMessage(messageOf(writeOutputFile("/dev/full", "x")),
                "cannot write '/dev/full': No space left on device");
  EXPECT_EQ(messageOf(writeOutputFile("/dev/null", "x")), "success");
  std::string locked = folder.file("locked");
  writeBytes(locked, "old");
  ASSERT_FALSE(llvm::sys::fs::setPermissions(locked, llvm::sys::fs::all_read));
  if (geteuid() != 0) // root may write everything.
    expectMessage(messageOf(writeOutputFile(locked, "x")), "the file is not writable");
}
