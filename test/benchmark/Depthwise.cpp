//===- Depthwise.cpp - A depthwise kernel written by hand -----------------===//
#include "Depthwise.h"
#include <algorithm>
#include <immintrin.h>

#define NARROW_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define NARROW_INLINE NARROW_TARGET __attribute__((always_inline))

using namespace narrow::bench;

namespace {

constexpr int codeOffset = 128; // codes are stored plus this, unsigned

/// What one vector of 64 outputs needs. Numbers of 32 bits are in the order in
/// which the interleaved bytes of the input meet: see channelOf.
struct alignas(64) Block {
  int8_t weights[3][4][64]; ///< of each kernel column: its three rows, then 0
  int32_t bias[4][16], multiplier[4][16], oddMultiplier[4][16], addend[4][16], shift[4][16];
};

/// The byte of a vector whose accumulator is number `lane` of group `group`: bytes
/// are interleaved within 128 bits, four of them go to each group.
constexpr int byteOf(int group, int lane) { return lane / 4 * 16 + group * 4 + lane % 4; }

/// 64 bytes: `width` of each of 64 / width rows that are `distance` bytes apart.
template <int width>
NARROW_INLINE __m512i load(const uint8_t *data, ptrdiff_t distance) {
  if constexpr (width == 64)
    return _mm512_loadu_si512(data);
  if constexpr (width == 32)
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)data)),
                              _mm256_loadu_si256((const __m256i *)(data + distance)), 1);
  __m512i result = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)data));
  result = _mm512_inserti32x4(result, _mm_loadu_si128((const __m128i *)(data + distance)), 1);
  result = _mm512_inserti32x4(result, _mm_loadu_si128((const __m128i *)(data + 2 * distance)), 2);
  return _mm512_inserti32x4(result, _mm_loadu_si128((const __m128i *)(data + 3 * distance)), 3);
}

template <int width>
NARROW_INLINE void store(uint8_t *data, ptrdiff_t distance, __m512i value) {
  if constexpr (width == 64) {
    _mm512_storeu_si512(data, value);
  } else if constexpr (width == 32) {
    _mm256_storeu_si256((__m256i *)data, _mm512_castsi512_si256(value));
    _mm256_storeu_si256((__m256i *)(data + distance), _mm512_extracti64x4_epi64(value, 1));
  } else {
    _mm_storeu_si128((__m128i *)data, _mm512_castsi512_si128(value));
    _mm_storeu_si128((__m128i *)(data + distance), _mm512_extracti32x4_epi32(value, 1));
    _mm_storeu_si128((__m128i *)(data + 2 * distance), _mm512_extracti32x4_epi32(value, 2));
    _mm_storeu_si128((__m128i *)(data + 3 * distance), _mm512_extracti32x4_epi32(value, 3));
  }
}

/// The three bytes of each channel of one column, side by side.
struct Column {
  __m512i groups[4];
};

template <int width>
NARROW_INLINE Column loadColumn(const uint8_t *data, ptrdiff_t rowStride, ptrdiff_t distance) {
  __m512i top = load<width>(data, distance), middle = load<width>(data + rowStride, distance),
          bottom = load<width>(data + 2 * rowStride, distance), zero = _mm512_setzero_si512();
  __m512i low = _mm512_unpacklo_epi8(top, middle), high = _mm512_unpackhi_epi8(top, middle);
  __m512i lowRest = _mm512_unpacklo_epi8(bottom, zero), highRest = _mm512_unpackhi_epi8(bottom, zero);
  return {{_mm512_unpacklo_epi16(low, lowRest), _mm512_unpackhi_epi16(low, lowRest),
           _mm512_unpacklo_epi16(high, highRest), _mm512_unpackhi_epi16(high, highRest)}};
}

/// (x * multiplier + rounding) >> shift, plus the zero point: from the high halves
/// of the products, since the shift is 33 at least.
NARROW_INLINE __m512i requantize(__m512i x, const Block &block, int group) {
  __m512i even = _mm512_mul_epi32(x, _mm512_load_si512(block.multiplier[group]));
  __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_load_si512(block.oddMultiplier[group]));
  __m512i high = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
  return _mm512_srav_epi32(_mm512_add_epi32(high, _mm512_load_si512(block.addend[group])),
                           _mm512_load_si512(block.shift[group]));
}

struct Strides {
  ptrdiff_t inputColumn, inputRow, outputColumn;
  ptrdiff_t inputDistance, outputDistance; ///< between the rows of one vector
};

/// One row of outputs, `width` channels of it (and as many of other rows). Each
/// column is loaded and interleaved once and meets all of its kernel columns: the
/// accumulators of outputs that are not complete yet are carried along.
template <int width, int stride>
NARROW_TARGET void computeRow(const uint8_t *input, uint8_t *output, const Block &block, int64_t columns,
                              const Strides &strides) {
  __m512i weights[3][4], first[4], second[4];
  for (int k = 0; k < 3; ++k)
    for (int group = 0; group < 4; ++group)
      weights[k][group] = _mm512_load_si512(block.weights[k][group]);
  auto next = [&]() NARROW_INLINE {
    Column column = loadColumn<width>(input, strides.inputRow, strides.inputDistance);
    input += strides.inputColumn;
    return column;
  };
  auto bias = [&](int group) NARROW_INLINE { return _mm512_load_si512(block.bias[group]); };
  Column column = next();
  for (int group = 0; group < 4; ++group)
    first[group] = _mm512_dpbusd_epi32(bias(group), column.groups[group], weights[0][group]);
  if constexpr (stride == 1) {
    column = next();
    for (int group = 0; group < 4; ++group) {
      first[group] = _mm512_dpbusd_epi32(first[group], column.groups[group], weights[1][group]);
      second[group] = _mm512_dpbusd_epi32(bias(group), column.groups[group], weights[0][group]);
    }
  }
  for (int64_t i = 0; i < columns; ++i) {
    __m512i done[4];
    if constexpr (stride == 2) {
      column = next();
      for (int group = 0; group < 4; ++group)
        first[group] = _mm512_dpbusd_epi32(first[group], column.groups[group], weights[1][group]);
    }
    column = next();
    for (int group = 0; group < 4; ++group) {
      __m512i data = column.groups[group];
      done[group] = requantize(_mm512_dpbusd_epi32(first[group], data, weights[2][group]), block, group);
      if constexpr (stride == 1)
        first[group] = _mm512_dpbusd_epi32(second[group], data, weights[1][group]);
      __m512i &started = stride == 1 ? second[group] : first[group];
      started = _mm512_dpbusd_epi32(bias(group), data, weights[0][group]);
    }
    // Packing saturates, and undoes the order of the groups.
    __m512i bytes =
        _mm512_packus_epi16(_mm512_packs_epi32(done[0], done[1]), _mm512_packs_epi32(done[2], done[3]));
    store<width>(output, strides.outputDistance, bytes);
    output += strides.outputColumn;
  }
}

template <int stride>
auto selectRow(int width) {
  return width == 64 ? computeRow<64, stride> : width == 32 ? computeRow<32, stride> : computeRow<16, stride>;
}

} // namespace

namespace {

/// Bytes from a cache line's start on: vectors that cross lines are slow.
class AlignedBytes {
public:
  AlignedBytes(size_t size, uint8_t value) : size(size), lines(size / 64 + 1) {
    std::fill(begin(), end(), value);
  }
  uint8_t *begin() { return lines.front().bytes; }
  uint8_t *end() { return begin() + size; }

private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  size_t size;
  std::vector<Line> lines;
};

} // namespace

struct HandWrittenDepthwise::State {
  explicit State(const DepthwiseLayer &layer)
      : layer(layer), paddedWidth(layer.width + 2),
        // The window of the last output may end one row or column before this does.
        input((layer.height + 2) * paddedWidth * layer.channels, layer.inputZeroPoint + codeOffset),
        output(layer.outHeight * layer.outWidth * layer.channels, 0) {
    for (int64_t channel = 0; channel + 64 <= layer.channels; channel += 64)
      blocks.push_back(makeBlock(channel, 64));
    if (tail())
      blocks.push_back(makeBlock(layer.channels - tail(), tail()));
  }

  DepthwiseLayer layer;
  int64_t paddedWidth;
  AlignedBytes input, output;
  std::vector<Block> blocks; ///< whole vectors of channels, then the rest

  int64_t tail() const { return layer.channels % 64; }
  Block makeBlock(int64_t firstChannel, int64_t width) const;
};

Block HandWrittenDepthwise::State::makeBlock(int64_t firstChannel, int64_t width) const {
  Block block;
  for (int group = 0; group < 4; ++group)
    for (int lane = 0; lane < 16; ++lane) {
      int64_t channel = firstChannel + byteOf(group, lane) % width, sum = 0;
      for (int column = 0; column < 3; ++column) {
        int8_t *dot = block.weights[column][group] + 4 * lane;
        dot[3] = 0;
        for (int row = 0; row < 3; ++row) {
          dot[row] = layer.weights[(row * 3 + column) * layer.channels + channel];
          sum += dot[row];
        }
      }
      block.bias[group][lane] = layer.bias[channel] - (layer.inputZeroPoint + codeOffset) * sum;
      block.multiplier[group][lane] = layer.multipliers[channel];
      block.shift[group][lane] = layer.shifts[channel] - 32;
      block.addend[group][lane] = (int64_t(1) << (layer.shifts[channel] - 33)) +
                                  ((layer.outputZeroPoint + codeOffset) << (layer.shifts[channel] - 32));
    }
  for (int group = 0; group < 4; ++group)
    for (int lane = 0; lane < 16; ++lane) // where the even half of each product looks
      block.oddMultiplier[group][lane] = lane % 2 ? 0 : block.multiplier[group][lane + 1];
  return block;
}

bool HandWrittenDepthwise::supports(const DepthwiseLayer &layer) {
  int64_t tail = layer.channels % 64;
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && layer.kernel == 3 &&
         (layer.stride == 1 || layer.stride == 2) && (tail == 0 || tail == 16 || tail == 32) &&
         (tail == 0 || layer.outHeight % (64 / tail) == 0);
}

HandWrittenDepthwise::HandWrittenDepthwise(const DepthwiseLayer &layer) : state(new State(layer)) {}

HandWrittenDepthwise::~HandWrittenDepthwise() = default;

void HandWrittenDepthwise::setInput(const int8_t *codes) {
  const DepthwiseLayer &layer = state->layer;
  int64_t rowBytes = layer.width * layer.channels;
  for (int64_t row = 0; row < layer.height; ++row) {
    uint8_t *to =
        state->input.begin() + ((row + layer.before) * state->paddedWidth + layer.before) * layer.channels;
    for (int64_t i = 0; i < rowBytes; ++i)
      to[i] = codes[row * rowBytes + i] + codeOffset;
  }
}

void HandWrittenDepthwise::run() {
  const DepthwiseLayer &layer = state->layer;
  int64_t inputRow = state->paddedWidth * layer.channels, outputRow = layer.outWidth * layer.channels;
  // Rows [0, rows) of `width` channels; the other rows of each vector follow at
  // that distance.
  auto compute = [&](int64_t firstBlock, int64_t lastBlock, int64_t width, int64_t rows) {
    auto computeRow = layer.stride == 1 ? selectRow<1>(width) : selectRow<2>(width);
    Strides strides{layer.channels, inputRow, layer.channels, rows * layer.stride * inputRow,
                    rows * outputRow};
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t block = firstBlock; block < lastBlock; ++block)
        computeRow(state->input.begin() + row * layer.stride * inputRow + block * 64,
                   state->output.begin() + row * outputRow + block * 64, state->blocks[block], layer.outWidth,
                   strides);
  };
  int64_t whole = layer.channels / 64;
  compute(0, whole, 64, layer.outHeight);
  if (int64_t tail = state->tail())
    compute(whole, whole + 1, tail, layer.outHeight / (64 / tail));
}

std::vector<int8_t> HandWrittenDepthwise::lastRow() const {
  std::vector<int8_t> codes;
  int64_t count = state->layer.outWidth * state->layer.channels;
  for (const uint8_t *it = state->output.end() - count; it != state->output.end(); ++it)
    codes.push_back(*it - codeOffset);
  return codes;
}
