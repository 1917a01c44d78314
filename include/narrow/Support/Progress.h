//===- Progress.h - Progress of long work -----------------------*- C++ -*-===//
#ifndef NARROW_SUPPORT_PROGRESS_H
#define NARROW_SUPPORT_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace narrow {

/// Reports the progress of counted work: one redrawn line on a terminal, a line
/// every few seconds elsewhere, nothing for work of less than two seconds.
/// `advance` may be called from several threads. With NARROW_PROGRESS=0 in the
/// environment the default stream stays silent: for logs, and for comparing a
/// command's output.
class Progress {
public:
  struct Options {
    llvm::raw_ostream *stream = defaultStream();
    bool terminal = llvm::errs().is_displayed();
    /// Seconds since any fixed point; a steady clock if empty. For tests.
    std::function<double()> clock;
  };

  /// `what` names the work ("calibrating"), `unit` the counted items ("samples").
  Progress(llvm::StringRef what, llvm::StringRef unit, uint64_t total)
      : Progress(what, unit, total, Options()) {}
  Progress(llvm::StringRef what, llvm::StringRef unit, uint64_t total, Options options);
  /// Clears a redrawn line, so that a following message starts at the margin.
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  void advance(uint64_t count = 1);
  /// Work done by an earlier run: counts toward the total, not toward the
  /// speed.
  void skip(uint64_t count);

private:
  static llvm::raw_ostream *defaultStream();
  void report(double now);

  std::string what, unit;
  uint64_t total, done = 0, skipped = 0;
  Options options;
  double start, lastReport;
  bool drawn = false;
  std::mutex mutex;
};

/// "42 s", "3 min 05 s", "2 h 10 min"
std::string formatDuration(double seconds);

} // namespace narrow

#endif
