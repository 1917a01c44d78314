// RUN: narrow-opt %s --narrow-verify-quantized --narrow-lower-to-integer --canonicalize --cse --narrow-verify-integer | FileCheck %s

// Signs are those of the i32 sums: -1 and 0 become codes -64 and 64, whatever the scale of the sum.
// CHECK-LABEL: func.func private @network
// CHECK: %[[SUM:.*]] = tosa.conv2d %arg0
// CHECK: %[[BELOW:.*]] = tosa.arithmetic_right_shift %[[SUM]], %{{.*}} {round = false} : (tensor<1x4x4x2xi32>, tensor<1x1x1x1xi32>)
// CHECK: %[[SIGNS:.*]] = tosa.rescale %[[BELOW]], {{.*}}narrow.id = "signs"
// CHECK: tosa.conv2d %[[SIGNS]]
// CHECK: %[[ADDED:.*]] = tosa.add
// CHECK: %[[BELOW2:.*]] = tosa.arithmetic_right_shift %[[ADDED]]
// CHECK: %[[SIGNS2:.*]] = tosa.rescale %[[BELOW2]], {{.*}}narrow.id = "signs2"
// CHECK: tosa.conv2d %[[SIGNS2]]
// CHECK: %[[CODES:.*]] = tosa.rescale {{.*}}narrow.id = "conv3"
// CHECK: tosa.table %[[CODES]], %{{.*}} {narrow.id = "signs3"}
!x = !quant.uniform<i8:f32, 0.05:3>
!s = !quant.uniform<i8<-127:127>:f32, 0.015625>
!w = !quant.uniform<i8<-1:1>:f32, 0.25>
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %wc = "tosa.const"() <{values = dense<[[[[1, -1]]], [[[1, 1]]]]> : tensor<2x1x1x2xi8>}> : () -> tensor<2x1x1x2xi8>
  %w0 = quant.scast %wc : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!w>
  %w = narrow.dequantize %w0 : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %bc = "tosa.const"() <{values = dense<[7, -3]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %b0 = quant.scast %bc : tensor<2xi32> to tensor<2x!quant.uniform<i32:f32:0, {0.0125, 0.0125}>>
  %b = narrow.dequantize %b0 : tensor<2x!quant.uniform<i32:f32:0, {0.0125, 0.0125}>> to tensor<2xf32>
  %b1 = quant.scast %bc : tensor<2xi32> to tensor<2x!quant.uniform<i32:f32:0, {0.00390625, 0.00390625}>>
  %b2 = narrow.dequantize %b1 : tensor<2x!quant.uniform<i32:f32:0, {0.00390625, 0.00390625}>> to tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!x>
  %d = narrow.dequantize %q : tensor<1x4x4x2x!x> to tensor<1x4x4x2xf32>
  // A convolution's sum.
  %c = tosa.conv2d %d, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %s = narrow.activation binarize %c {narrow.id = "signs"} : tensor<1x4x4x2xf32>
  %sq = narrow.quantize %s : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!s>
  %sd = narrow.dequantize %sq : tensor<1x4x4x2x!s> to tensor<1x4x4x2xf32>
  %c2 = tosa.conv2d %sd, %w, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv2"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %c2q = narrow.quantize %c2 {narrow.id = "conv2"} : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!x>
  %c2d = narrow.dequantize %c2q : tensor<1x4x4x2x!x> to tensor<1x4x4x2xf32>
  // An addition, which others read too.
  %a = tosa.add %c2d, %d {narrow.id = "add"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %t = narrow.activation binarize %a {narrow.id = "signs2"} : tensor<1x4x4x2xf32>
  %tq = narrow.quantize %t : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!s>
  %td = narrow.dequantize %tq : tensor<1x4x4x2x!s> to tensor<1x4x4x2xf32>
  %c3 = tosa.conv2d %td, %w, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv3"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %c3q = narrow.quantize %c3 {narrow.id = "conv3"} : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!x>
  %c3d = narrow.dequantize %c3q : tensor<1x4x4x2x!x> to tensor<1x4x4x2xf32>
  // Codes: a table.
  %u = narrow.activation binarize %c3d {narrow.id = "signs3"} : tensor<1x4x4x2xf32>
  %uq = narrow.quantize %u : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!s>
  %ud = narrow.dequantize %uq : tensor<1x4x4x2x!s> to tensor<1x4x4x2xf32>
  return %ud : tensor<1x4x4x2xf32>
}
