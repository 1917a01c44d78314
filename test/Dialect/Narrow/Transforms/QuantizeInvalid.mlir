// RUN: narrow-opt %s --narrow-quantize --split-input-file --verify-diagnostics

func.func @no_type(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{observer 'x' has no !quant.uniform type; run --narrow-assign-scales first}}
  %0 = narrow.observe %x "x" scheme <8 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @bias(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<1.0e-8> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[1.0, 1000.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 1.0e-3:-3> : tensor<1x1x1x2xf32>
  %1 = narrow.observe %w "w" weight type !quant.uniform<i8<-7:7>:f32:0, {1.0e-6, 1.0e-6}> : tensor<2x1x1x2xf32>
  // expected-error@+1 {{bias of 'conv' does not fit i32 codes at element 1; run --narrow-assign-scales, which raises the weight's scale}}
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = narrow.observe %2 "conv" type !quant.uniform<i8:f32, 0.125:-128> : tensor<1x1x1x2xf32>
  return %3 : tensor<1x1x1x2xf32>
}
