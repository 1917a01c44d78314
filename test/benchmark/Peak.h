//===- Peak.h - What no kernel of this CPU exceeds --------------*- C++ -*-===//
#ifndef NARROW_BENCHMARK_PEAK_H
#define NARROW_BENCHMARK_PEAK_H

#include <string>

namespace narrow::bench {

/// Billions of multiply-adds a second that the instructions of `isa` (a name of
/// --isa) do on registers alone: those of 8-bit codes, or of f32. Measured at the
/// first call; 0 for an ISA without a measurement. The CPU must have the ISA.
double measurePeak(const std::string &isa, bool isFloat);

} // namespace narrow::bench

#endif
