// RUN: narrow-opt %s --narrow-assign-scales --split-input-file --verify-diagnostics

func.func @no_scheme(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has no scheme; run --narrow-assign-bit-width first}}
  %0 = narrow.observe %x "x" : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @no_range(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has no range; run --narrow-import-table first}}
  %0 = narrow.observe %x "x" scheme <8 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @channels(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has 1 intervals in its range, but its scheme asks for 4}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_channel, axis = 0> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @groups(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has a per_group scheme, which is for weights only}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_group, axis = 0, group = 2> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @bits(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has a scheme of 12 bits; 2 to 8 are supported, and 16 for activations}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <12 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @words(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has an asymmetric scheme of 16 bits; these codes are symmetric}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <16 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @weights(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x1xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error@+1 {{observer 'w' has a scheme of 16 bits; 2 to 8 are supported, and 16 for activations}}
  %0 = narrow.observe %w "w" weight range <min = [0.0], max = [1.0]> scheme <16 bits, symmetric, restricted, per_tensor> : tensor<1x1x1x2xf32>
  %1 = tosa.conv2d %x, %0, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}
