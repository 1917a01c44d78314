// RUN: not narrow-opt %s --narrow-assign-bit-width="override=window=w8a8t" 2>&1 | FileCheck %s --check-prefix=WINDOW --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=stride=w8a8t" 2>&1 | FileCheck %s --check-prefix=STRIDE --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=depthwise=w8a8t" 2>&1 | FileCheck %s --check-prefix=DEPTHWISE --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=after_table=w8a8t" 2>&1 | FileCheck %s --check-prefix=TABLE --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=fc1=w8a8t" 2>&1 | FileCheck %s --check-prefix=STATIC --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=fc1=w8a8t,fc2=w8a4t" 2>&1 | FileCheck %s --check-prefix=BITS --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width="override=after_pool=w8a8t" 2>&1 | FileCheck %s --check-prefix=POOL --implicit-check-not=error:
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=w8a8t 2>&1 | FileCheck %s --check-prefix=WINDOW --implicit-check-not=error:
// RUN: narrow-opt %s --narrow-assign-bit-width="override=sigmoid=float,after_table=w8a8t" | FileCheck %s --check-prefix=REAL

// Activations per token that are not to be had: one error, which says why and what is supported.
// WINDOW: error: 'window' cannot have activations per token (a<bits>t): it does not multiply whole rows along the last axis of its input; supported are fully connected layers and 1x1 convolutions of one group
// STRIDE: error: 'stride' cannot have activations per token (a<bits>t): it does not multiply whole rows
// DEPTHWISE: error: 'depthwise' cannot have activations per token (a<bits>t): it does not multiply whole rows
// TABLE: error: 'after_table' cannot have activations per token (a<bits>t): its input is made of 'sigmoid', which tosa.sigmoid computes from 8-bit codes; supported
// STATIC: error: 'fc1' cannot have activations per token (a<bits>t): its input is made of 'limited', which 'fc2' (tosa.conv2d) reads with one scale for all tokens; supported
// BITS: error: 'fc1' cannot have activations per token (a<bits>t): its input is made of 'limited', which '{{fc[12]}}' (tosa.conv2d) reads in {{[48]}} bits, and another op in {{[48]}}; supported
// POOL: error: 'after_pool' cannot have activations per token (a<bits>t): its input comes through tosa.max_pool2d; supported

// What stays float has numbers of any width to give.
// REAL: narrow.observe %{{.*}} "sigmoid" scheme <8 bits, symmetric, restricted, per_token> :
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w1 = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %w3 = "tosa.const"() <{values = dense<0.5> : tensor<2x3x3x2xf32>}> : () -> tensor<2x3x3x2xf32>
  %wd = "tosa.const"() <{values = dense<0.5> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %2 = tosa.conv2d %1, %w3, %b, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "window"}
    : (tensor<1x4x4x2xf32>, tensor<2x3x3x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %3 = narrow.observe %2 "window" : tensor<1x4x4x2xf32>
  %4 = tosa.depthwise_conv2d %3, %wd, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "depthwise"}
    : (tensor<1x4x4x2xf32>, tensor<1x1x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %5 = narrow.observe %4 "depthwise" : tensor<1x4x4x2xf32>
  %6 = tosa.sigmoid %5 {narrow.id = "sigmoid"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %7 = narrow.observe %6 "sigmoid" : tensor<1x4x4x2xf32>
  %8 = tosa.conv2d %7, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "after_table"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %9 = narrow.observe %8 "after_table" : tensor<1x4x4x2xf32>
  %10 = tosa.clamp %9 {min_val = -1.0 : f32, max_val = 1.0 : f32, narrow.id = "limited"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %11 = narrow.observe %10 "limited" : tensor<1x4x4x2xf32>
  %12 = tosa.conv2d %11, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc1"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %13 = narrow.observe %12 "fc1" : tensor<1x4x4x2xf32>
  %14 = tosa.conv2d %11, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc2"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %15 = narrow.observe %14 "fc2" : tensor<1x4x4x2xf32>
  %16 = tosa.add %13, %15 {narrow.id = "add"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %17 = narrow.observe %16 "add" : tensor<1x4x4x2xf32>
  %18 = tosa.max_pool2d %17 {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"} : (tensor<1x4x4x2xf32>) -> tensor<1x3x3x2xf32>
  %19 = tosa.conv2d %18, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "after_pool"}
    : (tensor<1x3x3x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  %20 = narrow.observe %19 "after_pool" : tensor<1x3x3x2xf32>
  %21 = tosa.conv2d %20, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, narrow.id = "stride"}
    : (tensor<1x3x3x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %22 = narrow.observe %21 "stride" : tensor<1x2x2x2xf32>
  return %22 : tensor<1x2x2x2xf32>
}
