//===- Peak.cpp - What no kernel of this CPU exceeds ----------------------===//
#include "Peak.h"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <immintrin.h>
#include <map>
#include <utility>

using namespace narrow::bench;

namespace {

constexpr int steps = 50000;

// Defines a function that runs `text` on independent accumulators %0, enough of
// them to hide the latency of one; %1 is scratch, %2 and %3 are data. It gives
// the number of runs.
#define NARROW_PEAK_LOOP(name, features, vector, chains, text)                                               \
  __attribute__((target(features))) int name() {                                                             \
    vector accumulators[chains] = {}, x = {}, y = {};                                                        \
    for (int k = 0; k < steps; ++k) {                                                                        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; ++i) {                                  \
        vector scratch;                                                                                      \
        __asm__ volatile(text : "+v"(accumulators[i]), "=&v"(scratch) : "v"(x), "v"(y));                     \
      }                                                                                                      \
    }                                                                                                        \
    return steps * chains;                                                                                   \
  }

NARROW_PEAK_LOOP(dotZmm, "avx512vnni", __m512i, 16, "vpdpbusd %3, %2, %0")
NARROW_PEAK_LOOP(dotYmm, "avxvnni", __m256i, 12, "%{vex%} vpdpbusd %3, %2, %0")
NARROW_PEAK_LOOP(pairsZmm, "avx512bw", __m512i, 16, "vpmaddwd %3, %2, %1; vpaddd %1, %0, %0")
NARROW_PEAK_LOOP(pairsYmm, "avx2", __m256i, 12, "vpmaddwd %3, %2, %1; vpaddd %1, %0, %0")
NARROW_PEAK_LOOP(pairsXmm, "sse2", __m128i, 12, "movdqa %2, %1; pmaddwd %3, %1; paddd %1, %0")
NARROW_PEAK_LOOP(fmaZmm, "avx512f", __m512, 16, "vfmadd231ps %3, %2, %0")
NARROW_PEAK_LOOP(fmaYmm, "fma", __m256, 12, "vfmadd231ps %3, %2, %0")
NARROW_PEAK_LOOP(mulAddXmm, "sse2", __m128, 12, "movaps %2, %1; mulps %3, %1; addps %1, %0")

/// The same with tiles of 16 by 64 bytes: 0 to 3 are accumulators, 4 and 5 data.
__attribute__((target("amx-int8"))) int tiles() {
  alignas(64) struct {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
  } config;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  constexpr int times = steps / 16;
  for (int k = 0; k < times; ++k) {
    _tile_dpbusd(0, 4, 5);
    _tile_dpbusd(1, 4, 5);
    _tile_dpbusd(2, 4, 5);
    _tile_dpbusd(3, 4, 5);
  }
  _tile_release();
  return times * 4;
}

struct Loop {
  int (*run)();
  int macs; ///< of one run of the text
};

const std::map<std::pair<std::string, bool>, Loop> loops = {
    {{"amx", false}, {tiles, 16384}},      {{"amx", true}, {fmaZmm, 16}},
    {{"avx512vnni", false}, {dotZmm, 64}}, {{"avx512vnni", true}, {fmaZmm, 16}},
    {{"avx512", false}, {pairsZmm, 32}},   {{"avx512", true}, {fmaZmm, 16}},
    {{"avxvnni", false}, {dotYmm, 32}},    {{"avxvnni", true}, {fmaYmm, 8}},
    {{"avx2", false}, {pairsYmm, 16}},     {{"avx2", true}, {fmaYmm, 8}},
    {{"portable", false}, {pairsXmm, 8}},  {{"portable", true}, {mulAddXmm, 4}}};

} // namespace

double narrow::bench::measurePeak(const std::string &isa, bool isFloat) {
  static std::map<std::pair<std::string, bool>, double> measured;
  auto [it, isNew] = measured.try_emplace({isa, isFloat}, 0.0);
  auto loop = loops.find(it->first);
  if (!isNew || loop == loops.end())
    return it->second;
  // The fastest of many: other programs may disturb most of them.
  using Clock = std::chrono::steady_clock;
  for (Clock::time_point end = Clock::now() + std::chrono::milliseconds(300); Clock::now() < end;) {
    auto start = Clock::now();
    int64_t runs = loop->second.run();
    std::chrono::duration<double, std::nano> time = Clock::now() - start;
    it->second = std::max(it->second, runs * loop->second.macs / time.count());
  }
  return it->second;
}
