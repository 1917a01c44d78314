// y = relu(w * x + b) on codes, between an entry and an exit in float.
module attributes {narrow.arena_size = 128 : i64, narrow.arena_alignment = 64 : i64} {
  memref.global "private" constant @w0 : memref<16xi8> = dense<[1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12, 13, -14, 15, -16]> {alignment = 64 : i64}
  memref.global "private" constant @b0 : memref<4x4xi32> = dense<[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]> {alignment = 64 : i64}

  func.func private @quantize_inputs(%x: memref<16xf32>, %q: memref<16xi8>) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %s = arith.constant dense<0.5> : vector<8xf32>
    %z = arith.constant dense<3.0> : vector<8xf32>
    %lo = arith.constant dense<-128.0> : vector<8xf32>
    %hi = arith.constant dense<127.0> : vector<8xf32>
    scf.for %i = %c0 to %c16 step %c8 {
      %v = vector.load %x[%i] : memref<16xf32>, vector<8xf32>
      %d = arith.divf %v, %s : vector<8xf32>
      %r = math.roundeven %d : vector<8xf32>
      %a = arith.addf %r, %z : vector<8xf32>
      %m = arith.maxnumf %a, %lo : vector<8xf32>
      %n = arith.minnumf %m, %hi : vector<8xf32>
      %c = arith.fptosi %n : vector<8xf32> to vector<8xi8>
      vector.store %c, %q[%i] : memref<16xi8>, vector<8xi8>
    }
    return
  }

  func.func private @kernel_scale(%q: memref<16xi8>, %y: memref<16xi8>) {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant dense<0> : vector<4xi32>
    %max = arith.constant dense<127> : vector<4xi32>
    %zp = arith.constant dense<3> : vector<4xi32>
    %w = memref.get_global @w0 : memref<16xi8>
    %b = memref.get_global @b0 : memref<4x4xi32>
    %flat = memref.collapse_shape %b [[0, 1]] : memref<4x4xi32> into memref<16xi32>
    scf.for %i = %c0 to %c16 step %c4 {
      %v = vector.load %q[%i] : memref<16xi8>, vector<4xi8>
      %wv = vector.load %w[%i] : memref<16xi8>, vector<4xi8>
      %bv = vector.load %flat[%i] : memref<16xi32>, vector<4xi32>
      %v32 = arith.extsi %v : vector<4xi8> to vector<4xi32>
      %w32 = arith.extsi %wv : vector<4xi8> to vector<4xi32>
      %d = arith.subi %v32, %zp : vector<4xi32>
      %p = arith.muli %d, %w32 : vector<4xi32>
      %a = arith.addi %p, %bv : vector<4xi32>
      %r = arith.maxsi %a, %zero : vector<4xi32>
      %s = arith.minsi %r, %max : vector<4xi32>
      %t = arith.trunci %s : vector<4xi32> to vector<4xi8>
      vector.store %t, %y[%i] : memref<16xi8>, vector<4xi8>
    }
    return
  }

  func.func private @network(%arena: memref<128xi8>, %q: memref<16xi8>, %y: memref<16xi8>) {
    func.call @kernel_scale(%q, %y) : (memref<16xi8>, memref<16xi8>) -> ()
    return
  }

  func.func private @dequantize_outputs(%q: memref<16xi8>, %y: memref<16xf32>) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %s = arith.constant dense<0.25> : vector<8xf32>
    scf.for %i = %c0 to %c16 step %c8 {
      %v = vector.load %q[%i] : memref<16xi8>, vector<8xi8>
      %f = arith.sitofp %v : vector<8xi8> to vector<8xf32>
      %m = arith.mulf %f, %s : vector<8xf32>
      vector.store %m, %y[%i] : memref<16xf32>, vector<8xf32>
    }
    return
  }

  func.func private @main(%arena: memref<128xi8>,
      %x: memref<16xf32> {narrow.name = "input", narrow.shape = array<i64: 1, 1, 4, 4>, narrow.layout = "nchw", narrow.type = !quant.uniform<i8:f32, 0.5:3>},
      %y: memref<16xf32> {narrow.name = "output", narrow.shape = array<i64: 1, 16>, narrow.type = !quant.uniform<i8:f32, 0.25>, narrow.output}) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %q = memref.view %arena[%c0][] : memref<128xi8> to memref<16xi8>
    %r = memref.view %arena[%c64][] : memref<128xi8> to memref<16xi8>
    func.call @quantize_inputs(%x, %q) : (memref<16xf32>, memref<16xi8>) -> ()
    func.call @network(%arena, %q, %r) : (memref<128xi8>, memref<16xi8>, memref<16xi8>) -> ()
    func.call @dequantize_outputs(%r, %y) : (memref<16xi8>, memref<16xf32>) -> ()
    return
  }
}
