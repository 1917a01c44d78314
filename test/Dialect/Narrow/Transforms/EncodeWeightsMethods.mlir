// Methods of ranges are for uniform codes: what becomes of them with formats is said, and is in the range.

// RUN: sed 's/METHOD/kl/; s/FORMAT/normal_float/' %s | narrow-opt --narrow-encode-weights 2>&1 | FileCheck %s --check-prefix=REPLACED
// REPLACED: remark: method 'kl' is for uniform codes: scales of least squared error are taken for weights of other formats, as of 'w'
// REPLACED: "w" weight range <min = {{.*}}, from = search>
// RUN: sed 's/METHOD/mse/; s/FORMAT/normal_float/' %s | narrow-opt --narrow-encode-weights 2>&1 | FileCheck %s --check-prefix=MEANT
// MEANT-NOT: remark
// MEANT: "w" weight range <min = {{.*}}, from = search>
// RUN: sed 's/METHOD/absmax/; s/FORMAT/normal_float/' %s | narrow-opt --narrow-encode-weights 2>&1 | FileCheck %s --check-prefix=LARGEST
// LARGEST-NOT: remark
// LARGEST-NOT: from =
// RUN: sed 's/METHOD/mse/; s/FORMAT/codebook/' %s | narrow-opt --narrow-encode-weights 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: remark: method 'mse' is not used for weights whose format fixes their scales, as of 'w'
// UNUSED: "w" weight range <min = {{.*}}, from = format>

func.func @main(%x: tensor<1x2x2x4xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0, 0.25, 0.0]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x4xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0], max = [0.5], from = method "METHOD"> scheme <4 bits, symmetric, restricted, per_channel, axis = 0, format = FORMAT> type !quant.uniform<i8<-127:127>:f32:0, {0.0078740157480314}> : tensor<1x1x1x4xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  return %3 : tensor<1x2x2x1xf32>
}
