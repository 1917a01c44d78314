// RUN: narrow-opt %s --narrow-lower-to-integer --narrow-verify-integer --narrow-verify-accumulators --narrow-verify-integer-only | FileCheck %s

// Rules N11 and N25: factors 2 and 2^-25 would share the shift 29. The bias of the second channel,
// 4 / 2^-27 = 2^29, is no less than 2^28: each channel has its own shift. With a bias of 1 they share it.

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {1.0, 1.490116119384765625e-08}>
!y = !quant.uniform<i8:f32, 0.25:-128>

// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[UNIT:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<2xi32>}>
// CHECK-DAG:   %[[OWN:.*]] = "tosa.const"() <{values = dense<[29, 55]> : tensor<2xi8>}>
// CHECK:       tosa.rescale %{{.*}}, %[[UNIT]], %[[OWN]], {{.*}}narrow.id = "large"
// CHECK-DAG:   %[[LOW:.*]] = "tosa.const"() <{values = dense<[1073741824, 16]> : tensor<2xi32>}>
// CHECK-DAG:   %[[SHARED:.*]] = "tosa.const"() <{values = dense<29> : tensor<2xi8>}>
// CHECK:       tosa.rescale %{{.*}}, %[[LOW]], %[[SHARED]], {{.*}}narrow.id = "small"
func.func @main(%x: tensor<1x1x1x1xf32> {narrow.name = "x"}) -> (tensor<1x1x1x2xf32> {narrow.name = "y"}, tensor<1x1x1x2xf32> {narrow.name = "z"}) {
  %w = "tosa.const"() {values = dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xi8>} : () -> tensor<2x1x1x1xi8>
  %large = "tosa.const"() {values = dense<[0.0, 4.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %small = "tosa.const"() {values = dense<[0.0, 1.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %xq = narrow.quantize %x {narrow.id = "x"} : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!x>
  %xd = narrow.dequantize %xq : tensor<1x1x1x1x!x> to tensor<1x1x1x1xf32>
  %ws = quant.scast %w : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %wd = narrow.dequantize %ws : tensor<2x1x1x1x!w> to tensor<2x1x1x1xf32>
  %c = tosa.conv2d %xd, %wd, %large, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x1x1x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %cq = narrow.quantize %c {narrow.id = "large"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!y>
  %y = narrow.dequantize %cq : tensor<1x1x1x2x!y> to tensor<1x1x1x2xf32>
  %d = tosa.conv2d %xd, %wd, %small, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x1x1x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %dq = narrow.quantize %d {narrow.id = "small"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!y>
  %z = narrow.dequantize %dq : tensor<1x1x1x2x!y> to tensor<1x1x1x2xf32>
  return %y, %z : tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>
}
