// RUN: narrow-opt %s --narrow-verify-vector --split-input-file --verify-diagnostics

// Buffers of static shape, vectors of one dimension, loops and arithmetic.
module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @main(%arena: memref<64xi8>, %in: memref<16xf32>, %out: memref<16xf32>) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    scf.for %i = %c0 to %c16 step %c8 {
      %v = vector.load %in[%i] : memref<16xf32>, vector<8xf32>
      %w = arith.addf %v, %v : vector<8xf32>
      vector.store %w, %out[%i] : memref<16xf32>, vector<8xf32>
    }
    return
  }
}

// -----

// expected-error @below {{this looks like the imported stage, not the vector stage; run --narrow-float-pipeline}}
module attributes {narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {}

// -----

// expected-error @below {{has no attribute narrow.arena_alignment}}
module attributes {narrow.arena_size = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {}

// -----

// expected-error @below {{unknown instruction set 'z80'; known are}}
module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "z80">} {}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @allocation(%arena: memref<64xi8>) {
    // expected-error @below {{failed to legalize operation 'memref.alloc'}}
    %0 = memref.alloc() : memref<16xf32>
    return
  }
}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @copy(%from: memref<64xi8>, %to: memref<64xi8>) {
    // expected-error @below {{failed to legalize operation 'memref.copy'}}
    memref.copy %from, %to : memref<64xi8> to memref<64xi8>
    return
  }
}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @strided(%x: memref<8x8xf32>) {
    // expected-error @below {{failed to legalize operation 'memref.subview'}}
    %0 = memref.subview %x[0, 0] [4, 4] [1, 1] : memref<8x8xf32> to memref<4x4xf32, strided<[8, 1]>>
    return
  }
}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @dynamic(%x: memref<8xf32>) {
    // expected-error @below {{failed to legalize operation 'memref.cast'}}
    %0 = memref.cast %x : memref<8xf32> to memref<?xf32>
    return
  }
}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @two_dimensions(%x: memref<4x4xf32>) {
    %c0 = arith.constant 0 : index
    // expected-error @below {{failed to legalize operation 'vector.load'}}
    %0 = vector.load %x[%c0, %c0] : memref<4x4xf32>, vector<4x4xf32>
    return
  }
}

// -----

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "portable">} {
  func.func @tensors(%x: tensor<4xf32>) {
    // expected-error @below {{failed to legalize operation 'tosa.tanh'}}
    %0 = tosa.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
    return
  }
}
