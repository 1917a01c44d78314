// RUN: narrow-opt %s --narrow-lower-to-llvm --canonicalize | FileCheck %s

// Constants become bytes, of whatever type and shape they are; a splat is short already.
// CHECK-DAG: llvm.mlir.global private constant @bytes(dense<[1, -2, 3]> : tensor<3xi8>) {{.*}}alignment = 64{{.*}} : !llvm.array<3 x i8>
// CHECK-DAG: llvm.mlir.global private constant @ints(dense<[1, 0, 0, 0, -1, -1, -1, -1, 0, 1, 0, 0, 4, 0, 0, 0]> : tensor<16xi8>) {{.*}} : !llvm.array<16 x i8>
// CHECK-DAG: llvm.mlir.global private constant @floats(dense<[0, 0, -128, 63, 0, 0, 0, 64]> : tensor<8xi8>) {{.*}} : !llvm.array<8 x i8>
// CHECK-DAG: llvm.mlir.global private constant @splat(dense<7> : tensor<1024xi32>) {{.*}} : !llvm.array<1024 x i32>
// CHECK-DAG: llvm.mlir.global private constant @blob(dense_resource<blob> : tensor<8xi8>) {{.*}} : !llvm.array<8 x i8>
memref.global "private" constant @bytes : memref<3xi8> = dense<[1, -2, 3]> {alignment = 64 : i64}
memref.global "private" constant @ints : memref<2x2xi32> = dense<[[1, -1], [256, 4]]> {alignment = 64 : i64}
memref.global "private" constant @floats : memref<2xf32> = dense<[1.0, 2.0]>
memref.global "private" constant @splat : memref<1024xi32> = dense<7>
memref.global "private" constant @blob : memref<2xi32> = dense_resource<blob>

// Bare pointers; internal; one symbol per kernel.
// CHECK-LABEL: llvm.func internal @kernel
// CHECK-SAME: (%[[IN:.*]]: !llvm.ptr, %[[OUT:.*]]: !llvm.ptr)
// CHECK-SAME: dso_local, no_inline, no_unwind
func.func private @kernel(%in: memref<16xi32>, %out: memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %b = memref.get_global @ints : memref<2x2xi32>
  %flat = memref.collapse_shape %b [[0, 1]] : memref<2x2xi32> into memref<4xi32>
  // CHECK-DAG: %[[INTS:.*]] = llvm.mlir.addressof @ints
  // CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[INTS]][0, 0, 0]
  // CHECK: llvm.load %[[FIRST]] {alignment = 4 : i64} : !llvm.ptr -> vector<4xi32>
  %bias = vector.load %flat[%c0] : memref<4xi32>, vector<4xi32>
  scf.for %i = %c0 to %c16 step %c4 {
    // CHECK: llvm.getelementptr %[[IN]]
    %v = vector.load %in[%i] : memref<16xi32>, vector<4xi32>
    // CHECK: llvm.mul %{{.*}}, %{{.*}} : vector<4xi64>
    %low, %high = arith.mulsi_extended %v, %bias : vector<4xi32>
    %q = arith.ceildivsi %high, %low : vector<4xi32>
    vector.store %q, %out[%i] : memref<16xi32>, vector<4xi32>
  }
  return
}

// Nothing of libm is left.
// CHECK-LABEL: llvm.func internal @math
// CHECK-NOT: llvm.intr.{{exp|tanh|log|pow|erf}}
// CHECK: llvm.intr.fma
// CHECK-NOT: llvm.call
// CHECK: llvm.return
func.func private @math(%in: memref<8xf32>, %out: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %v = vector.load %in[%c0] : memref<8xf32>, vector<8xf32>
  %0 = math.exp %v : vector<8xf32>
  %1 = math.tanh %0 : vector<8xf32>
  %2 = math.erf %1 : vector<8xf32>
  %3 = math.log %2 : vector<8xf32>
  %4 = math.powf %3, %v : vector<8xf32>
  %5 = math.rsqrt %4 : vector<8xf32>
  vector.store %5, %out[%c0] : memref<8xf32>, vector<8xf32>
  return
}

// CHECK-LABEL: llvm.func internal @main
// CHECK-SAME: (%[[ARENA:.*]]: !llvm.ptr, %[[X:.*]]: !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[ARENA]][64] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.call @kernel(%[[X]], %[[PLACE]])
func.func private @main(%arena: memref<128xi8>, %x: memref<16xi32>) {
  %c64 = arith.constant 64 : index
  %y = memref.view %arena[%c64][] : memref<128xi8> to memref<16xi32>
  func.call @kernel(%x, %y) : (memref<16xi32>, memref<16xi32>) -> ()
  return
}

{-#
  dialect_resources: {
    builtin: { blob: "0x400000000100000002000000" }
  }
#-}
