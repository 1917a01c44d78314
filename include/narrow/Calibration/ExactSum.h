//===- ExactSum.h - Sums of floats without rounding -------------*- C++ -*-===//
//
// A float is an integer multiple of 2^-149 below 2^128, so sums of floats and
// of their squares are fixed-width integers. They do not depend on the order of
// the summands and merge exactly.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_CALIBRATION_EXACTSUM_H
#define NARROW_CALIBRATION_EXACTSUM_H

#include "llvm/ADT/StringRef.h"
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace narrow {

/// A two's complement integer of 64 * Words bits, least significant word first.
template <unsigned Words>
class WideInteger {
public:
  /// Adds `value * 2^shift`.
  void addShifted(__int128 value, unsigned shift) {
    unsigned word = shift / 64, bits = shift % 64;
    // The 192 bits of value << bits, then its sign.
    unsigned __int128 low = static_cast<unsigned __int128>(value) << bits;
    uint64_t high = bits == 0 ? (value < 0 ? ~uint64_t{0} : 0) : static_cast<uint64_t>(value >> (128 - bits));
    uint64_t sign = value < 0 ? ~uint64_t{0} : 0;
    uint64_t parts[3] = {static_cast<uint64_t>(low), static_cast<uint64_t>(low >> 64), high};
    bool carry = false;
    for (unsigned i = word; i < Words; ++i)
      carry = addWord(i, i - word < 3 ? parts[i - word] : sign, carry);
  }

  WideInteger &operator+=(const WideInteger &other) {
    bool carry = false;
    for (unsigned i = 0; i < Words; ++i)
      carry = addWord(i, other.words[i], carry);
    return *this;
  }
  bool operator==(const WideInteger &) const = default;

  bool isNegative() const { return words[Words - 1] >> 63; }

  /// The nearest double to `this * 2^exponent`.
  double toDouble(int exponent) const {
    WideInteger value = magnitude();
    unsigned top = Words;
    while (top > 0 && value.words[top - 1] == 0)
      --top;
    if (top == 0)
      return 0;
    // 128 bits, at least 65 of them significant; the rest becomes one sticky
    // bit, so the conversion rounds correctly.
    unsigned low = top >= 2 ? top - 2 : 0;
    unsigned __int128 bits = value.words[low];
    if (top >= 2)
      bits |= static_cast<unsigned __int128>(value.words[low + 1]) << 64;
    for (unsigned i = 0; i < low; ++i)
      if (value.words[i] != 0)
        bits |= 1;
    double result = std::ldexp(static_cast<double>(bits), static_cast<int>(low * 64) + exponent);
    return isNegative() ? -result : result;
  }

  /// "0x1a", "-0x1a", "0x0"
  std::string toHex() const {
    WideInteger value = magnitude();
    std::string digits;
    for (unsigned i = Words * 16; i-- > 0;) {
      unsigned digit = value.words[i / 16] >> (i % 16 * 4) & 15;
      if (digit != 0 || !digits.empty() || i == 0)
        digits += "0123456789abcdef"[digit];
    }
    return (isNegative() ? "-0x" : "0x") + digits;
  }

  /// Reads exactly what toHex writes: each value has only one text.
  static std::optional<WideInteger> fromHex(llvm::StringRef text) {
    llvm::StringRef digits = text;
    bool negative = digits.consume_front("-");
    if (!digits.consume_front("0x") || digits.empty() || digits.size() > Words * 16)
      return std::nullopt;
    if (digits[0] == '0' && (digits.size() > 1 || negative))
      return std::nullopt;
    WideInteger value;
    for (char c : digits) {
      unsigned digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
      if (digit == 16)
        return std::nullopt;
      for (unsigned i = Words; i-- > 0;)
        value.words[i] = value.words[i] << 4 | (i > 0 ? value.words[i - 1] >> 60 : digit);
    }
    if (value.isNegative())
      return std::nullopt;
    return negative ? value.negated() : value;
  }

private:
  bool addWord(unsigned i, uint64_t value, bool carry) {
    unsigned __int128 sum = static_cast<unsigned __int128>(words[i]) + value + carry;
    words[i] = static_cast<uint64_t>(sum);
    return sum >> 64 != 0;
  }
  WideInteger negated() const {
    WideInteger result;
    bool carry = true;
    for (unsigned i = 0; i < Words; ++i) {
      result.words[i] = ~words[i];
      carry = result.addWord(i, 0, carry);
    }
    return result;
  }
  WideInteger magnitude() const { return isNegative() ? negated() : *this; }

  std::array<uint64_t, Words> words{};
};

/// Sum and sum of squares of finite floats, both exact.
class ExactSums {
public:
  void add(const float *data, int64_t count);
  void merge(const ExactSums &other) {
    sumBits += other.sumBits;
    squareBits += other.squareBits;
  }
  bool operator==(const ExactSums &) const = default;

  double sum() const { return sumBits.toDouble(sumExponent); }
  double sumOfSquares() const { return squareBits.toDouble(squareExponent); }

  /// The integers in hexadecimal, in units of 2^sumExponent, 2^squareExponent.
  std::string sumHex() const { return sumBits.toHex(); }
  std::string squaresHex() const { return squareBits.toHex(); }
  /// nullopt if a text is not such an integer or the squares are negative.
  static std::optional<ExactSums> fromHex(llvm::StringRef sum, llvm::StringRef squares);

  static constexpr int sumExponent = -149, squareExponent = -298;

private:
  WideInteger<6> sumBits;     ///< 277 bits of a float, 64 of the count, sign.
  WideInteger<10> squareBits; ///< 554 bits, 64 of the count, sign.
};

} // namespace narrow

#endif
