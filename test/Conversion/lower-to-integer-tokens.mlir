// RUN: split-file %s %t
// RUN: narrow-opt %t/layers.mlir --narrow-verify-quantized --narrow-integer-pipeline=strict | FileCheck %s
// RUN: narrow-opt %t/layers.mlir --narrow-integer-pipeline --tosa-attach-target="profiles=pro_int extensions=int4,int16,doubleround,inexactround" \
// RUN:   --tosa-validate=strict-op-spec-alignment -o /dev/null
// RUN: not narrow-opt %t/windows.mlir --narrow-lower-to-integer 2>&1 | FileCheck %s --check-prefix=WINDOWS
// RUN: not narrow-opt %t/table.mlir --narrow-lower-to-integer=strict=true 2>&1 | FileCheck %s --check-prefix=TABLE
// RUN: not narrow-opt %t/few.mlir --narrow-lower-to-integer 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: narrow-opt %t/limit.mlir --narrow-integer-pipeline=strict | FileCheck %s --check-prefix=LIMIT

// Two layers, the first with a ReLU, and a shortcut. The network takes 16-bit codes. Sums times the maximum of their
// token have one scale; then the bias is added. In units of 0.25 * 0.5 * 2^shift / 127 the biases are 4 * 127 and
// 2 * 127: the largest sum, 127 * 14, times 2^15 needs a shift of 0 to fit 2^29.
// CHECK-LABEL: func.func private @quantize_inputs(
// CHECK:         narrow.quantize %{{.*}} {narrow.id = "x"} : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!quant.uniform<i16:f32, 2.500000e-01>>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2x1x2xi16> {narrow.type = !quant.uniform<i16:f32, 2.500000e-01>}
// CHECK-DAG:     %[[B:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}508, 254]]]]> : tensor<1x1x1x2xi32>}>
// CHECK-DAG:     %[[NONE:.*]] = "tosa.const"() <{values = dense<0> : tensor<2xi32>}>
// CHECK:         %[[M:.*]] = narrow.token_maxima %[[X]] : tensor<1x2x1x2xi16> -> tensor<1x2x1x1xi32>
// CHECK-NEXT:    %[[T:.*]] = narrow.quantize_tokens %[[X]], %[[M]] to 127
// CHECK-NEXT:    %[[S:.*]] = tosa.conv2d %[[T]], %{{[^,]*}}, %[[NONE]], {{.*}}narrow.accumulator_bits = 11 : i32
// CHECK-NEXT:    %[[P:.*]] = narrow.rescale_tokens %[[S]], %[[M]] shift 0
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[P]], %[[B]]
// CHECK:         %[[R:.*]] = tosa.rescale %[[A]], {{.*}} -> tensor<1x2x1x2xi16>
// CHECK-NEXT:    %[[C:.*]] = tosa.clamp %[[R]] {max_val = 32767 : i16, min_val = 0 : i16, narrow.id = "relu"}
// CHECK-NEXT:    %[[M2:.*]] = narrow.token_maxima %[[C]]
// CHECK-NEXT:    %[[T2:.*]] = narrow.quantize_tokens %[[C]], %[[M2]] to 7
// CHECK-NEXT:    %[[S2:.*]] = tosa.conv2d %[[T2]],
// CHECK-NEXT:    %[[P2:.*]] = narrow.rescale_tokens %[[S2]], %[[M2]]
// CHECK:         %[[LHS:.*]] = tosa.rescale
// The addition reads the 16-bit codes.
// CHECK:         %[[RHS:.*]] = tosa.rescale %[[C]], {{.*}}scale32 = true} : (tensor<1x2x1x2xi16>, {{.*}}) -> tensor<1x2x1x2xi32>
// CHECK-NEXT:    %[[SUM:.*]] = tosa.add %[[LHS]], %[[RHS]]
// CHECK:         tosa.rescale %[[SUM]], {{.*}} -> tensor<1x2x1x2xi8>

// Sums of up to 2^25 at 0.25 * 0.5 / 127 have far more steps of 1e-6 than 16 bits: they are limited to where codes
// saturate, the factor being 984.25, a shift of 21.
// LIMIT-DAG: %[[LO:.*]] = "tosa.const"() <{values = dense<-1048575> : tensor<1x1x1x1xi32>}>
// LIMIT-DAG: %[[HI:.*]] = "tosa.const"() <{values = dense<1048575> : tensor<1x1x1x1xi32>}>
// LIMIT:     %[[A:.*]] = tosa.minimum %{{.*}}, %[[HI]]
// LIMIT:     %[[B:.*]] = tosa.maximum %[[A]], %[[LO]]
// LIMIT:     tosa.rescale %[[B]]

// WINDOWS: error: 'conv': a scale for each token needs a contraction over the last axis alone, without windows, strides, padding and groups
// TABLE: error: 'sigmoid' (tosa.sigmoid) stays float: it is no function of one tensor of 8-bit codes with 8-bit results
// FEW: error: 'fc': a scale for each token needs an input of 16-bit codes with zero point 0

//--- layers.mlir
!x = !quant.uniform<i16:f32, 0.25>
!w = !quant.uniform<i8<-7:7>:f32:0, {0.5, 0.5}>
!b = !quant.uniform<i32:f32:0, {0.125, 0.125}>
func.func @main(%x: tensor<1x2x1x2xf32> {narrow.name = "x"}) -> (tensor<1x2x1x2xf32> {narrow.name = "y"}) {
  %wc = "tosa.const"() <{values = dense<[[[[1, -2]]], [[[7, -7]]]]> : tensor<2x1x1x2xi8>}> : () -> tensor<2x1x1x2xi8>
  %bc = "tosa.const"() <{values = dense<[4, 2]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ws = quant.scast %wc : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!w>
  %w = narrow.dequantize %ws : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %bs = quant.scast %bc : tensor<2xi32> to tensor<2x!b>
  %b = narrow.dequantize %bs : tensor<2x!b> to tensor<2xf32>
  %0 = narrow.quantize %x {narrow.id = "x"} : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!x>
  %1 = narrow.dequantize %0 : tensor<1x2x1x2x!x> to tensor<1x2x1x2xf32>
  %2 = narrow.round_tokens %1 to 127 : tensor<1x2x1x2xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc1"}
    : (tensor<1x2x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x2xf32>
  %4 = tosa.clamp %3 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x2x1x2xf32>) -> tensor<1x2x1x2xf32>
  %5 = narrow.quantize %4 {narrow.id = "relu"} : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!x>
  %6 = narrow.dequantize %5 : tensor<1x2x1x2x!x> to tensor<1x2x1x2xf32>
  %7 = narrow.round_tokens %6 to 7 : tensor<1x2x1x2xf32>
  %8 = tosa.conv2d %7, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc2"}
    : (tensor<1x2x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x2xf32>
  %9 = tosa.add %8, %6 {narrow.id = "add"} : (tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) -> tensor<1x2x1x2xf32>
  %10 = narrow.quantize %9 {narrow.id = "add"} : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!quant.uniform<i8:f32, 4.0>>
  %11 = narrow.dequantize %10 : tensor<1x2x1x2x!quant.uniform<i8:f32, 4.0>> to tensor<1x2x1x2xf32>
  return %11 : tensor<1x2x1x2xf32>
}

//--- windows.mlir
!x = !quant.uniform<i16:f32, 0.25>
!w = !quant.uniform<i8<-7:7>:f32, 0.5>
!b = !quant.uniform<i32:f32, 0.125>
!y = !quant.uniform<i8:f32, 4.0>
func.func @main(%x: tensor<1x3x3x1xf32>) -> tensor<1x1x1x1xf32> {
  %wc = "tosa.const"() <{values = dense<3> : tensor<1x3x3x1xi8>}> : () -> tensor<1x3x3x1xi8>
  %bc = "tosa.const"() <{values = dense<4> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ws = quant.scast %wc : tensor<1x3x3x1xi8> to tensor<1x3x3x1x!w>
  %w = narrow.dequantize %ws : tensor<1x3x3x1x!w> to tensor<1x3x3x1xf32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %0 = narrow.quantize %x : tensor<1x3x3x1xf32> to tensor<1x3x3x1x!x>
  %1 = narrow.dequantize %0 : tensor<1x3x3x1x!x> to tensor<1x3x3x1xf32>
  %2 = narrow.round_tokens %1 to 127 : tensor<1x3x3x1xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x3x3x1xf32>, tensor<1x3x3x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %4 = narrow.quantize %3 : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!y>
  %5 = narrow.dequantize %4 : tensor<1x1x1x1x!y> to tensor<1x1x1x1xf32>
  return %5 : tensor<1x1x1x1xf32>
}

//--- table.mlir
!x = !quant.uniform<i8:f32, 0.25>
!t = !quant.uniform<i16:f32, 0.25>
!w = !quant.uniform<i8<-7:7>:f32, 0.5>
!b = !quant.uniform<i32:f32, 0.125>
!y = !quant.uniform<i8:f32, 4.0>
func.func @main(%x: tensor<1x2x1x2xf32>) -> tensor<1x2x1x1xf32> {
  %wc = "tosa.const"() <{values = dense<3> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %bc = "tosa.const"() <{values = dense<4> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ws = quant.scast %wc : tensor<1x1x1x2xi8> to tensor<1x1x1x2x!w>
  %w = narrow.dequantize %ws : tensor<1x1x1x2x!w> to tensor<1x1x1x2xf32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %0 = narrow.quantize %x : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!x>
  %1 = narrow.dequantize %0 : tensor<1x2x1x2x!x> to tensor<1x2x1x2xf32>
  %s = tosa.sigmoid %1 {narrow.id = "sigmoid"} : (tensor<1x2x1x2xf32>) -> tensor<1x2x1x2xf32>
  %t = narrow.quantize %s : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!t>
  %u = narrow.dequantize %t : tensor<1x2x1x2x!t> to tensor<1x2x1x2xf32>
  %2 = narrow.round_tokens %u to 127 : tensor<1x2x1x2xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc"}
    : (tensor<1x2x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %4 = narrow.quantize %3 : tensor<1x2x1x1xf32> to tensor<1x2x1x1x!y>
  %5 = narrow.dequantize %4 : tensor<1x2x1x1x!y> to tensor<1x2x1x1xf32>
  return %5 : tensor<1x2x1x1xf32>
}

//--- few.mlir
!x = !quant.uniform<i8:f32, 0.25>
!w = !quant.uniform<i8<-7:7>:f32, 0.5>
!b = !quant.uniform<i32:f32, 0.125>
!y = !quant.uniform<i8:f32, 4.0>
func.func @main(%x: tensor<1x2x1x2xf32>) -> tensor<1x2x1x1xf32> {
  %wc = "tosa.const"() <{values = dense<3> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %bc = "tosa.const"() <{values = dense<4> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ws = quant.scast %wc : tensor<1x1x1x2xi8> to tensor<1x1x1x2x!w>
  %w = narrow.dequantize %ws : tensor<1x1x1x2x!w> to tensor<1x1x1x2xf32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %0 = narrow.quantize %x : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!x>
  %1 = narrow.dequantize %0 : tensor<1x2x1x2x!x> to tensor<1x2x1x2xf32>
  %2 = narrow.round_tokens %1 to 127 : tensor<1x2x1x2xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc"}
    : (tensor<1x2x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %4 = narrow.quantize %3 : tensor<1x2x1x1xf32> to tensor<1x2x1x1x!y>
  %5 = narrow.dequantize %4 : tensor<1x2x1x1x!y> to tensor<1x2x1x1xf32>
  return %5 : tensor<1x2x1x1xf32>
}

//--- limit.mlir
!x = !quant.uniform<i16:f32, 0.25>
!w = !quant.uniform<i8<-7:7>:f32, 0.5>
!b = !quant.uniform<i32:f32, 0.125>
!y = !quant.uniform<i16:f32, 1.0e-6>
func.func @main(%x: tensor<1x2x1x2xf32>) -> tensor<1x2x1x1xf32> {
  %wc = "tosa.const"() <{values = dense<3> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %bc = "tosa.const"() <{values = dense<4> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ws = quant.scast %wc : tensor<1x1x1x2xi8> to tensor<1x1x1x2x!w>
  %w = narrow.dequantize %ws : tensor<1x1x1x2x!w> to tensor<1x1x1x2xf32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %0 = narrow.quantize %x : tensor<1x2x1x2xf32> to tensor<1x2x1x2x!x>
  %1 = narrow.dequantize %0 : tensor<1x2x1x2x!x> to tensor<1x2x1x2xf32>
  %2 = narrow.round_tokens %1 to 127 : tensor<1x2x1x2xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc"}
    : (tensor<1x2x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %4 = narrow.quantize %3 : tensor<1x2x1x1xf32> to tensor<1x2x1x1x!y>
  %5 = narrow.dequantize %4 : tensor<1x2x1x1x!y> to tensor<1x2x1x1xf32>
  return %5 : tensor<1x2x1x1xf32>
}
