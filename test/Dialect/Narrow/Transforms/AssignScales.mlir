// RUN: narrow-opt %s --narrow-assign-scales --split-input-file --verify-diagnostics | FileCheck %s
// RUN: narrow-opt %s --narrow-assign-scales --split-input-file 2>/dev/null | narrow-opt --narrow-verify-annotated --split-input-file -o /dev/null

// Scales are f32 numbers: 2/255 and 1/127, rounded. 0 has a code of its own.
// CHECK-LABEL: func.func @conv
// CHECK: narrow.observe %{{.*}} "x" {{.*}} type !quant.uniform<i8:f32, 0.0078431377187371254:-1> :
// CHECK: narrow.observe %{{.*}} "conv/weight" {{.*}} type !quant.uniform<i8<-127:127>:f32:0, {0.0078740157186985015,0.015748031437397003}> :
// CHECK: narrow.observe %{{.*}} "conv" {{.*}} type !quant.uniform<i8:f32, 0.023529412224888802:-128> :
func.func @conv(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 2.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.1]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [-1.0, 0.25], max = [0.5, 2.0]> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0], from = known> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// Four bits per tensor. The bias of 100 does not fit at s_x * 1e-8/7: the
// scale grows to the smallest f32 with 100 / (s_x * s_w) <= 2^30.
// CHECK-LABEL: func.func @bias
// CHECK: "w" {{.*}} type !quant.uniform<i8<-7:7>:f32, 1.1874{{.*}}E-5> {narrow.notes = ["all values are equal", "scale raised so that the bias fits 32 bits"]} :
func.func @bias(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<1.0e-8> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -100.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  // expected-remark@+1 {{'w': all values are equal; scale raised so that the bias fits 32 bits}}
  %1 = narrow.observe %w "w" weight range <min = [1.0e-8], max = [1.0e-8]> scheme <4 bits, symmetric, restricted, per_tensor> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// A channel of zeros: its bias of 3 gets the code 2^20, at 3 / (2^20 * s_x).
// A tensor of zeros has scale 1.
// CHECK-LABEL: func.func @zeros
// CHECK: "x" {{.*}} type !quant.uniform<i8:f32, 1.000000e+00> {narrow.notes = ["all values are zero"]} :
// CHECK: "w" {{.*}} type !quant.uniform<i8<-127:127>:f32:0, {0.0078740157186985015,2.86102{{.*}}E-6}> {narrow.notes = ["all values are zero (channel 1)"]} :
// CHECK: "conv" {{.*}} type !quant.uniform<i8:f32, 0.011764706112444401:-128> {narrow.notes = ["all values are equal"]} :
func.func @zeros(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.0, 0.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.0, 3.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // expected-remark@+1 {{'x': all values are zero}}
  %0 = narrow.observe %x "x" range <min = [0.0], max = [0.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  // expected-remark@+1 {{'w': all values are zero (channel 1)}}
  %1 = narrow.observe %w "w" weight range <min = [-1.0, 0.0], max = [0.5, 0.0]> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  // expected-remark@+1 {{'conv': all values are equal}}
  %3 = narrow.observe %2 "conv" range <min = [3.0], max = [3.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// Concat of a concat: "a" and "inner" feed only it, "a" through a reshape; "b"
// has another reader and keeps its own type.
// CHECK-LABEL: func.func @concat
// CHECK: "x" {{.*}} type !quant.uniform<i8:f32, 0.0039215688593685627:-128> :
// CHECK: "a" {{.*}} type !quant.uniform<[[T:i8:f32, 0.031372550874948502:-128]]> {narrow.notes = ["takes the type of 'inner', which it is joined into"]} :
// CHECK: "b" {{.*}} type !quant.uniform<i8:f32, 0.0078431377187371254:-128> :
// CHECK: "inner" {{.*}} type !quant.uniform<[[T]]> {narrow.notes = ["takes the type of 'outer', which it is joined into"]} :
// CHECK: "outer" {{.*}} type !quant.uniform<[[T]]> :
func.func @concat(%x: tensor<1x4xf32> {narrow.name = "x"}) -> (tensor<2x4xf32>, tensor<1x4xf32>) {
  %start = tosa.const_shape {values = dense<[1, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %s = tosa.const_shape {values = dense<[1, 4]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = narrow.observe %x "x" range <min = [0.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x4xf32>
  %a = tosa.exp %0 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // expected-remark@+1 {{'a': takes the type of 'inner', which it is joined into}}
  %1 = narrow.observe %a "a" range <min = [0.0], max = [4.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x4xf32>
  %b = tosa.abs %0 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = narrow.observe %b "b" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x4xf32>
  %3 = tosa.reshape %1, %s : (tensor<1x4xf32>, !tosa.shape<2>) -> tensor<1x4xf32>
  %i = tosa.concat %3, %3 {axis = 0 : i32} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  // expected-remark@+1 {{'inner': takes the type of 'outer', which it is joined into}}
  %4 = narrow.observe %i "inner" range <min = [0.0], max = [4.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<2x4xf32>
  %5 = tosa.slice %4, %start, %s : (tensor<2x4xf32>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x4xf32>
  %o = tosa.concat %5, %2 {axis = 0 : i32} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %6 = narrow.observe %o "outer" range <min = [0.0], max = [8.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<2x4xf32>
  return %6, %2 : tensor<2x4xf32>, tensor<1x4xf32>
}

// -----

// What tokens get codes of has 16 bits: 3 / 32767. The bias is at scale_x * scale_w of that.
// CHECK-LABEL: func.func @tokens
// CHECK: "x" {{.*}} type !quant.uniform<i16:f32, 9.155{{.*}}E-5> :
// CHECK: "zeros" {{.*}} type !quant.uniform<i16:f32, 1.000000e+00>
func.func @tokens(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 2.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.1]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-3.0], max = [1.0]> scheme <8 bits, symmetric, restricted, per_token> : tensor<1x2x2x2xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [-1.0, 0.25], max = [0.5, 2.0]> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  // expected-remark@+1 {{'zeros': all values are zero}}
  %3 = narrow.observe %2 "zeros" range <min = [0.0], max = [0.0]> scheme <8 bits, symmetric, restricted, per_token> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}
