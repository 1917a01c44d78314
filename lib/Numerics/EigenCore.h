//===- EigenCore.h - Eigen, with the same results on every CPU --*- C++ -*-===//
#ifndef NARROW_LIB_NUMERICS_EIGENCORE_H
#define NARROW_LIB_NUMERICS_EIGENCORE_H

// Fast square roots start from an approximation that differs between CPU vendors.
#define EIGEN_FAST_MATH 0
#include <Eigen/Core>

namespace narrow::numerics {
/// Eigen divides a product into blocks by the cache sizes, which determines the order of its sums. Fixed
/// sizes of a common CPU replace those of the host.
inline const bool eigenHasFixedBlocks = (Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 8 << 20), true);
} // namespace narrow::numerics

#endif
