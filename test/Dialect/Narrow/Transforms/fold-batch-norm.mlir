// RUN: narrow-opt %s --narrow-fold-batch-norm --canonicalize --split-input-file | FileCheck %s

// factor = scale / sqrt(var + eps) = 4 / sqrt(3 + 1) = 2 and 9 / sqrt(8 + 1) = 3;
// weight 1, 2 | 3, 4 becomes 2, 4 | 9, 12; bias (10 - 1) * 2 + 5 and (20 - 2) * 3 + 6.
// CHECK-LABEL: func.func @conv2d
func.func @conv2d(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}2.000000e+00, 4.000000e+00]]], {{\[\[\[}}9.000000e+00, 1.200000e+01]]]]>
  // CHECK-DAG: %[[B:.*]] = "tosa.const"() <{values = dense<[2.300000e+01, 6.000000e+01]>
  // CHECK: %[[Y:.*]] = tosa.conv2d %{{.*}}, %[[W]], %[[B]], {{.*}}narrow.id = "bn"
  // CHECK-NEXT: return %[[Y]]
  %w = "tosa.const"() <{values = dense<[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[10.0, 20.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %scale = "tosa.const"() <{values = dense<[4.0, 9.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %bias = "tosa.const"() <{values = dense<[5.0, 6.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %mean = "tosa.const"() <{values = dense<[1.0, 2.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %var = "tosa.const"() <{values = dense<[3.0, 8.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %y = narrow.batch_norm %c, %scale, %bias, %mean, %var axis 3 epsilon 1.0 {narrow.id = "bn"} : tensor<1x4x4x2xf32>, tensor<2xf32>
  return %y : tensor<1x4x4x2xf32>
}

// -----

// Through the transpose, in the form that exporters write out: (x - 1) * [2, 3] + 5.
// CHECK-LABEL: func.func @depthwise_decomposed
func.func @depthwise_decomposed(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32> {
  // CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}2.000000e+00], [6.000000e+00]]]]> : tensor<1x1x2x1xf32>
  // CHECK-DAG: %[[B:.*]] = "tosa.const"() <{values = dense<[2.300000e+01, 3.200000e+01]>
  // CHECK: %[[C:.*]] = tosa.depthwise_conv2d %{{.*}}, %[[W]], %[[B]]
  // CHECK-NEXT: %[[T:.*]] = tosa.transpose %[[C]]
  // CHECK-NEXT: return %[[T]]
  %w = "tosa.const"() <{values = dense<[[[[1.0], [2.0]]]]> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<10.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %factor = "tosa.const"() <{values = dense<[[[[2.0]], [[3.0]]]]> : tensor<1x2x1x1xf32>}> : () -> tensor<1x2x1x1xf32>
  %five = "tosa.const"() <{values = dense<5.0> : tensor<1x2x1x1xf32>}> : () -> tensor<1x2x1x1xf32>
  %c = tosa.depthwise_conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x2x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %t = tosa.transpose %c {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %0 = tosa.sub %t, %one : (tensor<1x2x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = tosa.mul %0, %factor, %shift : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>, tensor<1xi8>) -> tensor<1x2x4x4xf32>
  %2 = tosa.add %five, %1 : (tensor<1x2x1x1xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// -----

// Groups; 1 - x has the factor -1.
// CHECK-LABEL: func.func @grouped
func.func @grouped(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  // CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}-1.000000e+00]]], {{\[\[\[}}-2.000000e+00]]]]>
  // CHECK-DAG: %[[B:.*]] = "tosa.const"() <{values = dense<[-2.000000e+00, -3.000000e+00]>
  // CHECK: narrow.conv2d %{{.*}}, %[[W]], %[[B]] group 2
  // CHECK-NOT: tosa.sub
  %w = "tosa.const"() <{values = dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>}> : () -> tensor<2x1x1x1xf32>
  %b = "tosa.const"() <{values = dense<[3.0, 4.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %c = narrow.conv2d %x, %w, %b group 2 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %y = tosa.sub %one, %c : (tensor<1x1x1x1xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// -----

// A fully connected layer's bias that comes behind the reshape.
// CHECK-LABEL: func.func @fully_connected
func.func @fully_connected(%x: tensor<1x3x1x1xf32>) -> tensor<3x2xf32> {
  // CHECK-DAG: %[[B:.*]] = "tosa.const"() <{values = dense<[3.000000e+00, 4.000000e+00]>
  // CHECK: tosa.conv2d %{{.*}}, %{{.*}}, %[[B]]
  // CHECK-NOT: tosa.add
  %w = "tosa.const"() <{values = dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>}> : () -> tensor<2x1x1x1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b = "tosa.const"() <{values = dense<[[3.0, 4.0]]> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %shape = tosa.const_shape {values = dense<[3, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %c = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x3x1x1xf32>, tensor<2x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x1x2xf32>
  %r = tosa.reshape %c, %shape : (tensor<1x3x1x2xf32>, !tosa.shape<2>) -> tensor<3x2xf32>
  %y = tosa.add %r, %b : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// The convolution has another user: its batch norm is written out.
// 4 / sqrt(3 + 1) = 2, 5 - 1 * 2 = 3.
// CHECK-LABEL: func.func @two_users
func.func @two_users(%x: tensor<1x4x4x1xf32>) -> (tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>) {
  // CHECK-DAG: %[[F:.*]] = "tosa.const"() <{values = dense<2.000000e+00> : tensor<1x1x1x1xf32>}>
  // CHECK-DAG: %[[O:.*]] = "tosa.const"() <{values = dense<3.000000e+00> : tensor<1x1x1x1xf32>}>
  // CHECK: %[[C:.*]] = tosa.conv2d
  // CHECK: %[[M:.*]] = tosa.mul %[[C]], %[[F]]
  // CHECK: %[[A:.*]] = tosa.add %[[M]], %[[O]] {narrow.id = "bn"}
  // CHECK: return %[[C]], %[[A]]
  %w = "tosa.const"() <{values = dense<1.5> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %scale = "tosa.const"() <{values = dense<4.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %bias = "tosa.const"() <{values = dense<5.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %mean = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %var = "tosa.const"() <{values = dense<3.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %c = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  %y = narrow.batch_norm %c, %scale, %bias, %mean, %var axis 3 epsilon 1.0 {narrow.id = "bn"} : tensor<1x4x4x1xf32>, tensor<1xf32>
  return %c, %y : tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>
}

// -----

// Not along the channels; a constant of the whole shape; parameters that are no
// constants; a variance that makes the factor infinite.
// CHECK-LABEL: func.func @not_folded
func.func @not_folded(%x: tensor<1x2x2x2xf32>, %p: tensor<2xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) {
  // CHECK: %[[C0:.*]] = tosa.conv2d
  // CHECK: tosa.mul %[[C0]]
  // CHECK: %[[C1:.*]] = tosa.conv2d
  // CHECK: tosa.add %[[C1]]
  // CHECK: %[[C2:.*]] = tosa.conv2d
  // CHECK: narrow.batch_norm %[[C2]]
  // CHECK: %[[C3:.*]] = tosa.conv2d
  // CHECK: narrow.batch_norm %[[C3]]
  %w = "tosa.const"() <{values = dense<1.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %zeros = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %rows = "tosa.const"() <{values = dense<[[[[2.0]], [[3.0]]]]> : tensor<1x2x1x1xf32>}> : () -> tensor<1x2x1x1xf32>
  %all = "tosa.const"() <{values = dense<7.0> : tensor<1x2x2x2xf32>}> : () -> tensor<1x2x2x2xf32>
  %c0 = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %y0 = tosa.mul %c0, %rows, %shift : (tensor<1x2x2x2xf32>, tensor<1x2x1x1xf32>, tensor<1xi8>) -> tensor<1x2x2x2xf32>
  %c1 = tosa.conv2d %y0, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %y1 = tosa.add %c1, %all : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %c2 = tosa.conv2d %y1, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %y2 = narrow.batch_norm %c2, %p, %p, %p, %p axis 3 epsilon 1.0 : tensor<1x2x2x2xf32>, tensor<2xf32>
  %c3 = tosa.conv2d %y2, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %y3 = narrow.batch_norm %c3, %zeros, %zeros, %zeros, %zeros axis 3 epsilon 0.0 : tensor<1x2x2x2xf32>, tensor<2xf32>
  return %y0, %y1, %y2, %y3 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
}
