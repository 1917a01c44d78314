// RUN: narrow-opt %s --narrow-align-operands --split-input-file --verify-diagnostics | FileCheck %s
// RUN: narrow-opt %s --narrow-align-operands=which=add --split-input-file | FileCheck %s --check-prefix=ADD
// RUN: narrow-opt %s --narrow-align-operands=which=concat --split-input-file | FileCheck %s --check-prefix=CONCAT
// RUN: narrow-opt %s --narrow-align-operands --narrow-assign-granularity --narrow-assign-scales --split-input-file 2>/dev/null | FileCheck %s --check-prefix=SCALES

// Two additions, one after the other, with a max pool between, are one group. The clamp
// merges into the sum. What a multiplication reads is not aligned, but may be in a group.
// CHECK-LABEL: func.func @stream
// CHECK: "x" range <min = [-3.000000e+00], max = [4.000000e+00], from = aligned> scheme <8 bits, asymmetric, per_tensor> :
// CHECK: "y" range <min = [-3.000000e+00], max = [4.000000e+00], from = aligned>
// CHECK: "sum" range <min = [-3.000000e+00], max = [4.000000e+00], from = aligned>
// CHECK: "v" range <min = [-3.000000e+00], max = [4.000000e+00], from = aligned>
// CHECK: "sum2" range <min = [-3.000000e+00], max = [4.000000e+00], from = aligned>
// CHECK: "product" range <min = [-9.000000e+00], max = [9.000000e+00]> scheme <8 bits, asymmetric, per_tensor> :
// CONCAT-LABEL: func.func @stream
// CONCAT-NOT: aligned
// SCALES-LABEL: func.func @stream
// SCALES: "x" {{.*}} type !quant.uniform<[[T:i8:f32, [^>]*]]>
// SCALES: "y" {{.*}} type !quant.uniform<[[T]]>
// SCALES: "sum" {{.*}} type !quant.uniform<[[T]]>
// SCALES: "v" {{.*}} type !quant.uniform<[[T]]>
// SCALES: "sum2" {{.*}} type !quant.uniform<[[T]]>
!t = tensor<1x4x4x2xf32>
func.func @stream(%x: !t {narrow.name = "x"}, %y: !t {narrow.name = "y"}, %v: !t {narrow.name = "v"}) -> (!t, !t) {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-remark@+1 {{aligning 'x' costs it 10.9 dB}}
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %1 = narrow.observe %y "y" range <min = [-3.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %2 = tosa.add %0, %1 : (!t, !t) -> !t
  %3 = tosa.clamp %2 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (!t) -> !t
  // expected-remark@+1 {{aligning 'sum' costs it 10.9 dB}}
  %4 = narrow.observe %3 "sum" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %5 = narrow.observe %v "v" range <min = [0.0], max = [4.0], from = known> scheme <8 bits, asymmetric, per_tensor> : !t
  %6 = tosa.max_pool2d %4 {kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} : (!t) -> !t
  %7 = tosa.add %5, %6 : (!t, !t) -> !t
  // expected-remark@+1 {{aligning 'sum2' costs it 7.4 dB: its range becomes [-3.00, 4.00], not [0.00, 3.00]}}
  %8 = narrow.observe %7 "sum2" range <min = [0.0], max = [3.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %9 = tosa.mul %0, %8, %shift : (!t, !t, tensor<1xi8>) -> !t
  %10 = narrow.observe %9 "product" range <min = [-9.0], max = [9.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  return %8, %10 : !t, !t
}

// -----

// The convolution is added as an accumulator: the shortcut has the range of the sum.
// CHECK-LABEL: func.func @residual
// CHECK: "x" range <min = [-2.000000e+00], max = [6.000000e+00], from = aligned>
// CHECK: "conv/weight" weight range <min = [-1.000000e+00], max = [5.000000e-01]>
// CHECK: "sum" range <min = [-2.000000e+00], max = [6.000000e+00], from = aligned>
!t = tensor<1x4x4x2xf32>
func.func @residual(%x: !t {narrow.name = "x"}) -> !t {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 0.5]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.1]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %1 = narrow.observe %w "conv/weight" weight range <min = [-1.0], max = [0.5]> scheme <8 bits, symmetric, restricted, per_tensor> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (!t, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> !t
  %3 = tosa.add %0, %2 : (!t, !t) -> !t
  %4 = narrow.observe %3 "sum" range <min = [-2.0], max = [5.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  return %4 : !t
}

// -----

// An operand of a concat that is read elsewhere. A tensor in another scheme stays as it is.
// CHECK-LABEL: func.func @concat
// CHECK: "x" range <min = [-1.000000e+00], max = [3.000000e+00], from = aligned>
// CHECK: "z" range <min = [-7.000000e+00], max = [7.000000e+00]> scheme <4 bits
// CHECK: "joined" range <min = [-1.000000e+00], max = [3.000000e+00]> scheme <8 bits, asymmetric, per_tensor> :
// ADD-LABEL: func.func @concat
// ADD-NOT: aligned
// CONCAT-LABEL: func.func @concat
// CONCAT: "x" {{.*}}from = aligned
!t = tensor<1x4x4x2xf32>
func.func @concat(%x: !t {narrow.name = "x"}, %z: !t {narrow.name = "z"}) -> (tensor<1x4x4x4xf32>, !t) {
  // expected-remark@+1 {{aligning 'x' costs it 6.0 dB}}
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %1 = narrow.observe %z "z" range <min = [-7.0], max = [7.0]> scheme <4 bits, asymmetric, per_tensor> : !t
  // expected-remark@+1 {{'z' is not aligned with 'joined': their schemes differ}}
  %2 = tosa.concat %0, %1 {axis = 3 : i32} : (!t, !t) -> tensor<1x4x4x4xf32>
  %3 = narrow.observe %2 "joined" range <min = [-1.0], max = [3.0]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x4x4x4xf32>
  return %3, %0 : tensor<1x4x4x4xf32>, !t
}

// -----

// Nothing is gained where an operand is a constant or stays float.
// CHECK-LABEL: func.func @left_alone
// CHECK-NOT: aligned
!t = tensor<1x4x4x2xf32>
func.func @left_alone(%x: !t {narrow.name = "x"}) -> (!t, !t) {
  %c = "tosa.const"() <{values = dense<0.5> : !t}> : () -> !t
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %1 = narrow.observe %c "sum/operand1" weight scheme <8 bits, asymmetric, per_tensor> : !t
  %2 = tosa.add %0, %1 : (!t, !t) -> !t
  %3 = narrow.observe %2 "sum" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  %4 = narrow.observe %x "float" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> {narrow.float_reason = "user"} : !t
  %5 = tosa.add %0, %4 : (!t, !t) -> !t
  %6 = narrow.observe %5 "sum2" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  return %3, %6 : !t, !t
}
