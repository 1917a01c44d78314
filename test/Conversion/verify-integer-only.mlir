// RUN: narrow-opt %s --split-input-file --narrow-verify-integer-only --verify-diagnostics

// expected-error @below {{this looks like the imported stage, not the integer stage; run --narrow-float-pipeline}}
module {}

// -----

// expected-error @below {{this looks like the vector stage, not the integer stage; check it with --narrow-verify-vector}}
module attributes {narrow.arena_size = 64 : i64} {
  func.func private @network()
}

// -----

func.func private @network(%x: tensor<4xi8>, %unused: tensor<2xf32>) -> (tensor<4xi8>, tensor<2xf32>) {
  // expected-error @below {{'quant.scast' (quant.scast) works on real numbers}}
  %0 = quant.scast %x : tensor<4xi8> to tensor<4x!quant.uniform<i8:f32, 0.5>>
  // expected-error @below {{'narrow.dequantize' (narrow.dequantize) works on real numbers}}
  %1 = narrow.dequantize %0 : tensor<4x!quant.uniform<i8:f32, 0.5>> to tensor<4xf32>
  // expected-error @below {{'t' (tosa.tanh) works on real numbers inside of the network: excluded}}
  %2 = tosa.tanh %1 {narrow.id = "t", narrow.float_reason = "excluded"} : (tensor<4xf32>) -> tensor<4xf32>
  return %x, %unused : tensor<4xi8>, tensor<2xf32>
}
