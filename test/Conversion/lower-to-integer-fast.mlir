// RUN: narrow-opt %s --narrow-lower-to-integer=requantize=fast --narrow-verify-integer --narrow-verify-accumulators --narrow-verify-integer-only | FileCheck %s
// RUN: narrow-opt %s --narrow-lower-to-integer=requantize=fast --tosa-attach-target="profiles=pro_int" --tosa-validate=strict-op-spec-alignment -o /dev/null
// RUN: not narrow-opt %s --narrow-lower-to-integer=requantize=best 2>&1 | FileCheck %s --check-prefix=WRONG

// WRONG: error: requantize must be 'exact' or 'fast', got 'best'

// Rule N26: the accumulator becomes a code by three rescales, in 16 bits from the first on.

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.0078125, 0.0009765625}>
!y = !quant.uniform<i8:f32, 0.25:-128>

// CHECK-LABEL: func.func private @network(
// CHECK:       %[[A:.*]] = tosa.conv2d
// 0.5 * 2^-7 / 0.25 = 2^-6, which is 2^14 * 2^-15 * 2^-5 * 2^0 with f = 5; the other is 2^-9
// CHECK-DAG:   %[[UNIT:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<2xi32>}>
// CHECK-DAG:   %[[DOWN:.*]] = "tosa.const"() <{values = dense<[30, 33]> : tensor<2xi8>}>
// CHECK:       %[[X:.*]] = tosa.rescale %[[A]], {{.*}}, %[[DOWN]],
// CHECK-SAME:    scale32 = true
// CHECK-SAME:    -> tensor<1x4x4x2xi16>
// CHECK:       %[[W:.*]] = tosa.rescale %[[X]],
// CHECK-SAME:    scale32 = false
// CHECK-SAME:    -> tensor<1x4x4x2xi16>
// CHECK:       tosa.rescale %[[W]],
// CHECK-SAME:    narrow.id = "conv"
// CHECK-SAME:    scale32 = false
// CHECK-SAME:    -> tensor<1x4x4x2xi8>
func.func @main(%x: tensor<1x4x4x1xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() {values = dense<[[[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]], [[[9], [8], [7]], [[6], [5], [4]], [[3], [2], [1]]]]> : tensor<2x3x3x1xi8>} : () -> tensor<2x3x3x1xi8>
  %b = "tosa.const"() {values = dense<[0.1, -0.2]> : tensor<2xf32>} : () -> tensor<2xf32>
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %xq = narrow.quantize %x {narrow.id = "x"} : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!x>
  %xd = narrow.dequantize %xq : tensor<1x4x4x1x!x> to tensor<1x4x4x1xf32>
  %ws = quant.scast %w : tensor<2x3x3x1xi8> to tensor<2x3x3x1x!w>
  %wd = narrow.dequantize %ws : tensor<2x3x3x1x!w> to tensor<2x3x3x1xf32>
  %c = tosa.conv2d %xd, %wd, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} : (tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %y = narrow.quantize %c {narrow.id = "conv"} : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!y>
  %r = narrow.dequantize %y : tensor<1x4x4x2x!y> to tensor<1x4x4x2xf32>
  return %r : tensor<1x4x4x2xf32>
}
