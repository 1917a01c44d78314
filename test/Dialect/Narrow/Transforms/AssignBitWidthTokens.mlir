// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a8t --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-assign-bit-width="scheme=w8a8 override=fc1=w4a6t,add=w8a8" --split-input-file | FileCheck %s --check-prefix=OVERRIDE

// What contractions read has a scale for each token, and so has what that is made of: the operands of the
// addition, the tensor before the clamp. The result of the network is what it was.
// CHECK-LABEL: func.func @residual
// CHECK: narrow.observe %{{.*}} "x" scheme <8 bits, symmetric, restricted, per_token> :
// CHECK: narrow.observe %{{.*}} "fc1/weight" weight scheme <8 bits, symmetric, restricted, per_tensor> :
// CHECK: narrow.observe %{{.*}} "fc1" scheme <8 bits, symmetric, restricted, per_token> :
// CHECK: narrow.observe %{{.*}} "relu" scheme <8 bits, symmetric, restricted, per_token> :
// CHECK: narrow.observe %{{.*}} "add/operand1" weight scheme <8 bits, asymmetric, per_tensor> :
// CHECK: narrow.observe %{{.*}} "add" scheme <8 bits, symmetric, restricted, per_token> :
// CHECK: narrow.observe %{{.*}} "fc2" scheme <8 bits, asymmetric, per_tensor> :

// fc1 alone: its input, in the bits of its scheme.
// OVERRIDE-LABEL: func.func @residual
// OVERRIDE: narrow.observe %{{.*}} "x" scheme <6 bits, symmetric, restricted, per_token> :
// OVERRIDE: narrow.observe %{{.*}} "fc1/weight" weight scheme <4 bits, symmetric, restricted, per_tensor> :
// OVERRIDE: narrow.observe %{{.*}} "fc1" scheme <6 bits, asymmetric, per_tensor> :
// OVERRIDE: narrow.observe %{{.*}} "add" scheme <8 bits, asymmetric, per_tensor> :
func.func @residual(%x: tensor<1x4x3xf32> {narrow.name = "x"}) -> tensor<1x4x1x2xf32> {
  %w1 = "tosa.const"() <{values = dense<0.5> : tensor<3x1x1x3xf32>}> : () -> tensor<3x1x1x3xf32>
  %w2 = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x3xf32>}> : () -> tensor<2x1x1x3xf32>
  %b1 = "tosa.const"() <{values = dense<0.1> : tensor<3xf32>}> : () -> tensor<3xf32>
  %b2 = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %k = "tosa.const"() <{values = dense<0.25> : tensor<1x1x3xf32>}> : () -> tensor<1x1x3xf32>
  %plane = tosa.const_shape {values = dense<[1, 4, 1, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %line = tosa.const_shape {values = dense<[1, 4, 3]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %0 = narrow.observe %x "x" : tensor<1x4x3xf32>
  %1 = tosa.reshape %0, %plane {narrow.id = "r0"} : (tensor<1x4x3xf32>, !tosa.shape<4>) -> tensor<1x4x1x3xf32>
  %2 = tosa.conv2d %1, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc1"}
    : (tensor<1x4x1x3xf32>, tensor<3x1x1x3xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x1x3xf32>
  %3 = narrow.observe %2 "fc1" : tensor<1x4x1x3xf32>
  %4 = tosa.reshape %3, %line {narrow.id = "r1"} : (tensor<1x4x1x3xf32>, !tosa.shape<3>) -> tensor<1x4x3xf32>
  %5 = tosa.clamp %4 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  %6 = narrow.observe %5 "relu" : tensor<1x4x3xf32>
  %7 = tosa.add %6, %k {narrow.id = "add"} : (tensor<1x4x3xf32>, tensor<1x1x3xf32>) -> tensor<1x4x3xf32>
  %8 = narrow.observe %7 "add" : tensor<1x4x3xf32>
  %9 = tosa.reshape %8, %plane {narrow.id = "r2"} : (tensor<1x4x3xf32>, !tosa.shape<4>) -> tensor<1x4x1x3xf32>
  %10 = tosa.conv2d %9, %w2, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "fc2"}
    : (tensor<1x4x1x3xf32>, tensor<2x1x1x3xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x1x2xf32>
  %11 = narrow.observe %10 "fc2" : tensor<1x4x1x2xf32>
  return %11 : tensor<1x4x1x2xf32>
}
