// RUN: narrow-opt %s --verify-diagnostics --split-input-file

func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{observes real numbers, got 'tensor<4xi8>'}}
  %0 = narrow.observe %x "x" : tensor<4xi8>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{needs a non-empty id}}
  %0 = narrow.observe %x "" : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{scheme axis 1 is outside of 'tensor<4xf32>'}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_channel, axis = 1> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{type must be a quantized type, got 'i8'}}
  %0 = narrow.observe %x "x" type i8 : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{as many minima as maxima}}
  %0 = narrow.observe %x "x" range <min = [0.0, 1.0], max = [2.0]> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{range 0 is not a finite interval}}
  %0 = narrow.observe %x "x" range <min = [1.0], max = [-1.0]> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 'from'}}
  %0 = narrow.observe %x "x" range <min = [1.0], max = [2.0], unknown> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{unknown origin of a range 'elsewhere'}}
  %0 = narrow.observe %x "x" range <min = [1.0], max = [2.0], from = elsewhere> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{a range from a method or a tool needs its name, and others have none}}
  %0 = narrow.observe %x "x" range <min = [1.0], max = [2.0], from = tool ""> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{unrounded weights must have the type}}
  %0 = narrow.observe %x "x" weight unrounded dense<0.0> : tensor<3xf32> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{has unrounded weights and observes no weight}}
  %0 = narrow.observe %x "x" unrounded dense<0.0> : tensor<4xf32> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{scheme bits must be 1 to 32, got 33}}
  %0 = narrow.observe %x "x" scheme <33 bits, symmetric, per_tensor> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{the restricted range is for symmetric schemes}}
  %0 = narrow.observe %x "x" scheme <8 bits, asymmetric, restricted, per_tensor> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{all but per_tensor and per_token need an axis}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_channel> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{per_tensor and per_token take no axis}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_tensor, axis = 0> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{group is for per_group, per_vector and per_cluster, which need it}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_group, axis = 0> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 'symmetric' or 'asymmetric'}}
  %0 = narrow.observe %x "x" scheme <8 bits, odd, per_tensor> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 'per_tensor', 'per_channel', 'per_group', 'per_vector', 'per_cluster' or 'per_token'}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_row> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 'axis', 'group' or 'format'}}
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, per_channel, dim = 0> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{shapes differ}}
  %0 = narrow.quantize %x : tensor<4xf32> to tensor<5x!quant.uniform<i8:f32, 0.5:3>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{needs a !quant.uniform element type per tensor or per axis, got 'tensor<4xi8>'}}
  %0 = narrow.quantize %x : tensor<4xf32> to tensor<4xi8>
  return
}

// -----

func.func @f(%x: tensor<4xf16>) {
  // expected-error @+1 {{expressed type 'f32' differs from 'f16'}}
  %0 = narrow.quantize %x : tensor<4xf16> to tensor<4x!quant.uniform<i8:f32, 0.5:3>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{zero point is outside of the codes of '!quant.uniform<i8:f32, 5.000000e-01:300>'}}
  %0 = narrow.quantize %x : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5:300>>
  return
}

// -----

func.func @f(%x: tensor<2x4x!quant.uniform<i8:f32:0, {0.5, 0.25:300}>>) {
  // expected-error @+1 {{zero point 300 is outside of the codes}}
  %0 = narrow.dequantize %x : tensor<2x4x!quant.uniform<i8:f32:0, {0.5, 0.25:300}>> to tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{quantized axis 2 is outside of}}
  %0 = narrow.quantize %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i8:f32:2, {0.5, 0.25}>>
  return
}

// -----

func.func @f(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{axis 1 has 4 channels but 2 scales}}
  %0 = narrow.quantize %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
  return
}

// -----

func.func @f(%x: tensor<1x4x8x8xf32>, %p: tensor<4xf32>) {
  // expected-error @+1 {{axis 4 is outside of}}
  %0 = narrow.batch_norm %x, %p, %p, %p, %p axis 4 epsilon 1.0e-05 : tensor<1x4x8x8xf32>, tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8x8xf32>, %p: tensor<4xf32>) {
  // expected-error @+1 {{parameters must have shape [8], got 'tensor<4xf32>'}}
  %0 = narrow.batch_norm %x, %p, %p, %p, %p axis 3 epsilon 1.0e-05 : tensor<1x4x8x8xf32>, tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{axis -1 is outside of rank 2}}
  %0 = narrow.softmax %x axis -1 : tensor<1x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+2 {{expected ::narrow::ActivationKind to be one of}}
  // expected-error @+1 {{failed to parse Narrow_ActivationKindAttr}}
  %0 = narrow.activation relu7 %x : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{needs input, weight and output of rank 4 and bias of rank 1}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{needs pad of 4 (top, bottom, left, right), stride and dilation of 2 numbers}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{stride and dilation of at least 1}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [0, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{group 3 must divide 4 input and 6 output channels}}
  %0 = narrow.conv2d %x, %w, %b group 3 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{weight has 4 input channels, expected 2}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{bias has 5 elements, expected 6}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<5xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{result shape should be [1, 8, 8, 6], got 'tensor<1x6x6x6xf32>'}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xi8>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{element types must be f32 x f32 -> f32 or i8 x i8 -> i32}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x4xi8>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x2xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{input_zp is for integers}}
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] input_zp 3 : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{must end with narrow.yield of its result types}}
  %0 = narrow.kernel @k (%a = %x : tensor<4xf32>) -> tensor<5xf32> {
    narrow.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{region arguments must have the types of the operands}}
  %0 = "narrow.kernel"(%x) <{sym_name = "k"}> ({
  ^bb0(%a: tensor<5xf32>):
    narrow.yield %a : tensor<5xf32>
  }) : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects parent op 'narrow.kernel'}}
  narrow.yield %x : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{the largest code must be 1 to 127, got 128}}
  %0 = narrow.round_tokens %x to 128 : tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>) {
  // expected-error @+1 {{rounds rows of f32, got}}
  %0 = narrow.round_tokens %x to 127 : tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<2x4xi8>) {
  // expected-error @+1 {{needs 16-bit codes, got}}
  %0 = narrow.token_maxima %x : tensor<2x4xi8> -> tensor<2x1xi32>
  return
}

// -----

func.func @f(%x: tensor<2x4xi16>) {
  // expected-error @+1 {{the maxima of the tokens of 'tensor<2x4xi16>' should be 'tensor<2x1xi32>', got 'tensor<2x4xi32>'}}
  %0 = narrow.token_maxima %x : tensor<2x4xi16> -> tensor<2x4xi32>
  return
}

// -----

func.func @f(%x: tensor<i16>) {
  // expected-error @+1 {{needs tokens along an axis, got a scalar}}
  %0 = narrow.token_maxima %x : tensor<i16> -> tensor<i32>
  return
}

// -----

func.func @f(%x: tensor<2x4xi16>, %m: tensor<2x1xi32>) {
  // expected-error @+1 {{result should be 'tensor<2x4xi8>', got 'tensor<2x4xi16>'}}
  %0 = narrow.quantize_tokens %x, %m to 127 : (tensor<2x4xi16>, tensor<2x1xi32>) -> tensor<2x4xi16>
  return
}

// -----

func.func @f(%x: tensor<2x4xi32>, %m: tensor<1x1xi32>) {
  // expected-error @+1 {{the maxima of the tokens of}}
  %0 = narrow.rescale_tokens %x, %m shift 3 : (tensor<2x4xi32>, tensor<1x1xi32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @f(%x: tensor<2x4xi32>, %m: tensor<2x1xi32>) {
  // expected-error @+1 {{shift must be 0 to 31, got 32}}
  %0 = narrow.rescale_tokens %x, %m shift 32 : (tensor<2x4xi32>, tensor<2x1xi32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @f(%x: tensor<2x4xi32>, %m: tensor<2x1xi32>) {
  // expected-error @+1 {{sums and result must be i32 of one shape}}
  %0 = narrow.rescale_tokens %x, %m shift 3 : (tensor<2x4xi32>, tensor<2x1xi32>) -> tensor<2x4xi8>
  return
}

// -----

// expected-error @+1 {{per_token is for symmetric, restricted codes of 2 to 8 bits}}
func.func private @f() attributes {s = #narrow.scheme<16 bits, symmetric, restricted, per_token>}

// -----

// expected-error @+1 {{per_tensor and per_token take no axis}}
func.func private @f() attributes {s = #narrow.scheme<8 bits, symmetric, restricted, per_token, axis = 1>}

// -----

func.func @f(%x: tensor<1x2x2x40xi8>) {
  // expected-error @+1 {{result should be 'tensor<1x2x2x2xi32>', got 'tensor<1x2x2x1xi32>'}}
  %0 = narrow.pack_signs %x below 0 : tensor<1x2x2x40xi8> -> tensor<1x2x2x1xi32>
  return
}

// -----

func.func @f(%x: tensor<1x2x2x40xi8>) {
  // expected-error @+1 {{threshold must be -127 to 127, got -128}}
  %0 = narrow.pack_signs %x below -128 : tensor<1x2x2x40xi8> -> tensor<1x2x2x2xi32>
  return
}

// -----

func.func @f(%x: tensor<1x2x2x40xf32>) {
  // expected-error @+1 {{packs rows of 8-bit codes}}
  %0 = narrow.pack_signs %x below 0 : tensor<1x2x2x40xf32> -> tensor<1x2x2x2xi32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x2xi32>, %w: tensor<6x1x1x2xi32>, %b: tensor<6xi32>) {
  // expected-error @+1 {{70 channels are 3 words}}
  %0 = narrow.xnor_conv2d %x, %w, %b channels 70 factors [1] pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi32>, tensor<6x1x1x2xi32>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x2xi32>, %w: tensor<6x1x1x2xi32>, %b: tensor<6xi32>) {
  // expected-error @+1 {{factors: one or 6 numbers, got 2}}
  %0 = narrow.xnor_conv2d %x, %w, %b channels 64 factors [1, 2] pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi32>, tensor<6x1x1x2xi32>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x2xi32>, %w: tensor<6x1x1x2xi32>, %b: tensor<5xi32>) {
  // expected-error @+1 {{bias has 5 elements, expected 6}}
  %0 = narrow.xnor_conv2d %x, %w, %b channels 64 factors [1] pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi32>, tensor<6x1x1x2xi32>, tensor<5xi32>) -> tensor<1x8x8x6xi32>
  return
}

// -----

func.func @f(%x: tensor<1x8x8x2xi8>, %w: tensor<6x1x1x2xi32>, %b: tensor<6xi32>) {
  // expected-error @+1 {{words and sums are i32}}
  %0 = narrow.xnor_conv2d %x, %w, %b channels 64 factors [1] pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi8>, tensor<6x1x1x2xi32>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  return
}
