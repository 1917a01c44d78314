// RUN: narrow-opt %s --split-input-file --narrow-verify-accumulators=remarks=true --verify-diagnostics | FileCheck %s

// Codes in [-128, 127] less 28 lie in [-156, 99]. Channel 0 has the weights 2
// and -1 and the bias 1000: [2*-156 - 99, 2*99 + 156 + 1000]. Channel 1 has
// [-127*156*2 - 5, 127*99*2], -39629, in 16 bits.

// CHECK-LABEL: func.func @bounds
// CHECK:       narrow.accumulator_bits = 16 : i32
func.func @bounds(%x: tensor<1x1x1x2xi8>) -> tensor<1x1x1x2xi32> {
  %zx = "tosa.const"() <{values = dense<28> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zw = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %w = "tosa.const"() <{values = dense<[[[[2, -1]]], [[[127, 127]]]]> : tensor<2x1x1x2xi8>}> : () -> tensor<2x1x1x2xi8>
  %b = "tosa.const"() <{values = dense<[1000, -5]> : tensor<2xi32>}> : () -> tensor<2xi32>
  // expected-remark @below {{'c': accumulator needs 16 of 31 bits (channel 1)}}
  %0 = tosa.conv2d %x, %w, %b, %zx, %zw {narrow.id = "c", acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x1x1x2xi32>
  return %0 : tensor<1x1x1x2xi32>
}

// -----

// A clamp tightens the input: codes in [0, 3], so at most 3 * 127 * 2.
// CHECK-LABEL: func.func @known_input
// CHECK:       narrow.accumulator_bits = 10 : i32
func.func @known_input(%x: tensor<1x1x1x2xi8>) -> tensor<1x1x1x1xi32> {
  %c = tosa.clamp %x {min_val = 0 : i8, max_val = 3 : i8} : (tensor<1x1x1x2xi8>) -> tensor<1x1x1x2xi8>
  %w = "tosa.const"() <{values = dense<127> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  // expected-remark @below {{'narrow.conv2d': accumulator needs 10 of 31 bits (channel 0)}}
  %0 = narrow.conv2d %c, %w, %b group 1 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x1x1x2xi8>, tensor<1x1x1x2xi8>, tensor<1xi32>) -> tensor<1x1x1x1xi32>
  return %0 : tensor<1x1x1x1xi32>
}

// -----

func.func @overflow(%x: tensor<1x1x1x1xi8>) -> tensor<1x1x1x2xi32> {
  %w = "tosa.const"() <{values = dense<-128> : tensor<2x1x1x1xi8>}> : () -> tensor<2x1x1x1xi8>
  %b = "tosa.const"() <{values = dense<[0, 2147483647]> : tensor<2xi32>}> : () -> tensor<2xi32>
  // expected-error @below {{the accumulator of channel 1 can reach [-16256, 2147500031] and needs 32 of 31 bits}}
  %0 = narrow.conv2d %x, %w, %b group 1 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x1x1x1xi8>, tensor<2x1x1x1xi8>, tensor<2xi32>) -> tensor<1x1x1x2xi32>
  return %0 : tensor<1x1x1x2xi32>
}

// -----

// 2^30 >> 25 is a factor of 32: 127 * 2^20 * 32 leaves 32 bits.
func.func @rescale(%x: tensor<4xi8>) -> tensor<4xi32> {
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s10 = "tosa.const"() <{values = dense<10> : tensor<1xi8>}> : () -> tensor<1xi8>
  %s25 = "tosa.const"() <{values = dense<25> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %0 = tosa.rescale %x, %m, %s10, %z8, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<4xi32>
  // expected-error @below {{channel 0 multiplies numbers in [-134217728, 133169152] by 3.200000e+01, which can leave 32 bits}}
  %1 = tosa.rescale %0, %m, %s25, %z32, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<4xi32>
  return %1 : tensor<4xi32>
}

// -----

func.func @sum(%x: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error @below {{can reach [-4294967296, 4294967294] and needs 32 of 31 bits}}
  %0 = tosa.add %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// -----

// Codes of tokens lie in [-127, 127], maxima in [1, 2^15]: sums of up to 254 * 127 times 2^15 need 30 bits.
// CHECK-LABEL: func.func @tokens
// CHECK:       narrow.accumulator_bits = 15 : i32
func.func @tokens(%x: tensor<1x4x1x2xi16>) -> (tensor<1x4x1x1xi32>, tensor<1x4x1x1xi32>) {
  %m = narrow.token_maxima %x : tensor<1x4x1x2xi16> -> tensor<1x4x1x1xi32>
  %q = narrow.quantize_tokens %x, %m to 127 : (tensor<1x4x1x2xi16>, tensor<1x4x1x1xi32>) -> tensor<1x4x1x2xi8>
  %w = "tosa.const"() <{values = dense<127> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  // expected-remark @below {{'narrow.conv2d': accumulator needs 15 of 31 bits (channel 0)}}
  %s = narrow.conv2d %q, %w, %b group 1 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x4x1x2xi8>, tensor<1x1x1x2xi8>, tensor<1xi32>) -> tensor<1x4x1x1xi32>
  %p = narrow.rescale_tokens %s, %m shift 0 : (tensor<1x4x1x1xi32>, tensor<1x4x1x1xi32>) -> tensor<1x4x1x1xi32>
  return %s, %p : tensor<1x4x1x1xi32>, tensor<1x4x1x1xi32>
}

// -----

func.func @tokens_overflow(%x: tensor<1x4x1x2xi16>, %s: tensor<1x4x1x1xi8>) -> tensor<1x4x1x1xi32> {
  %m = narrow.token_maxima %x : tensor<1x4x1x2xi16> -> tensor<1x4x1x1xi32>
  %mp = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %sh = "tosa.const"() <{values = dense<20> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %w = tosa.rescale %s, %mp, %sh, %z8, %z32 {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true}
    : (tensor<1x4x1x1xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x4x1x1xi32>
  // expected-error @below {{'narrow.rescale_tokens': its result can reach [-4294967296, 4261412864] and needs 32 of 31 bits; use coarser scales}}
  %o = narrow.rescale_tokens %w, %m shift 0 : (tensor<1x4x1x1xi32>, tensor<1x4x1x1xi32>) -> tensor<1x4x1x1xi32>
  return %o : tensor<1x4x1x1xi32>
}
