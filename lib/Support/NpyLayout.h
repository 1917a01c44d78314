//===- NpyLayout.h - The header of a .npy file ------------------*- C++ -*-===//
#ifndef NARROW_LIB_SUPPORT_NPYLAYOUT_H
#define NARROW_LIB_SUPPORT_NPYLAYOUT_H

#include "narrow/Support/Npz.h"

namespace narrow {

struct NpyLayout {
  DType dtype;
  std::vector<int64_t> shape;
  bool fortranOrder;
  uint64_t dataOffset;
};

/// Enough for the header of any array with a supported dtype: all headers of
/// version 1.0, and numpy's own limit is 10,000 bytes.
constexpr uint64_t mostHeaderBytes = uint64_t{1} << 17;

/// Parses the header at the beginning of `bytes`, which may end after it, and
/// compares it with the size of the whole file.
llvm::Expected<NpyLayout> parseNpyLayout(llvm::StringRef bytes, uint64_t fileSize, llvm::StringRef what);

/// `source` in Fortran order to C order.
std::vector<char> toCOrder(llvm::ArrayRef<char> source, llvm::ArrayRef<int64_t> shape, unsigned size);

} // namespace narrow

#endif
