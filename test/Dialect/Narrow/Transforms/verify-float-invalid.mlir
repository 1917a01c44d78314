// RUN: narrow-opt %s --narrow-verify-float --verify-diagnostics --split-input-file

// expected-error @+1 {{there is none}}
module {
  func.func private @helper(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{one public function, @main with a body; got @other}}
func.func @other(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{argument 0 of @main needs narrow.name = "<name in the source model>"}}
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32> {narrow.name = "y"}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{result 0 of @main needs narrow.name}}
func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{the float stage needs static shapes, got 'tensor<?xf32>'; give the shape of the inputs when you import the model}}
func.func @main(%x: tensor<?xf32> {narrow.name = "x"}) -> (tensor<?xf32> {narrow.name = "y"}) {
  return %x : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
  // expected-error @+1 {{has no narrow.id; run --narrow-assign-ids, the last pass of --narrow-float-pipeline}}
  %0 = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
  // expected-note @+1 {{the other op is here}}
  %0 = tosa.abs %x {narrow.id = "a"} : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{narrow.id "a" is not unique; rename it}}
  %1 = tosa.abs %0 {narrow.id = "a"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
  // expected-error @+1 {{'math.exp' op is unknown to the float stage, which has ops of tosa and narrow, and others that implement QuantizableOpInterface; lower it to TOSA before}}
  %0 = math.exp %x {narrow.id = "a"} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{this looks like the observed stage, not the float stage; check it with --narrow-verify-observed}}
module {
  func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
    %0 = narrow.observe %x "a" {narrow.id = "a"} : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
  // expected-error @+1 {{the float stage computes in f32, got 'tensor<4xf16>'; convert the model to f32}}
  %0 = tosa.cast %x {narrow.id = "a"} : (tensor<4xf32>) -> tensor<4xf16>
  // expected-error @+1 {{the float stage computes in f32, got 'tensor<4xf16>'}}
  %1 = tosa.cast %0 {narrow.id = "b"} : (tensor<4xf16>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// TOSA's verifier takes any number of input channels.
func.func @main(%x: tensor<1x4x4x4xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<1.0> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<1.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error @+1 {{weight has 2 input channels, but the input has 4; a grouped convolution is narrow.conv2d}}
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x4xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %c : tensor<1x4x4x2xf32>
}

// -----

func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y"}) {
  %b = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %v = "tosa.const"() <{values = dense<1.0> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %w = tosa.exp %v {narrow.id = "w"} : (tensor<2x1x1x2xf32>) -> tensor<2x1x1x2xf32>
  // expected-error @+1 {{weight must be a constant; run --narrow-float-pipeline first}}
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %c : tensor<1x4x4x2xf32>
}

// -----

func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<1.0> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error @+1 {{bias must have shape [2], got 'tensor<1xf32>'}}
  %c = tosa.depthwise_conv2d %x, %w, %b, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x2x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %c : tensor<1x4x4x2xf32>
}

// -----

// expected-error @+1 {{the model is quantized already; run --narrow-float-pipeline=quantized, which brings one that came so to the quantized stage}}
module {
  func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
    %0 = narrow.quantize %x {narrow.id = "q"} : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5:3>>
    %1 = narrow.dequantize %0 {narrow.id = "d"} : tensor<4x!quant.uniform<i8:f32, 0.5:3>> to tensor<4xf32>
    return %1 : tensor<4xf32>
  }
}

// -----

func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}, %w: tensor<2x1x1x2xf32> {narrow.name = "w"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y"}) {
  %b = "tosa.const"() <{values = dense<1.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error @+1 {{'c': weight 'w' is computed from the network's inputs, but must be a constant; in an ONNX model, make it an initializer}}
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %c : tensor<1x4x4x2xf32>
}

// -----

func.func @main(%x: tensor<2xf32> {narrow.name = "x"}) -> (tensor<2xf32> {narrow.name = "y"}) {
  // expected-error @+1 {{operand 1 of 'sum' has the value NaN at element 1; weights must be finite}}
  %k = "tosa.const"() <{values = dense<[1.0, 0x7FC00000]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %0 = tosa.add %x, %k {narrow.id = "sum"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-error @+1 {{operand 0 of 'product' has the value Inf at element 0; weights must be finite}}
  %s = "tosa.const"() <{values = dense<0xFF800000> : tensor<2xf32>}> : () -> tensor<2xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %1 = tosa.mul %s, %0, %shift {narrow.id = "product"} : (tensor<2xf32>, tensor<2xf32>, tensor<1xi8>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
