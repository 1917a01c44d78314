//===- KernelOpInterface.td - What code generation asks of an op ----------===//
#ifndef NARROW_KERNEL_OP_INTERFACE_TD
#define NARROW_KERNEL_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    What code an op becomes: how it joins a kernel with its neighbours, and its
    instructions. `narrow-form-kernels`, the memory plan and the emission of kernels hold no list of
    ops. A function of one element (ScalarFunctionOpInterface) needs no more
    than its float code. The models of the ops of `tosa`, `quant` and `narrow` are in
    lib/Target/CPU, one file for each family (registerKernelModels).
  }];
  let methods = [
    InterfaceMethod<"How the op joins kernels.", "::narrow::KernelRole", "getKernelRole", (ins)>,
    InterfaceMethod<[{Whether an element depends on where its tensor ends: tensors are not seen as a line then.}],
      "bool", "dependsOnShape", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{Lanes of the result at `point`: of ops that compute an
      element where it is needed (Elementwise, Window, Reduction). Operands
      are evaluated by `emitter`. Fails with a diagnostic on the op.}],
      "::mlir::FailureOr<::narrow::Parts>", "emitLanes",
      (ins "::narrow::KernelEmitter &":$emitter, "const ::narrow::Point &":$point,
           "const ::narrow::ChannelBlock &":$block), "",
      [{ return emitUnsupported($_op) << "it computes no lanes", ::mlir::failure(); }]>,
    InterfaceMethod<[{The loops of a kernel around this op, which store what the
      kernel yields: of ops that own them (Contraction, Custom). Those of a contraction end
      in KernelEmitter::storeResult, which computes the ops behind it; the iterations of
      its outermost loops are independent. Fails with a diagnostic on the op.}],
      "::llvm::LogicalResult", "emitKernel", (ins "::narrow::KernelEmitter &":$emitter), "",
      [{ return emitUnsupported($_op) << "it has no kernel of its own"; }]>,
    InterfaceMethod<"What the kernel is called in reports.", "::llvm::StringRef", "getKernelKind", (ins), "",
      [{ return ""; }]>,
    InterfaceMethod<[{What has to be stored around operand 0, which is [N, H, W, C].}],
      "std::optional<::narrow::Padding>", "getPadding", (ins), "", [{ return std::nullopt; }]>,
    InterfaceMethod<[{How the result is the bytes of operand 0, which are stored as
      `operand` says: changes `result` to say where. False if elements have to move.}],
      "bool", "isView", (ins "const ::narrow::BufferLayout &":$operand, "::narrow::BufferLayout &":$result), "",
      [{ return false; }]>,
    InterfaceMethod<"The multiplications of a contraction.", "int64_t", "countProducts", (ins), "",
      [{ return 0; }]>,
    InterfaceMethod<[{The largest magnitude of the weights that dot products
      multiply by codes, their zero point taken off; 0 if there are none, nullopt if it is not known: the default
      of integer contractions.}],
      "std::optional<int64_t>", "getMostWeight", (ins), "",
      [{ return ::narrow::getDefaultMostWeight($_op); }]>,
    InterfaceMethod<[{Whether the result can be computed on codes as they are
      stored, a register of bytes at a time (emitStored).}],
      "bool", "staysInStorage", (ins "::narrow::StorageEmitter &":$emitter), "", [{ return false; }]>,
    InterfaceMethod<[{`valid` of `width` channels of the result, from `point`
      on, in the target's storage.}],
      "::mlir::Value", "emitStored",
      (ins "::narrow::StorageEmitter &":$emitter, "const ::narrow::Point &":$point, "int64_t":$valid,
           "unsigned":$width), "", [{ return {}; }]>
  ];
}

#endif
