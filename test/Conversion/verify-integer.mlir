// RUN: narrow-opt %s --split-input-file --narrow-verify-integer --verify-diagnostics

// expected-error @below {{this looks like the imported stage, not the integer stage; run --narrow-float-pipeline}}
module {}

// -----

// expected-error @below {{the integer stage needs a function @quantize_inputs}}
module {
  func.func private @network()
}

// -----

func.func private @quantize_inputs(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func private @network(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'tosa.tanh': tosa.tanh computes in floats without a narrow.float_reason}}
  %0 = tosa.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tosa.sigmoid %0 {narrow.float_reason = "excluded"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func private @dequantize_outputs(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @quantize_inputs(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = call @network(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = call @dequantize_outputs(%1) : (tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

func.func private @quantize_inputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func private @network(%x: tensor<4xi8> {narrow.type = !quant.uniform<i8:f32, 0.5>}) -> (tensor<4xi8> {narrow.type = !quant.uniform<i8:f32, 0.5>}) {
  // expected-error @below {{'sum': tosa.add with these element types is not an op of the integer stage}}
  %0 = tosa.add %x, %x {narrow.id = "sum"} : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  return %0 : tensor<4xi8>
}
func.func private @dequantize_outputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func @main(%x: tensor<4xi8>) -> tensor<4xi8> {
  %0 = call @quantize_inputs(%x) : (tensor<4xi8>) -> tensor<4xi8>
  %1 = call @network(%0) : (tensor<4xi8>) -> tensor<4xi8>
  %2 = call @dequantize_outputs(%1) : (tensor<4xi8>) -> tensor<4xi8>
  return %2 : tensor<4xi8>
}

// -----

func.func private @quantize_inputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
// expected-error @below {{argument 0 has codes but no narrow.type}}
func.func private @network(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func private @dequantize_outputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func @main(%x: tensor<4xi8>) -> tensor<4xi8> {
  %0 = call @quantize_inputs(%x) : (tensor<4xi8>) -> tensor<4xi8>
  %1 = call @network(%0) : (tensor<4xi8>) -> tensor<4xi8>
  %2 = call @dequantize_outputs(%1) : (tensor<4xi8>) -> tensor<4xi8>
  return %2 : tensor<4xi8>
}

// -----

func.func private @quantize_inputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func private @network(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func private @dequantize_outputs(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
func.func @main(%x: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error @below {{@main must call @quantize_inputs, @network and @dequantize_outputs}}
  %1 = call @network(%x) : (tensor<4xi8>) -> tensor<4xi8>
  return %1 : tensor<4xi8>
}

// -----

func.func private @quantize_inputs(%x: tensor<4xi16>) -> tensor<4xi16> {
  return %x : tensor<4xi16>
}
// expected-error @below {{argument 0 has codes but no narrow.type}}
func.func private @network(%x: tensor<4xi16>) -> (tensor<4xi16> {narrow.type = !quant.uniform<i16:f32, 0.5>}) {
  return %x : tensor<4xi16>
}
func.func private @dequantize_outputs(%x: tensor<4xi16>) -> tensor<4xi16> {
  return %x : tensor<4xi16>
}
func.func @main(%x: tensor<4xi16>) -> tensor<4xi16> {
  %0 = call @quantize_inputs(%x) : (tensor<4xi16>) -> tensor<4xi16>
  %1 = call @network(%0) : (tensor<4xi16>) -> tensor<4xi16>
  %2 = call @dequantize_outputs(%1) : (tensor<4xi16>) -> tensor<4xi16>
  return %2 : tensor<4xi16>
}

// -----

func.func private @quantize_inputs(%x: tensor<4xi16>) -> tensor<4xi16> {
  return %x : tensor<4xi16>
}
func.func private @network(%x: tensor<4xi16> {narrow.type = !quant.uniform<i16:f32, 0.5>}) -> (tensor<4xi16> {narrow.type = !quant.uniform<i16:f32, 0.5>}) {
  %eight = "tosa.const"() <{values = dense<8> : tensor<1xi16>}> : () -> tensor<1xi16>
  %0 = tosa.arithmetic_right_shift %x, %eight {round = false} : (tensor<4xi16>, tensor<1xi16>) -> tensor<4xi16>
  %1 = tosa.cast %0 : (tensor<4xi16>) -> tensor<4xi8>
  // expected-error @below {{'wider': tosa.cast with these element types is not an op of the integer stage}}
  %2 = tosa.cast %1 {narrow.id = "wider"} : (tensor<4xi8>) -> tensor<4xi16>
  // expected-error @below {{'sum': tosa.add with these element types is not an op of the integer stage}}
  %3 = tosa.add %2, %x {narrow.id = "sum"} : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
  return %3 : tensor<4xi16>
}
func.func private @dequantize_outputs(%x: tensor<4xi16>) -> tensor<4xi16> {
  return %x : tensor<4xi16>
}
func.func @main(%x: tensor<4xi16>) -> tensor<4xi16> {
  %0 = call @quantize_inputs(%x) : (tensor<4xi16>) -> tensor<4xi16>
  %1 = call @network(%0) : (tensor<4xi16>) -> tensor<4xi16>
  %2 = call @dequantize_outputs(%1) : (tensor<4xi16>) -> tensor<4xi16>
  return %2 : tensor<4xi16>
}
