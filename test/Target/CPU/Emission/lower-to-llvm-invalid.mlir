// RUN: narrow-opt %s --narrow-lower-to-llvm --split-input-file --verify-diagnostics

func.func private @allocates() {
  // expected-error @below {{the vector stage allocates nothing: use memref.view of the arena or memref.alloca}}
  %0 = memref.alloc() : memref<4xi8>
  return
}

// -----

// It would call memrefCopy of MLIR's runtime.
func.func private @copies(%a: memref<8x8xi8>, %b: memref<8x8xi8>) {
  %0 = memref.subview %a[0, 0] [4, 4] [1, 1] : memref<8x8xi8> to memref<4x4xi8, strided<[8, 1]>>
  %1 = memref.subview %b[0, 0] [4, 4] [1, 1] : memref<8x8xi8> to memref<4x4xi8, strided<[8, 1]>>
  // expected-error @below {{copies part of a memref, which has no lowering: write a loop}}
  memref.copy %0, %1 : memref<4x4xi8, strided<[8, 1]>> to memref<4x4xi8, strided<[8, 1]>>
  return
}

// -----

// expected-error @below {{argument of type 'memref<?xi8>': memrefs of functions must have a static shape and no layout}}
func.func private @dynamic(%a: memref<?xi8>) {
  return
}

// -----

// expected-error @below {{a compiled model has no writable or external globals}}
memref.global "private" @state : memref<4xi8> = dense<0>
func.func private @main(%a: memref<4xi8>) {
  return
}

// -----

// expected-error @below {{the function 'elsewhere' has no body}}
func.func private @elsewhere(memref<4xi8>)
func.func private @calls(%a: memref<4xi8>) {
  func.call @elsewhere(%a) : (memref<4xi8>) -> ()
  return
}
