//===- Passes.td - Code generation for CPUs ---------------*- tablegen -*-===//
#ifndef NARROW_CPU_PASSES_TD
#define NARROW_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowSetTarget : Pass<"narrow-set-target", "::mlir::ModuleOp"> {
  let summary = "say what code is generated for";
  let description = [{
    Sets `narrow.target` of the module, which the passes that generate code read.

    ```mlir
    module { ... }
    // becomes
    module attributes {narrow.target = #narrow.target<isa = "avx2", x86 = true>} { ... }
    ```
  }];
  let options = [Option<"isa", "isa", "std::string", "\"portable\"",
                        "instruction set to generate code for: portable, avx2, avx512, avx512vnni, amx, avxvnni, neon-dotprod">,
                 Option<"x86", "x86", "bool", "false",
                        "the target is an x86-64, whose SSE2 portable code may use">,
                 Option<"popcount", "popcount", "bool", "false",
                        "an instruction counts the bits of each lane (AVX512-VPOPCNTDQ)">];
  let dependentDialects = ["::narrow::NarrowDialect"];
}

def NarrowFormXnor : Pass<"narrow-form-xnor", "::mlir::ModuleOp"> {
  let summary = "convolutions of signs count bits";
  let description = [{
    A `tosa.conv2d` of codes -c and c, which a table yields, with weights that have one
    magnitude in each output channel becomes `narrow.pack_signs` and `narrow.xnor_conv2d`, if that takes
    fewer instructions on the target. Where the table is a step, signs are those of its operand.

    ```mlir
    %1 = tosa.table %0, %step : (tensor<1x8x8x64xi8>, tensor<256xi8>) -> tensor<1x8x8x64xi8>
    %2 = tosa.conv2d %1, %w, %b, %z, %z {...} : (tensor<1x8x8x64xi8>, tensor<16x3x3x64xi8>, ...) -> tensor<1x8x8x16xi32>
    // becomes
    %1 = narrow.pack_signs %0 below 3 : tensor<1x8x8x64xi8> -> tensor<1x8x8x2xi32>
    %2 = narrow.xnor_conv2d %1, %words, %b channels 64 factors [64] ... : (tensor<1x8x8x2xi32>, tensor<16x3x3x2xi32>, tensor<16xi32>) -> tensor<1x8x8x16xi32>
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numFormed", "xnor", "convolutions that count bits">];
}

def NarrowFormKernels : Pass<"narrow-form-kernels", "::mlir::ModuleOp"> {
  let summary = "group ops into the kernels that code is generated for";
  let description = [{
    Every op of the network becomes part of one `narrow.kernel`: at most one
    convolution, pooling or reduction with the element-wise ops that follow it
    (its epilogue), or a copy. A value is fused into its only user when shapes
    agree; an add takes the operand whose i32 accumulators would otherwise be
    stored.

    ```mlir
    // Before
    %0 = tosa.conv2d %x, %w, %b, %zp, %wzp {...} : (...) -> tensor<1x8x8x16xi32>
    %1 = tosa.rescale %0, %m, %s, %z, %oz {...} : (...) -> tensor<1x8x8x16xi8>
    // After
    %1 = narrow.kernel @k0_conv1 (%a = %x : tensor<1x8x8x4xi8>) -> tensor<1x8x8x16xi8> {
      %2 = tosa.conv2d %a, ...
      %3 = tosa.rescale %2, ...
      narrow.yield %3 : tensor<1x8x8x16xi8>
    }
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect"];
  let statistics = [Statistic<"kernels", "kernels", "kernels formed">];
}

def NarrowPlanMemory : Pass<"narrow-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give every tensor of the kernels a place in one arena";
  let description = [{
    Sets `buffers` of every `narrow.kernel` (`narrow.buffers` of calls): the layout of its results, with the border that the
    kernels which read them pad with, and their bytes in the arena. Tensors whose lifetimes are disjoint share bytes: greedy by size
    (Pisarchyk, Lee, 2020, section 4.3). Reshapes and slices that move nothing become views. Results of
    the function are stored where the caller wants them, by a kernel `store_result` if they are needed otherwise. The arena of a function
    begins above that of the functions which it calls; `narrow.plan_size` is its end.

    ```mlir
    %1 = narrow.kernel @k0_conv (%a = %x : tensor<1x8x8x16xi8>) -> tensor<1x8x8x16xi8>
    // becomes, where a convolution that pads reads %1
    %1 = narrow.kernel @k0_conv (%a = %x : tensor<1x8x8x16xi8>) -> tensor<1x8x8x16xi8> attributes {buffers =
      [#narrow.buffer<offset = 0, strides = [1600, 160, 16, 1], origin = 176, border = [1, 1, 1, 1], border_value = 128>]}
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
}

def NarrowLowerKernels : Pass<"narrow-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "generate the code of kernels";
  let description = [{
    Makes of every `narrow.kernel` a function
    of loops, vectors and dot-product intrinsics for `narrow.target`.
    Functions of tensors become functions of buffers: the arena first, then
    inputs and outputs as plain arrays. The module gets `narrow.arena_size`,
    `narrow.arena_lower_bound` and, when it observes,
    `narrow.observed`.

    Weights of a contraction that have at most 16 (4) different values take 4 (2) bits
    where `pack-weights` says so. Registers get them by shifts and a table (by shifts
    alone where codes are held in 16 bits; they then have to be in [-8, 7] or [-2, 1]).

    ```mlir
    func.func private @k0_conv1(%in: memref<512xi8>, %out: memref<1024xi8>) {
      ...
      scf.for ... { llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(...) }
      return
    }
    ```
  }];
  let options = [Option<"profile", "profile", "bool", "false",
                        "count the cycles of every kernel, in counters at the end of the arena (narrow.profile_offset)">,
                 Option<"packWeights", "pack-weights", "::narrow::PackWeights", "::narrow::PackWeights::Auto",
                        "weights with at most 16 different values share bytes",
                        "::narrow::getPackWeightsValues()">];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def NarrowDistributeThreads : Pass<"narrow-distribute-threads", "::mlir::ModuleOp"> {
  let summary = "let several threads share the kernels of one run";
  let description = [{
    Every thread of a team calls `@main` with the same arguments but its own
    number. A kernel that is worth it (`narrow.work`, cycles) gets the numbers of
    the thread and of the threads, and each thread takes a part of its outermost
    loops, whose iterations are independent; other kernels are run by thread 0.
    A barrier stands between kernels, but for those of thread 0 alone. No
    output is computed in two parts, so results do not depend on the threads.

    Functions that call kernels get three more arguments: the memory that the team
    shares, `thread` and `threads`. Bytes of the team: 0 the threads that have
    arrived at the barrier (i32), 64 the barriers passed (i32), 128 a function to
    call after long waiting or null, 136 its argument.

    ```mlir
    func.func private @conv(%in: memref<512xi8>, %out: memref<512xi8>) attributes {narrow.work = 90000 : i64} {
      scf.for %i = %c0 to %c64 step %c2 { ... }
    // becomes
    func.func private @conv(%in: memref<512xi8>, %out: memref<512xi8>, %thread: i64, %threads: i64) ... {
      scf.for %i = %begin to %end step %c2 { ... }
    ```
  }];
  let options = [Option<"threads", "threads", "unsigned", "2", "the most threads that one run may use">,
                 Option<"leastWork", "least-work", "int64_t", "8000",
                        "cycles of a kernel below which a barrier costs more than a thread saves">];
  let statistics = [Statistic<"numDistributed", "distributed", "kernels that threads share">,
                    Statistic<"numAlone", "alone", "kernels of one thread">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def NarrowLowerToLLVM : Pass<"narrow-lower-to-llvm", "::mlir::ModuleOp"> {
  let summary = "lower a module of the vector stage to the LLVM dialect";
  let description = [{
    Takes a module of the vector stage (func, scf, cf, memref, arith, math, index,
    ub and one-dimensional vector ops) to a module of the LLVM dialect that needs
    nothing else to run:

    - memrefs become bare pointers; their layouts must be static and contiguous;
    - exp, tanh, erf, log, pow … become polynomials: no call of libm is left;
    - functions become internal; those that `@main` reaches are not inlined, so
      that disassembly and profiles show one symbol per kernel;
    - constants of any type become arrays of bytes, which LLVM handles a hundred
      times faster than arrays of larger elements.

    A function without a body (malloc, memrefCopy …) is an error: a compiled
    model has nothing to link with.

    ```mlir
    memref.global "private" constant @b : memref<2xi32> = dense<[1, 2]> {alignment = 64 : i64}
    func.func private @main(%arena: memref<64xi8>, %x: memref<2xi32>, %y: memref<2xi32>) {
      %b = memref.get_global @b : memref<2xi32>
      …
    // becomes
    llvm.mlir.global private constant @b(dense<[1, 0, 0, 0, 2, 0, 0, 0]> : tensor<8xi8>) {alignment = 64 : i64}
    llvm.func internal @main(%arena: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr) attributes {no_inline …} {
      %b = llvm.mlir.addressof @b : !llvm.ptr
      …
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numFunctions", "functions", "functions lowered">,
    Statistic<"numConstantBytes", "constant-bytes", "bytes of constants">,
  ];
}

def NarrowVerifyVector : Pass<"narrow-verify-vector", "::mlir::ModuleOp"> {
  let summary = "check the contract of the vector stage";
  let description = [{
    Functions of buffers with static shapes, one-dimensional vectors, loops,
    arithmetic and intrinsics; no tensors, no allocation. The module states its
    arena and instruction set. Changes nothing.

    ```mlir
    module attributes {narrow.arena_size = 4096 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "avx2">} {
      func.func private @network(%arena: memref<4096xi8>, %in: memref<784xi8>, %out: memref<10xi8>) { ... }
    }
    ```
  }];
}

def NarrowEmulateIntrinsics : Pass<"narrow-emulate-intrinsics", "::mlir::ModuleOp"> {
  let summary = "replace target intrinsics by plain vector code";
  let description = [{
    Dot products and saturating packs become calls of functions that compute by the
    shifts, products and sums that define them; AMX tiles become vectors. Kernels
    of an instruction set that this machine lacks can then be run, slowly, and
    compared with the reference evaluator. `isa` is what the module is compiled
    for from here on; that of the kernels is kept as `narrow.emulated_isa`.

    ```mlir
    %1 = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %a, %w) : (...) -> vector<16xi32>
    // becomes
    %1 = call @narrow.x86.avx512.vpdpbusd.512(%acc, %a, %w) : (...) -> vector<16xi32>
    ```
  }];
  let options = [Option<"isa", "isa", "std::string", "\"portable\"", "instruction set to compile for afterwards">];
  let statistics = [Statistic<"emulated", "emulated", "intrinsics replaced">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif
