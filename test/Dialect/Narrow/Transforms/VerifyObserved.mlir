// RUN: narrow-opt %s --narrow-verify-observed --split-input-file --verify-diagnostics

// Everything in its place, a fused accumulator and a float softmax included.
func.func @good(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" : tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.add %1, %0 : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = tosa.clamp %2 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %4 = narrow.observe %3 "relu6" : tensor<1x2x2x2xf32>
  %5 = narrow.softmax %4 axis 3 : tensor<1x2x2x2xf32>
  return %5 : tensor<1x2x2x2xf32>
}

// -----

func.func @operand(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{violates the observed stage: operand 0 is not quantized; an observer is missing}}
  %0 = tosa.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = narrow.observe %0 "sigmoid" : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func @result(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %0 = narrow.observe %x "x" : tensor<4xf32>
  // expected-error@+1 {{violates the observed stage: its result is not quantized; an observer is missing}}
  %1 = tosa.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// Two accumulators cannot be fused into one addition.
func.func @two_accumulators(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" : tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  // expected-error@+1 {{violates the observed stage: operand 1 is not quantized}}
  %3 = tosa.add %1, %2 : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %4 = narrow.observe %3 "add" : tensor<1x2x2x2xf32>
  return %4 : tensor<1x2x2x2xf32>
}

// -----

func.func @same_id(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-note@+1 {{the first one}}
  %0 = narrow.observe %x "x" : tensor<4xf32>
  %1 = tosa.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error@+1 {{two observers have the id 'x'}}
  %2 = narrow.observe %1 "x" : tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

func.func @bypassed(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32>, tensor<4xf32>) {
  // expected-error@+1 {{observer 'x' is not the only reader of its tensor}}
  %0 = narrow.observe %x "x" : tensor<4xf32>
  return %0, %x : tensor<4xf32>, tensor<4xf32>
}
