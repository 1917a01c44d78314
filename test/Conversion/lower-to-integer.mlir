// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer | FileCheck %s
// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --narrow-verify-integer \
// RUN:   --narrow-verify-accumulators --narrow-verify-integer-only -o %t
// RUN: narrow-opt %t --split-input-file --verify-roundtrip -o /dev/null

// A padded convolution with a ReLU, the layout of the source model around it.

!in = !quant.uniform<i8:f32, 0.5:3>
!out = !quant.uniform<i8:f32, 0.25:-128>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.125, 0.0625}>
!b = !quant.uniform<i32:f32:0, {0.0625, 0.03125}>

// CHECK-LABEL: func.func private @quantize_inputs(
// CHECK-SAME:    %[[X:.*]]: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xi8>
// CHECK-NEXT:  %[[Q:.*]] = narrow.quantize %[[X]] : tensor<1x1x4x4xf32> to tensor<1x1x4x4x!quant.uniform<i8:f32, 5.000000e-01:3>>
// CHECK-NEXT:  %[[S:.*]] = quant.scast %[[Q]]
// CHECK-NEXT:  return %[[S]]

// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:.*]]: tensor<1x1x4x4xi8> {narrow.type = !quant.uniform<i8:f32, 5.000000e-01:3>})
// CHECK-SAME:    -> (tensor<1x2x4x4xi8> {narrow.type = !quant.uniform<i8:f32, 2.500000e-01:-128>})
// CHECK:       %[[T:.*]] = tosa.transpose %[[X]] {narrow.id = "nhwc", perms = array<i32: 0, 2, 3, 1>} : (tensor<1x1x4x4xi8>) -> tensor<1x4x4x1xi8>
// CHECK:       %[[A:.*]] = tosa.conv2d %[[T]],
// CHECK-SAME:    acc_type = i32
// CHECK-SAME:    pad = array<i64: 1, 1, 1, 1>
// CHECK-SAME:    -> tensor<1x4x4x2xi32>
// 0.5 * 0.125 / 0.25 = 2^-2 and 0.5 * 0.0625 / 0.25 = 2^-3, with one shift (N25)
// CHECK-DAG:   %[[M:.*]] = "tosa.const"() <{values = dense<[1073741824, 536870912]> : tensor<2xi32>}>
// CHECK-DAG:   %[[SH:.*]] = "tosa.const"() <{values = dense<32> : tensor<2xi8>}>
// CHECK:       %[[R:.*]] = tosa.rescale %[[A]], %[[M]], %[[SH]],
// CHECK-SAME:    narrow.id = "relu"
// CHECK-SAME:    per_channel = true, rounding_mode = SINGLE_ROUND
// CHECK-NOT:   tosa.clamp
// CHECK:       %[[O:.*]] = tosa.transpose %[[R]] {perms = array<i32: 0, 3, 1, 2>}
// CHECK-NEXT:  return %[[O]]

// CHECK-LABEL: func.func private @dequantize_outputs(
// CHECK-NEXT:  quant.scast
// CHECK-NEXT:  narrow.dequantize
// CHECK-NEXT:  return

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    narrow.name = "x"
// CHECK-SAME:    narrow.name = "y"
// CHECK-NEXT:  %[[E:.*]] = call @quantize_inputs(
// CHECK-NEXT:  %[[N:.*]] = call @network(%[[E]])
// CHECK-NEXT:  %[[D:.*]] = call @dequantize_outputs(%[[N]])
// CHECK-NEXT:  return %[[D]]
func.func @main(%x: tensor<1x1x4x4xf32> {narrow.name = "x"}) -> (tensor<1x2x4x4xf32> {narrow.name = "y"}) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %wc = "tosa.const"() <{values = dense<[[[[1], [-2], [3]], [[4], [5], [-6]], [[7], [8], [9]]], [[[-1], [2], [-3]], [[-4], [-5], [6]], [[-7], [-8], [127]]]]> : tensor<2x3x3x1xi8>}> : () -> tensor<2x3x3x1xi8>
  %wq = quant.scast %wc : tensor<2x3x3x1xi8> to tensor<2x3x3x1x!w>
  %w = narrow.dequantize %wq : tensor<2x3x3x1x!w> to tensor<2x3x3x1xf32>
  %bc = "tosa.const"() <{values = dense<[10, -20]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %bq = quant.scast %bc : tensor<2xi32> to tensor<2x!b>
  %b = narrow.dequantize %bq : tensor<2x!b> to tensor<2xf32>
  %t = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x1x4x4xf32>) -> tensor<1x4x4x1xf32>
  %q = narrow.quantize %t {narrow.id = "nhwc"} : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!in>
  %d = narrow.dequantize %q : tensor<1x4x4x1x!in> to tensor<1x4x4x1xf32>
  %c = tosa.conv2d %d, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %r = tosa.clamp %c {narrow.id = "relu", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %rq = narrow.quantize %r : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!out>
  %rd = narrow.dequantize %rq : tensor<1x4x4x2x!out> to tensor<1x4x4x2xf32>
  %y = tosa.transpose %rd {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}
