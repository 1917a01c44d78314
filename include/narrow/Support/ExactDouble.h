//===- ExactDouble.h - Numbers in the options of passes ---------*- C++ -*-===//
#ifndef NARROW_SUPPORT_EXACTDOUBLE_H
#define NARROW_SUPPORT_EXACTDOUBLE_H

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdio>
#include <cstdlib>

namespace narrow {

/// A double that prints as the shortest text that means it. A pipeline that is printed with plain doubles
/// has six digits of them.
struct ExactDouble {
  double value = 0;

  ExactDouble() = default;
  ExactDouble(double value) : value(value) {}
  operator double() const { return value; }

  friend llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const ExactDouble &number) {
    char text[32];
    for (int digits = 1; digits <= 17; ++digits) {
      std::snprintf(text, sizeof(text), "%.*g", digits, number.value);
      if (std::strtod(text, nullptr) == number.value)
        break;
    }
    return os << text;
  }
};

} // namespace narrow

template <>
class llvm::cl::parser<narrow::ExactDouble> : public llvm::cl::basic_parser<narrow::ExactDouble> {
public:
  explicit parser(Option &option) : basic_parser(option) {}
  bool parse(Option &option, StringRef, StringRef text, narrow::ExactDouble &number) {
    if (!text.getAsDouble(number.value))
      return false;
    return option.error("'" + text + "' value invalid for floating point argument!");
  }
  StringRef getValueName() const override { return "number"; }
  void printOptionDiff(const Option &option, const narrow::ExactDouble &value, const OptVal &, size_t) const {
    printOptionName(option, 0);
    llvm::outs() << "= " << value << "\n";
  }
};

#endif
