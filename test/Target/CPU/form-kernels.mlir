// RUN: narrow-opt %s --narrow-form-kernels --split-input-file --verify-diagnostics | FileCheck %s

// A residual block is two kernels: the second convolution, the addition and both
// rescales are one, the accumulator is never stored. The input of a convolution
// is copied to where it has a border; the constants go inside.
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x8x8x32xi8>
// CHECK-NEXT:    %[[I:.*]] = narrow.kernel @k0_identity ({{.*}} = %[[X]] : tensor<1x8x8x32xi8>)
// CHECK:         %[[C:.*]] = narrow.kernel @k1_first (%{{.*}} = %[[I]] : tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8>
// CHECK:           tosa.conv2d
// CHECK-NEXT:      tosa.rescale
// CHECK-NEXT:      tosa.clamp
// CHECK-NEXT:      narrow.yield
// CHECK:         %[[S:.*]] = narrow.kernel @k2_sum (
// CHECK-SAME:      ) -> tensor<1x8x8x32xi8>
// CHECK-DAG:       tosa.conv2d
// CHECK-DAG:       tosa.rescale {{.*}} -> tensor<1x8x8x32xi32>
// CHECK-DAG:       tosa.rescale {{.*}}tensor<1x8x8x32xi8>, {{.*}} -> tensor<1x8x8x32xi32>
// CHECK:           tosa.add
// CHECK-NEXT:      tosa.rescale {{.*}} -> tensor<1x8x8x32xi8>
// CHECK-NEXT:      narrow.yield
// CHECK-NOT:     narrow.kernel
// CHECK:         return %[[S]]
func.func private @network(%x: tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8> {
  %w = "tosa.const"() <{values = dense<3> : tensor<32x3x3x32xi8>}> : () -> tensor<32x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<32xi32>}> : () -> tensor<32xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  %2 = tosa.clamp %1 {min_val = -5 : i8, max_val = 127 : i8, narrow.id = "first"} : (tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8>
  %3 = tosa.conv2d %2, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %4 = tosa.rescale %3, %m, %s, %z32, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<1x8x8x32xi32>
  %5 = tosa.rescale %x, %m, %s, %xz, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x8x8x32xi32>
  %6 = tosa.add %4, %5 : (tensor<1x8x8x32xi32>, tensor<1x8x8x32xi32>) -> tensor<1x8x8x32xi32>
  %7 = tosa.rescale %6, %m, %s, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "sum"}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  return %7 : tensor<1x8x8x32xi8>
}

// -----

// What two ops read is stored once: the rescale ends its kernel.
// CHECK-LABEL: func.func private @network(
// CHECK:         %[[A:.*]] = narrow.kernel @k1_shared
// CHECK:           tosa.conv2d
// CHECK-NEXT:      tosa.rescale
// CHECK-NEXT:      narrow.yield
// CHECK:         %[[L:.*]] = narrow.kernel @k2_low ({{.*}} = %[[A]] :
// CHECK-NEXT:      tosa.clamp
// CHECK-NEXT:      narrow.yield
// CHECK:         %[[H:.*]] = narrow.kernel @k3_high ({{.*}} = %[[A]] :
// CHECK-NEXT:      tosa.clamp
// CHECK:         return %[[L]], %[[H]]
func.func private @network(%x: tensor<1x8x8x32xi8>) -> (tensor<1x8x8x32xi8>, tensor<1x8x8x32xi8>) {
  %w = "tosa.const"() <{values = dense<3> : tensor<32x3x3x32xi8>}> : () -> tensor<32x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<32xi32>}> : () -> tensor<32xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "shared"}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  %2 = tosa.clamp %1 {min_val = -128 : i8, max_val = 5 : i8, narrow.id = "low"} : (tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8>
  %3 = tosa.clamp %1 {min_val = 5 : i8, max_val = 127 : i8, narrow.id = "high"} : (tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8>
  return %2, %3 : tensor<1x8x8x32xi8>, tensor<1x8x8x32xi8>
}

// -----

// Of two convolutions that are added one must be stored. It is stored as codes,
// not as accumulators: its kernel takes the rescale.
// CHECK-LABEL: func.func private @network(
// CHECK:         narrow.kernel @{{.*}} -> tensor<1x8x8x32xi8>
// CHECK:         narrow.kernel @k1_{{.*}} -> tensor<1x8x8x32xi8>
// CHECK:           tosa.conv2d
// CHECK-NEXT:      tosa.rescale {{.*}} -> tensor<1x8x8x32xi8>
// CHECK-NEXT:      narrow.yield
// CHECK:         narrow.kernel @k2_{{.*}} -> tensor<1x8x8x32xi8>
// CHECK:           tosa.conv2d
// CHECK:           tosa.add
// CHECK:           tosa.rescale
// CHECK-NEXT:      narrow.yield
func.func private @network(%x: tensor<1x8x8x32xi8>) -> tensor<1x8x8x32xi8> {
  %w = "tosa.const"() <{values = dense<3> : tensor<32x3x3x32xi8>}> : () -> tensor<32x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<32xi32>}> : () -> tensor<32xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "one"}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  %2 = tosa.rescale %1, %m, %s, %xz, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x8x8x32xi32>
  %3 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %4 = tosa.rescale %3, %m, %s, %z32, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<1x8x8x32xi32>
  %5 = tosa.add %2, %4 : (tensor<1x8x8x32xi32>, tensor<1x8x8x32xi32>) -> tensor<1x8x8x32xi32>
  %6 = tosa.rescale %5, %m, %s, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "sum"}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  return %6 : tensor<1x8x8x32xi8>
}

// -----

// The average of a plane reads codes and ends with codes: one kernel.
// CHECK-LABEL: func.func private @network(
// CHECK:         narrow.kernel @k0_mean (%{{.*}} = %{{.*}} : tensor<1x8x8x32xi8>) -> tensor<1x1x1x32xi8>
// CHECK:           tosa.rescale {{.*}} -> tensor<1x8x8x32xi32>
// CHECK-NEXT:      tosa.reduce_sum
// CHECK-NEXT:      tosa.reduce_sum
// CHECK-NEXT:      tosa.rescale {{.*}} -> tensor<1x1x1x32xi8>
// CHECK-NEXT:      narrow.yield
// CHECK-NOT:     narrow.kernel
func.func private @network(%x: tensor<1x8x8x32xi8>) -> tensor<1x1x1x32xi8> {
  %w = "tosa.const"() <{values = dense<3> : tensor<32x3x3x32xi8>}> : () -> tensor<32x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<32xi32>}> : () -> tensor<32xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.rescale %x, %m, %s, %xz, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x8x8x32xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x8x8x32xi32>
  %1 = tosa.reduce_sum %0 {axis = 1 : i32} : (tensor<1x8x8x32xi32>) -> tensor<1x1x8x32xi32>
  %2 = tosa.reduce_sum %1 {axis = 2 : i32} : (tensor<1x1x8x32xi32>) -> tensor<1x1x1x32xi32>
  %3 = tosa.rescale %2, %m, %s, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "mean"}
    : (tensor<1x1x1x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x1x1x32xi8>
  return %3 : tensor<1x1x1x32xi8>
}

// -----

// Movements stand alone: most are views and cost nothing.
// CHECK-LABEL: func.func private @network(
// CHECK:         narrow.kernel @k0_limit
// CHECK-NEXT:      tosa.clamp
// CHECK-NEXT:      narrow.yield
// CHECK:         narrow.kernel @k1_turned
// CHECK-NEXT:      tosa.transpose
// CHECK-NEXT:      narrow.yield
func.func private @network(%x: tensor<1x2x3x4xi8>) -> tensor<1x4x2x3xi8> {
  %0 = tosa.clamp %x {min_val = -5 : i8, max_val = 127 : i8, narrow.id = "limit"} : (tensor<1x2x3x4xi8>) -> tensor<1x2x3x4xi8>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 3, 1, 2>, narrow.id = "turned"} : (tensor<1x2x3x4xi8>) -> tensor<1x4x2x3xi8>
  return %1 : tensor<1x4x2x3xi8>
}

// -----

// An observer yields the place of what it reads. An argument has no border, so
// a copy of it is observed.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x8x8x1xf32>
// CHECK-NEXT:    %[[I:.*]] = narrow.kernel @k0_identity ({{.*}} = %[[X]] :
// CHECK:         %[[O:.*]] = narrow.observe %[[I]] "x"
// CHECK-NEXT:    narrow.kernel @k1_c ({{.*}} = %[[O]] :
func.func @main(%x: tensor<1x8x8x1xf32>) -> tensor<1x8x8x1xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x3x3x1xf32>}> : () -> tensor<1x3x3x1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %o = narrow.observe %x "x" : tensor<1x8x8x1xf32>
  %0 = tosa.conv2d %o, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "c"}
    : (tensor<1x8x8x1xf32>, tensor<1x3x3x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x1xf32>
  return %0 : tensor<1x8x8x1xf32>
}

// -----

// The bytes of words that two kernels read: each is one pass over them, nothing is stored between.
// CHECK-LABEL: func.func private @network(
// CHECK:         narrow.kernel @k0_sum
// CHECK:         %[[H:.*]] = narrow.kernel @k1_high ({{.*}}: tensor<1x8x8x4xi16>) -> tensor<1x8x8x4xi8>
// CHECK:           tosa.arithmetic_right_shift
// CHECK-NEXT:      tosa.cast
// CHECK:         %[[L:.*]] = narrow.kernel @k2_low ({{.*}}: tensor<1x8x8x4xi16>) -> tensor<1x8x8x4xi8>
// CHECK:           tosa.bitwise_xor
// CHECK-NEXT:      tosa.cast
// CHECK-NOT:     narrow.kernel
// CHECK:         return %[[H]], %[[L]]
func.func private @network(%x: tensor<1x8x8x4xi16>) -> (tensor<1x8x8x4xi8>, tensor<1x8x8x4xi8>) {
  %eight = "tosa.const"() <{values = dense<8> : tensor<1x1x1x1xi16>}> : () -> tensor<1x1x1x1xi16>
  %top = "tosa.const"() <{values = dense<128> : tensor<1x1x1x1xi16>}> : () -> tensor<1x1x1x1xi16>
  %y = tosa.clamp %x {min_val = 0 : i16, max_val = 32767 : i16, narrow.id = "sum"} : (tensor<1x8x8x4xi16>) -> tensor<1x8x8x4xi16>
  %0 = tosa.arithmetic_right_shift %y, %eight {round = false} : (tensor<1x8x8x4xi16>, tensor<1x1x1x1xi16>) -> tensor<1x8x8x4xi16>
  %1 = tosa.cast %0 {narrow.id = "high"} : (tensor<1x8x8x4xi16>) -> tensor<1x8x8x4xi8>
  %2 = tosa.bitwise_xor %y, %top : (tensor<1x8x8x4xi16>, tensor<1x1x1x1xi16>) -> tensor<1x8x8x4xi16>
  %3 = tosa.cast %2 {narrow.id = "low"} : (tensor<1x8x8x4xi16>) -> tensor<1x8x8x4xi8>
  return %1, %3 : tensor<1x8x8x4xi8>, tensor<1x8x8x4xi8>
}

// -----

func.func @main(%x: tensor<1x4x4x1xf32>, %i: tensor<1x2xi32>) -> tensor<1x2x16xf32> {
  %s = tosa.const_shape {values = dense<[1, 1, 16]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %0 = tosa.reshape %x, %s : (tensor<1x4x4x1xf32>, !tosa.shape<3>) -> tensor<1x1x16xf32>
  // expected-error @below {{cannot be compiled: no code generation for tosa.gather}}
  %1 = tosa.gather %0, %i : (tensor<1x1x16xf32>, tensor<1x2xi32>) -> tensor<1x2x16xf32>
  return %1 : tensor<1x2x16xf32>
}
