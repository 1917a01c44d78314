// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --verify-diagnostics

// expected-error @below {{expected a function @main}}
module {}

// -----

// expected-error @below {{this looks like the imported stage, not the quantized stage; run --narrow-float-pipeline --narrow-observed-pipeline --narrow-annotated-pipeline=table=<file> --narrow-quantized-pipeline first}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// A model that came quantized has another way.
// expected-error @below {{this looks like the imported stage, not the quantized stage; run --narrow-float-pipeline=quantized first}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 1.0>> {
    %0 = narrow.quantize %x : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 1.0>>
    return %0 : tensor<4x!quant.uniform<i8:f32, 1.0>>
  }
}

// -----

// expected-error @below {{symbol @quantize_inputs is in the way}}
func.func private @quantize_inputs()
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  %0 = tosa.reverse %x {axis = 0 : i32, narrow.id = "y"} : (tensor<1xf32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}

// -----

// expected-error @below {{this looks like the observed stage, not the quantized stage; run --narrow-annotated-pipeline=table=<file> --narrow-quantized-pipeline first}}
module {
  func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
    %0 = narrow.observe %x "x" : tensor<1xf32>
    return %0 : tensor<1xf32>
  }
}

// -----

!a = !quant.uniform<i8:f32, 1.0e+10>
!b = !quant.uniform<i8:f32, 1.0>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = narrow.quantize %x : tensor<4xf32> to tensor<4x!a>
  %d = narrow.dequantize %q : tensor<4x!a> to tensor<4xf32>
  // expected-error @below {{'r': the factor 1.0E+10 between its operand's scale and its result's has no multiplier and shift}}
  %r = tosa.reverse %d {axis = 0 : i32, narrow.id = "r"} : (tensor<4xf32>) -> tensor<4xf32>
  %rq = narrow.quantize %r : tensor<4xf32> to tensor<4x!b>
  %rd = narrow.dequantize %rq : tensor<4x!b> to tensor<4xf32>
  return %rd : tensor<4xf32>
}

// -----

!a = !quant.uniform<i8:f32, 1.0e+8>
!b = !quant.uniform<i8:f32, 1.0>
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %q = narrow.quantize %x : tensor<4xf32> to tensor<4x!a>
  %d = narrow.dequantize %q : tensor<4x!a> to tensor<4xf32>
  %p = narrow.quantize %y : tensor<4xf32> to tensor<4x!b>
  %e = narrow.dequantize %p : tensor<4x!b> to tensor<4xf32>
  // expected-error @below {{'sum': its operands can exceed 2^30 steps of its result's scale}}
  %r = tosa.add %d, %e {narrow.id = "sum"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %rq = narrow.quantize %r : tensor<4xf32> to tensor<4x!b>
  %rd = narrow.dequantize %rq : tensor<4x!b> to tensor<4xf32>
  return %rd : tensor<4xf32>
}

// -----

!a = !quant.uniform<i8:f32, 0.5>
func.func @main(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b = "tosa.const"() <{values = dense<0x7F800000> : tensor<1xf32>}> : () -> tensor<1xf32>
  %wc = "tosa.const"() <{values = dense<1> : tensor<1x1x1x1xi8>}> : () -> tensor<1x1x1x1xi8>
  %wq = quant.scast %wc : tensor<1x1x1x1xi8> to tensor<1x1x1x1x!a>
  %w = narrow.dequantize %wq : tensor<1x1x1x1x!a> to tensor<1x1x1x1xf32>
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!a>
  %d = narrow.dequantize %q : tensor<1x1x1x1x!a> to tensor<1x1x1x1xf32>
  // expected-error @below {{'tosa.conv2d': the bias of channel 0 is not finite}}
  %c = tosa.conv2d %d, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %cq = narrow.quantize %c : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!a>
  %cd = narrow.dequantize %cq : tensor<1x1x1x1x!a> to tensor<1x1x1x1xf32>
  return %cd : tensor<1x1x1x1xf32>
}

// -----

// expected-error @below {{arguments and results of @main must be static tensors of numbers, got 'tensor<?x4xf32>'}}
func.func @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = tosa.reverse %x {axis = 0 : i32, narrow.id = "y"} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
