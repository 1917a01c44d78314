// RUN: narrow-opt %s --narrow-encode-weights --split-input-file --verify-diagnostics

func.func @untyped(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-error@+1 {{observer 'w' has no type; run --narrow-assign-scales first}}
  %1 = narrow.observe %w "w" weight range <min = [0.5], max = [0.5]> scheme <1 bits, symmetric, restricted, per_channel, axis = 0, format = binary> : tensor<1x1x1x2xf32>
  %2 = tosa.conv2d %x, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %2 : tensor<1x2x2x1xf32>
}
