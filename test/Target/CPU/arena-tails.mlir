// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,AVX2

// The last vector of a tensor reaches past its end. What is there is written with the border, so that nothing seems to
// depend on memory that nobody wrote.
// CHECK-LABEL: func.func private @k0_identity(
// VNNI-SAME:     memref<48xi8>, %[[OUT:.*]]: memref<172xi8>
// AVX2-SAME:     memref<48xi8>, %[[OUT:.*]]: memref<124xi16>
// CHECK:         %[[END:.*]] = arith.constant 108 : index
// VNNI:          vector.store {{.*}}, %[[OUT]][%[[END]]] : memref<172xi8>, vector<64xi8>
// AVX2:          vector.store {{.*}}, %[[OUT]][%[[END]]] : memref<124xi16>, vector<16xi16>
// CHECK-LABEL: func.func private @k1_y(
// VNNI-SAME:     memref<172xi8>, %[[OUT:.*]]: memref<144xi8>
// AVX2-SAME:     memref<124xi16>, %[[OUT:.*]]: memref<96xi16>
// CHECK:         %[[END:.*]] = arith.constant 80 : index
// CHECK:         vector.store {{.*}}, %[[OUT]][%[[END]]]

// A caller's tensor has nothing behind it.
// CHECK-LABEL: func.func private @k4_last(
// VNNI-SAME:     memref<128xi8>, %[[OUT:.*]]: memref<64xi8>
// AVX2-SAME:     memref<80xi16>, %[[OUT:.*]]: memref<64xi8>
func.func private @network(%x: tensor<1x4x4x3xi8>) -> tensor<1x2x4x8xi8> {
  %w = "tosa.const"() <{values = dense<70> : tensor<5x3x3x3xi8>}> : () -> tensor<5x3x3x3xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<5xi32>}> : () -> tensor<5xi32>
  %v = "tosa.const"() <{values = dense<9> : tensor<8x1x1x5xi8>}> : () -> tensor<8x1x1x5xi8>
  %u = "tosa.const"() <{values = dense<9> : tensor<8x1x1x8xi8>}> : () -> tensor<8x1x1x8xi8>
  %c = "tosa.const"() <{values = dense<7> : tensor<8xi32>}> : () -> tensor<8xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x3xi8>, tensor<5x3x3x3xi8>, tensor<5xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x5xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "y"}
    : (tensor<1x4x4x5xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x4x4x5xi8>
  %start = tosa.const_shape {values = dense<[0, 2, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 2, 4, 5]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %2 = tosa.slice %1, %start, %size {narrow.id = "part"} : (tensor<1x4x4x5xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x2x4x5xi8>
  %3 = tosa.conv2d %2, %v, %c, %xz, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x4x5xi8>, tensor<8x1x1x5xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x4x8xi32>
  %4 = tosa.rescale %3, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "z"}
    : (tensor<1x2x4x8xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x2x4x8xi8>
  %5 = tosa.conv2d %4, %u, %c, %xz, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x4x8xi32>
  %6 = tosa.rescale %5, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "last"}
    : (tensor<1x2x4x8xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x2x4x8xi8>
  return %6 : tensor<1x2x4x8xi8>
}
