// RUN: narrow-opt %s --narrow-verify-quantized --split-input-file --verify-diagnostics

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>
!b = !quant.uniform<i32:f32:0, {0.25, 0.125}>
func.func @good(%xq: tensor<1x1x1x2x!x>, %wq: tensor<2x1x1x2x!w>, %bq: tensor<2x!b>) -> tensor<1x1x1x2x!x> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %x = narrow.dequantize %xq : tensor<1x1x1x2x!x> to tensor<1x1x1x2xf32>
  %w = narrow.dequantize %wq : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %b = narrow.dequantize %bq : tensor<2x!b> to tensor<2xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %1 = narrow.quantize %0 {narrow.id = "y"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!x>
  return %1 : tensor<1x1x1x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>
!b = !quant.uniform<i32:f32:0, {0.25, 0.25}>
func.func @bias_scale(%xq: tensor<1x1x1x2x!x>, %wq: tensor<2x1x1x2x!w>, %bq: tensor<2x!b>) -> tensor<1x1x1x2x!x> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %x = narrow.dequantize %xq : tensor<1x1x1x2x!x> to tensor<1x1x1x2xf32>
  %w = narrow.dequantize %wq : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %b = narrow.dequantize %bq : tensor<2x!b> to tensor<2xf32>
  // expected-error@+1 {{violates the quantized stage: the scale of its bias is 2.500000E-01 in channel 1, not scale_x * scale_w = 1.250000E-01}}
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %1 = narrow.quantize %0 {narrow.id = "y"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!x>
  return %1 : tensor<1x1x1x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>
func.func @float_bias(%xq: tensor<1x1x1x2x!x>, %wq: tensor<2x1x1x2x!w>) -> tensor<1x1x1x2x!x> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %x = narrow.dequantize %xq : tensor<1x1x1x2x!x> to tensor<1x1x1x2xf32>
  %w = narrow.dequantize %wq : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  // expected-error@+1 {{violates the quantized stage: its bias is not dequantized from i32 codes, and the op has no 'narrow.float_reason'}}
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %1 = narrow.quantize %0 {narrow.id = "y"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!x>
  return %1 : tensor<1x1x1x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @float(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4x!x>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) {
  // expected-error@+1 {{operand 0 is not quantized, and the op has no 'narrow.float_reason'}}
  %0 = tosa.sigmoid %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // expected-error@+1 {{narrow.softmax has no integer form, and it has no 'narrow.float_reason'}}
  %1 = narrow.softmax %x axis 1 : tensor<1x4xf32>
  %2 = tosa.tanh %x {narrow.float_reason = "fine"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %q = narrow.quantize %2 {narrow.id = "y"} : tensor<1x4xf32> to tensor<1x4x!x>
  %d = narrow.dequantize %q : tensor<1x4x!x> to tensor<1x4xf32>
  // expected-error@+1 {{its result is not quantized, and the op has no 'narrow.float_reason'}}
  %3 = tosa.exp %d : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %1, %q, %3, %0, %0 : tensor<1x4xf32>, tensor<1x4x!x>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25:3>
func.func @concat(%xq: tensor<1x4x!x>, %yq: tensor<1x4x!y>) -> tensor<1x8x!x> {
  %x = narrow.dequantize %xq : tensor<1x4x!x> to tensor<1x4xf32>
  %y = narrow.dequantize %yq : tensor<1x4x!y> to tensor<1x4xf32>
  // expected-error@+1 {{operand 1 has the type !quant.uniform<i8:f32, 2.500000e-01:3>, the result !quant.uniform<i8:f32, 5.000000e-01:3>}}
  %0 = tosa.concat %x, %y {axis = 1 : i32} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %1 = narrow.quantize %0 {narrow.id = "y"} : tensor<1x8xf32> to tensor<1x8x!x>
  return %1 : tensor<1x8x!x>
}

// -----

// Means of codes are no codes: a quantization has to make them such.
!x = !quant.uniform<i8:f32, 0.5:3>
func.func @mean(%xq: tensor<1x4x4x1x!x>) -> tensor<1x2x2x1x!x> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %x = narrow.dequantize %xq : tensor<1x4x4x1x!x> to tensor<1x4x4x1xf32>
  %m = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  // expected-error@+1 {{violates the quantized stage: operand 0 is not quantized, and the op has no 'narrow.float_reason'}}
  %t = tosa.tanh %m : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %q = narrow.quantize %t {narrow.id = "y"} : tensor<1x2x2x1xf32> to tensor<1x2x2x1x!x>
  return %q : tensor<1x2x2x1x!x>
}

// -----

// expected-error@+1 {{this looks like the observed stage, not the quantized stage; run --narrow-annotated-pipeline=table=<file> --narrow-quantized-pipeline first}}
module {
  func.func @observed(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
    %0 = narrow.observe %x "left" : tensor<1x4xf32>
    return %0 : tensor<1x4xf32>
  }
}
