// RUN: narrow-opt %s --narrow-assign-bit-width | FileCheck %s --check-prefixes=CHECK,W8
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 | FileCheck %s --check-prefixes=CHECK,W4
// RUN: narrow-opt %s --narrow-assign-bit-width="override=.*=w6a8,conv.*=W5A8" | FileCheck %s --check-prefixes=CHECK,W5
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w3a4pot | FileCheck %s --check-prefix=A4
// RUN: narrow-opt %s --narrow-assign-bit-width="scheme=w3a4 override=mul=w3a5" | FileCheck %s --check-prefix=NAMED
// RUN: narrow-opt %s --narrow-assign-bit-width="override=relu=float" | FileCheck %s --check-prefix=FLOAT
// RUN: narrow-opt %s --narrow-assign-bit-width="override=x=float" | FileCheck %s --check-prefix=INPUT

// The convolution's id and that of the clamp that merges into it both mean the
// convolution; overridden, neither gets an observer for the weight.
// The constant operand of the product is observed as an activation.

// CHECK: narrow.observe %{{.*}} "x" scheme <8 bits, asymmetric, per_tensor> :
// W8: %[[W:.*]] = narrow.observe %{{.*}} "conv/weight" weight scheme <8 bits, symmetric, restricted, per_tensor> :
// W4: %[[W:.*]] = narrow.observe %{{.*}} "conv/weight" weight scheme <4 bits, symmetric, restricted, per_tensor> :
// W5: %[[W:.*]] = narrow.observe %{{.*}} "conv/weight" weight scheme <5 bits, symmetric, restricted, per_tensor> :
// CHECK: tosa.conv2d %{{.*}}, %[[W]], %
// CHECK: narrow.observe %{{.*}} "relu" scheme <8 bits, asymmetric, per_tensor> :
// CHECK: %[[K:.*]] = narrow.observe %{{.*}} "mul/operand1" weight scheme <8 bits, asymmetric, per_tensor> :
// CHECK: tosa.mul %{{.*}}, %[[K]], %

// Activations of few bits: what no op reads keeps 8 unless an override means it.
// A4: narrow.observe %{{.*}} "x" scheme <4 bits, asymmetric, per_tensor, format = power_of_two> :
// A4: narrow.observe %{{.*}} "conv/weight" weight scheme <3 bits, symmetric, restricted, per_tensor> :
// A4: narrow.observe %{{.*}} "relu" scheme <4 bits, asymmetric, per_tensor, format = power_of_two> :
// A4: narrow.observe %{{.*}} "mul/operand1" weight scheme <4 bits, asymmetric, per_tensor, format = power_of_two> :
// A4: narrow.observe %{{.*}} "mul" scheme <8 bits, asymmetric, per_tensor, format = power_of_two> :
// NAMED: narrow.observe %{{.*}} "mul/operand1" weight scheme <5 bits, asymmetric, per_tensor> :
// NAMED: narrow.observe %{{.*}} "mul" scheme <5 bits, asymmetric, per_tensor> :

// FLOAT-NOT: "conv/weight"
// FLOAT: tosa.conv2d {{.*}}narrow.float_reason = "kept float by override 'relu=float'"
// FLOAT: tosa.clamp {{.*}}narrow.float_reason = "kept float by override 'relu=float'"
// FLOAT: narrow.observe %{{.*}} "relu" scheme <8 bits, asymmetric, per_tensor> :
// FLOAT: tosa.mul
// FLOAT-NOT: narrow.float_reason

// INPUT: narrow.observe %{{.*}} "x" scheme {{.*}}{narrow.float_reason = "kept float by override 'x=float'"}
// INPUT-NOT: narrow.float_reason
func.func @main(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %k = "tosa.const"() <{values = dense<0.25> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = narrow.observe %x "x" : tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "relu" : tensor<1x2x2x2xf32>
  %4 = tosa.mul %3, %k, %shift {narrow.id = "mul"} : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>, tensor<1xi8>) -> tensor<1x2x2x2xf32>
  %5 = narrow.observe %4 "mul" : tensor<1x2x2x2xf32>
  return %5 : tensor<1x2x2x2xf32>
}
