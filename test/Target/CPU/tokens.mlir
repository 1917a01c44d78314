// RUN: narrow-opt %s --narrow-form-kernels | FileCheck %s --check-prefix=KERNELS
// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels --canonicalize --cse | FileCheck %s
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels -o /dev/null

// A kernel for the maxima, one for the codes of tokens, one for the products, which takes the maxima too.
// KERNELS-LABEL: func.func private @network
// KERNELS: narrow.kernel @k0_token_maxima (%{{.*}} = %{{.*}} : tensor<1x4x1x35xi16>) -> tensor<1x4x1x1xi32>
// KERNELS: narrow.kernel @k1_quantize_tokens ({{.*}}) -> tensor<1x4x1x35xi8>
// KERNELS: narrow.kernel @k2_y ({{.*}}) -> tensor<1x4x1x16xi8>
// KERNELS-NEXT: tosa.const

// 35 features: two vectors of 16 in a loop, one of 2, one of 1; each ends in one number.
// CHECK-LABEL: func.func private @k0_token_maxima(
// CHECK:         scf.for
// CHECK:           vector.load %{{.*}} : memref<140xi16>, vector<16xi16>
// CHECK:           math.absi %{{.*}} : vector<16xi32>
// CHECK:           arith.maxsi %{{.*}} : vector<16xi32>
// CHECK:         vector.reduction <maxsi>, %{{.*}} : vector<16xi32> into i32
// CHECK:         vector.load %{{.*}} : memref<140xi16>, vector<2xi16>
// CHECK:         vector.load %{{.*}} : memref<140xi16>, vector<1xi16>
// CHECK:         return

// One division of numbers, products of 32 bits.
// CHECK-LABEL: func.func private @k1_quantize_tokens(
// CHECK-NOT:     xi64
// CHECK:         %[[L:.*]] = arith.constant dense<2130706432> : vector<1xi32>
// CHECK-NOT:     xi64
// CHECK:         arith.divsi %[[L]], %{{.*}} : vector<1xi32>
// CHECK:         arith.muli %{{.*}} : vector<16xi32>
// CHECK:         arith.shrsi %{{.*}} : vector<16xi32>

// Sums times the maximum, in 64 bits.
// CHECK-LABEL: func.func private @k2_y(
// CHECK:         arith.shrui %{{.*}} : vector<8xi64>
// CHECK:         return
func.func private @quantize_inputs(%x: tensor<1x4x1x35xi16>) -> tensor<1x4x1x35xi16> {
  return %x : tensor<1x4x1x35xi16>
}
func.func private @network(%x: tensor<1x4x1x35xi16>) -> tensor<1x4x1x16xi8> {
  %w = "tosa.const"() <{values = dense<3> : tensor<16x1x1x35xi8>}> : () -> tensor<16x1x1x35xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<16xi32>}> : () -> tensor<16xi32>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %mp = "tosa.const"() <{values = dense<1431655765> : tensor<1xi32>}> : () -> tensor<1xi32>
  %sh = "tosa.const"() <{values = dense<50> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = narrow.token_maxima %x : tensor<1x4x1x35xi16> -> tensor<1x4x1x1xi32>
  %q = narrow.quantize_tokens %x, %m to 127 : (tensor<1x4x1x35xi16>, tensor<1x4x1x1xi32>) -> tensor<1x4x1x35xi8>
  %s = tosa.conv2d %q, %w, %b, %z8, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x1x35xi8>, tensor<16x1x1x35xi8>, tensor<16xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x1x16xi32>
  %p = narrow.rescale_tokens %s, %m shift 5 : (tensor<1x4x1x16xi32>, tensor<1x4x1x1xi32>) -> tensor<1x4x1x16xi32>
  %y = tosa.rescale %p, %mp, %sh, %z32, %z8 {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true, narrow.id = "y"}
    : (tensor<1x4x1x16xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x4x1x16xi8>
  return %y : tensor<1x4x1x16xi8>
}
