// RUN: narrow-opt %s --narrow-lower-to-integer=strict=true --canonicalize --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-lower-to-integer="strict=true requantize=fast" --canonicalize --split-input-file | FileCheck %s

// Codes at the scale of the sum are not multiplied (N19, k = 0): each rescale has the factor
// 2^10 * 2^-10 or 2^30 * 2^-30 and only moves the zero point.
// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[M:.*]] = "tosa.const"() <{values = dense<1024> : tensor<1xi32>}>
// CHECK-DAG:   %[[S:.*]] = "tosa.const"() <{values = dense<10> : tensor<1xi8>}>
// CHECK-DAG:   %[[M30:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}>
// CHECK-DAG:   %[[S30:.*]] = "tosa.const"() <{values = dense<30> : tensor<1xi8>}>
// CHECK:       %[[X:.*]] = tosa.rescale %arg0, %[[M]], %[[S]],
// CHECK:       %[[Y:.*]] = tosa.rescale %arg1, %[[M]], %[[S]],
// CHECK:       %[[SUM:.*]] = tosa.add %[[X]], %[[Y]]
// CHECK:       tosa.rescale %[[SUM]], %[[M30]], %[[S30]],
// CHECK-SAME:    rounding_mode = SINGLE_ROUND
// CHECK-SAME:    -> tensor<1x4x4x2xi8>
!q = !quant.uniform<i8:f32, 0.05:-10>
!t = tensor<1x4x4x2xf32>
func.func @main(%x: !t {narrow.name = "x"}, %y: !t {narrow.name = "y"}) -> (!t {narrow.name = "sum"}) {
  %0 = narrow.quantize %x : !t to tensor<1x4x4x2x!q>
  %1 = narrow.dequantize %0 : tensor<1x4x4x2x!q> to !t
  %2 = narrow.quantize %y : !t to tensor<1x4x4x2x!q>
  %3 = narrow.dequantize %2 : tensor<1x4x4x2x!q> to !t
  %4 = tosa.add %1, %3 {narrow.id = "sum"} : (!t, !t) -> !t
  %5 = narrow.quantize %4 {narrow.id = "sum"} : !t to tensor<1x4x4x2x!q>
  %6 = narrow.dequantize %5 : tensor<1x4x4x2x!q> to !t
  return %6 : !t
}

// -----

// An accumulator is rescaled to the scale of the sum, which rounds it once. Codes of another
// scale are multiplied as before: their product has 16 more bits.
// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[M:.*]] = "tosa.const"() <{values = dense<1024> : tensor<1xi32>}>
// CHECK-DAG:   %[[HALF:.*]] = "tosa.const"() <{values = dense<33554432> : tensor<1xi32>}>
// CHECK-DAG:   %[[ONE:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}>
// CHECK:       tosa.conv2d
// CHECK:       %[[X:.*]] = tosa.rescale %arg0, %[[M]],
// CHECK:       %[[SUM:.*]] = tosa.add %[[X]],
// CHECK:       tosa.rescale %[[SUM]], %[[ONE]],
// CHECK-SAME:    narrow.id = "sum"
// CHECK:       tosa.rescale %{{[^,]*}}, %[[HALF]],
!q = !quant.uniform<i8:f32, 0.05:-10>
!h = !quant.uniform<i8:f32, 0.025:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.01>
!t = tensor<1x4x4x2xf32>
func.func @main(%x: !t {narrow.name = "x"}, %y: !t {narrow.name = "y"}) -> (!t {narrow.name = "sum"}) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.1]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %c = "tosa.const"() <{values = dense<7> : tensor<2x1x1x2xi8>}> : () -> tensor<2x1x1x2xi8>
  %q = quant.scast %c : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!w>
  %w = narrow.dequantize %q : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %0 = narrow.quantize %x : !t to tensor<1x4x4x2x!q>
  %1 = narrow.dequantize %0 : tensor<1x4x4x2x!q> to !t
  %2 = narrow.quantize %y : !t to tensor<1x4x4x2x!h>
  %3 = narrow.dequantize %2 : tensor<1x4x4x2x!h> to !t
  %conv = tosa.conv2d %1, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (!t, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> !t
  %4 = tosa.add %1, %conv {narrow.id = "sum"} : (!t, !t) -> !t
  %5 = narrow.quantize %4 {narrow.id = "sum"} : !t to tensor<1x4x4x2x!q>
  %6 = narrow.dequantize %5 : tensor<1x4x4x2x!q> to !t
  %7 = tosa.add %6, %3 {narrow.id = "next"} : (!t, !t) -> !t
  %8 = narrow.quantize %7 {narrow.id = "next"} : !t to tensor<1x4x4x2x!q>
  %9 = narrow.dequantize %8 : tensor<1x4x4x2x!q> to !t
  return %9 : !t
}
