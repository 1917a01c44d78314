// RUN: narrow-opt %s --split-input-file --narrow-correct-bias 2>%t.remarks | FileCheck %s --check-prefixes=CHECK,ANALYTIC
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks
// RUN: narrow-opt %s --split-input-file --narrow-correct-bias=method=empirical 2>/dev/null | FileCheck %s --check-prefixes=CHECK,EMPIRICAL
// RUN: not narrow-opt %s --split-input-file --narrow-correct-bias=method=guess 2>&1 | FileCheck %s --check-prefix=METHOD
// METHOD: error: narrow-correct-bias: method 'guess' is not known; accepted: analytic, empirical

// Weights 0.1, 0.8, 0.55 on a grid of 0.5 become 0, 1, 0.5. After a ReLU the channels of mean 2, -0.5, 0.4 have the
// means 2, 0.197797, 0.401698: the error -0.1805256 is taken back.
// CHECK-LABEL: @layer
// ANALYTIC: dense<1.1805{{[0-9]*}}> : tensor<1xf32>
// EMPIRICAL: dense<7.500000e-01> : tensor<1xf32>
// CHECK-NOT: narrow.channel_error
// REMARK: narrow-correct-bias: 1 layers corrected; the mean of the error of 1 is not known
func.func @layer(%x: tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<0.3> : tensor<3x1x1x1xf32>}> : () -> tensor<3x1x1x1xf32>
  %b1 = "tosa.const"() <{values = dense<[0.1, 0.2, 0.3]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[0.1, 0.8, 0.55]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %b2 = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %ow1 = narrow.observe %w1 "c1/weight" weight range <min = [-1.0], max = [1.0]> scheme <8 bits, symmetric, restricted, per_tensor>
    type !quant.uniform<i8<-127:127>:f32, 0.5> : tensor<3x1x1x1xf32>
  %c1 = tosa.conv2d %x, %ow1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "c1",
      narrow.channel_mean = array<f32: 2.0, -0.5, 0.4>, narrow.channel_deviation = array<f32: 0.3, 1.0, 0.2>}
    : (tensor<1x2x2x1xf32>, tensor<3x1x1x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x3xf32>
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x2x2x3xf32>) -> tensor<1x2x2x3xf32>
  %o = narrow.observe %r "r" range <min = [0.0], max = [4.0]> scheme <8 bits, asymmetric, per_tensor>
    type !quant.uniform<i8:f32, 0.02:-128> : tensor<1x2x2x3xf32>
  %ow2 = narrow.observe %w2 "c2/weight" weight range <min = [-1.0], max = [1.0]> scheme <8 bits, symmetric, restricted, per_tensor>
    type !quant.uniform<i8<-127:127>:f32, 0.5> : tensor<1x1x1x3xf32>
  %c2 = tosa.conv2d %o, %ow2, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "c2",
      narrow.channel_error = array<f32: 0.25>}
    : (tensor<1x2x2x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %c2 : tensor<1x2x2x1xf32>
}
