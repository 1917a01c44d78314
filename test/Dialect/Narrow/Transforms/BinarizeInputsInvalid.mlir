// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=wbab --narrow-binarize-inputs 2>&1 | FileCheck %s --check-prefix=MEAN --implicit-check-not=error:
// RUN: sed "s/max = .2.0.> : tensor/max = [2.0]> {narrow.mean_magnitude = 0.5 : f64} : tensor/" %s | not narrow-opt --narrow-assign-bit-width="scheme=wbab override=x=w8a16" --narrow-binarize-inputs 2>&1 | FileCheck %s --check-prefix=WIDE --implicit-check-not=error:

// MEAN: error: 'conv' cannot have binary activations (ab): the mean magnitude of 'x' is not known; a table of narrow-calibrate has it, one with ranges only does not
// WIDE: error: 'conv' cannot have binary activations (ab): 'x' has no codes of at most 8 bits, which signs are looked up from; give it such by an override
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "conv" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}
