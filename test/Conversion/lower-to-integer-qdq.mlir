// RUN: narrow-opt %s --narrow-lower-to-integer=strict=true --narrow-verify-integer --narrow-verify-accumulators --narrow-verify-integer-only | FileCheck %s

// What a QDQ model brings: unsigned codes, weights with a zero point, a bias
// at a scale of its own, a ReLU between two quantizations of different scales.

!x = !quant.uniform<u8:f32, 0.5:128>
!y = !quant.uniform<u8:f32, 0.25:120>
!r = !quant.uniform<u8:f32, 0.125>
!w = !quant.uniform<u8:f32, 0.5:100>
!b = !quant.uniform<i32:f32, 0.5>

// CHECK-LABEL: func.func private @quantize_inputs(
// CHECK:       narrow.quantize %{{.*}} to tensor<1x2x2x1x!quant.uniform<i8:f32, 5.000000e-01>>

// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2x2x1xi8>
// CHECK-SAME:    -> (tensor<1x2x2x2xi8> {narrow.type = !quant.uniform<i8:f32, 1.250000e-01:-128>})
// The weights 0 and 255 less 100 do not fit 8 bits: they keep a zero point.
// CHECK-DAG:   %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}-128{{\]\]\]}}, {{\[\[\[}}127{{\]\]\]\]}}> : tensor<2x1x1x1xi8>}>
// CHECK-DAG:   %[[B:.*]] = "tosa.const"() <{values = dense<[8, -6]> : tensor<2xi32>}>
// CHECK-DAG:   %[[ZX:.*]] = "tosa.const"() <{values = dense<0> : tensor<1xi8>}>
// CHECK-DAG:   %[[ZW:.*]] = "tosa.const"() <{values = dense<-28> : tensor<1xi8>}>
// CHECK:       %[[A:.*]] = tosa.conv2d %[[X]], %[[W]], %[[B]], %[[ZX]], %[[ZW]]
// 0.5 * 0.5 / 0.25 = 1
// CHECK-DAG:   %[[ZY:.*]] = "tosa.const"() <{values = dense<-8> : tensor<1xi8>}>
// CHECK:       %[[Y:.*]] = tosa.rescale %[[A]], %{{.*}}, %{{.*}}, %{{.*}}, %[[ZY]] {{.*}} per_channel = false
// CHECK:       tosa.rescale %[[Y]]
// CHECK-SAME:    narrow.id = "relu"
// CHECK-SAME:    (tensor<1x2x2x2xi8>
// CHECK-NOT:   tosa.clamp
// CHECK:       return
func.func @main(%x: tensor<1x2x2x1xf32> {narrow.name = "x"}) -> (tensor<1x2x2x2xf32> {narrow.name = "y"}) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %wc = "tosa.const"() <{values = dense<[[[[0]]], [[[-1]]]]> : tensor<2x1x1x1xi8>}> : () -> tensor<2x1x1x1xi8>
  %wq = quant.scast %wc : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = narrow.dequantize %wq : tensor<2x1x1x1x!w> to tensor<2x1x1x1xf32>
  %bc = "tosa.const"() <{values = dense<[4, -3]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %bq = quant.scast %bc : tensor<2xi32> to tensor<2x!b>
  %b = narrow.dequantize %bq : tensor<2x!b> to tensor<2xf32>
  %q = narrow.quantize %x : tensor<1x2x2x1xf32> to tensor<1x2x2x1x!x>
  %d = narrow.dequantize %q : tensor<1x2x2x1x!x> to tensor<1x2x2x1xf32>
  %c = tosa.conv2d %d, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x2x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %cq = narrow.quantize %c : tensor<1x2x2x2xf32> to tensor<1x2x2x2x!y>
  %cd = narrow.dequantize %cq : tensor<1x2x2x2x!y> to tensor<1x2x2x2xf32>
  %r = tosa.clamp %cd {narrow.id = "relu", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %rq = narrow.quantize %r : tensor<1x2x2x2xf32> to tensor<1x2x2x2x!r>
  %rd = narrow.dequantize %rq : tensor<1x2x2x2x!r> to tensor<1x2x2x2xf32>
  return %rd : tensor<1x2x2x2xf32>
}
