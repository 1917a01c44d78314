//===- TargetClones.h - Loops for the CPU that runs them --------*- C++ -*-===//
#ifndef NARROW_SUPPORT_TARGETCLONES_H
#define NARROW_SUPPORT_TARGETCLONES_H

/// Compiles a function for several instruction sets; the loader selects the best one. For
/// loops over integers or with exact results, which do not depend on how they are vectorized.
#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define NARROW_TARGET_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define NARROW_TARGET_CLONES
#endif

#endif
