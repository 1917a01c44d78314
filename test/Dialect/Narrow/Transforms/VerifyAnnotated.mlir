// RUN: narrow-opt %s --narrow-verify-annotated --split-input-file --verify-diagnostics

func.func @good(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %k = "tosa.const"() <{values = dense<0.25> : tensor<4xf32>}> : () -> tensor<4xf32>
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0039215688593685627:-128> : tensor<4xf32>
  %1 = narrow.observe %k "k" weight range <min = [0.0, 0.0, 0.0, 0.0], max = [3.5, 1.75, 3.5, 3.5]> scheme <4 bits, symmetric, restricted, per_channel, axis = 0>
    type !quant.uniform<i8<-7:7>:f32:0, {0.5, 0.25, 0.5, 0.5}> : tensor<4xf32>
  %2 = tosa.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = narrow.observe %2 "float" {narrow.float_reason = "wanted"} : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

func.func @incomplete(%x: tensor<4xf32> {narrow.name = "x"}, %y: tensor<4xf32> {narrow.name = "y"}, %z: tensor<4xf32> {narrow.name = "z"}) {
  // expected-error@+1 {{violates the annotated stage: observer 'x' has no range}}
  %0 = narrow.observe %x "x" scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:-128> : tensor<4xf32>
  // expected-error@+1 {{observer 'y' has no scheme}}
  %1 = narrow.observe %y "y" range <min = [0.0], max = [1.0]> type !quant.uniform<i8:f32, 0.5:-128> : tensor<4xf32>
  // expected-error@+1 {{observer 'z' has no type}}
  %2 = narrow.observe %z "z" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<4xf32>
  return
}

// -----

func.func @inconsistent(%x: tensor<4xf32>, %y: tensor<4xf32>, %z: tensor<4xf32>, %u: tensor<4xf32>, %v: tensor<4xf32>) {
  %k = "tosa.const"() <{values = dense<0.25> : tensor<4xf32>}> : () -> tensor<4xf32>
  // expected-error@+1 {{observer 'x' has the type '!quant.uniform<i8:f32:0, {5.000000e-01,5.000000e-01,5.000000e-01,5.000000e-01}>', but its range and scheme ask for '!quant.uniform<i8:f32, 0.0039215688593685627:-128>'; run --narrow-assign-scales}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32:0, {0.5, 0.5, 0.5, 0.5}> : tensor<4xf32>
  // expected-error@+1 {{observer 'y' has the type '!quant.uniform<i8<-127:127>:f32, 5.000000e-01>', but its range and scheme ask for '!quant.uniform<i8<-7:7>:f32, 0.14285714924335}}
  %1 = narrow.observe %y "y" range <min = [0.0], max = [1.0]> scheme <4 bits, symmetric, restricted, per_tensor> type !quant.uniform<i8<-127:127>:f32, 0.5> : tensor<4xf32>
  // expected-error@+1 {{observer 'z' has the type '!quant.uniform<i8:f32, 5.000000e-01:3>', but its range and scheme ask for '!quant.uniform<i8:f32, 0.0078740157186985015>'}}
  %2 = narrow.observe %z "z" range <min = [0.0], max = [1.0]> scheme <8 bits, symmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:3> : tensor<4xf32>
  // expected-error@+1 {{observer 'u' is marked weight but observes no constant}}
  %3 = narrow.observe %u "u" weight range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:3> : tensor<4xf32>
  // expected-error@+1 {{observer 'k' observes a constant but is not marked weight}}
  %4 = narrow.observe %k "k" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:3> : tensor<4xf32>
  // expected-error@+1 {{observer 'v' has 2 intervals in its range, but its scheme asks for 1}}
  %5 = narrow.observe %v "v" range <min = [0.0, 0.0], max = [1.0, 1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:3> : tensor<4xf32>
  return
}

// -----

func.func @weight(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error@+1 {{violates the annotated stage: its weight is not observed; run --narrow-assign-bit-width}}
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.float_reason = "wanted"}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = narrow.observe %0 "y" {narrow.float_reason = "wanted"} : tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
}
