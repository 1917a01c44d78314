//===- EigenCore.h - Eigen, with the same results on every CPU --*- C++ -*-===//
#ifndef NARROW_LIB_NUMERICS_EIGENCORE_H
#define NARROW_LIB_NUMERICS_EIGENCORE_H

// Fast square roots begin with an approximation, of which every vendor has another.
#define EIGEN_FAST_MATH 0
#include <Eigen/Core>

namespace narrow::numerics {
/// A product is cut into blocks by the sizes of the caches, and the order of its sums follows. Those of a
/// common CPU instead of this one's.
inline const bool eigenHasFixedBlocks = (Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 8 << 20), true);
} // namespace narrow::numerics

#endif
