// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json" --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json" --narrow-assign-bit-width --narrow-assign-granularity --narrow-assign-scales --narrow-verify-annotated --narrow-quantize --narrow-verify-quantized --split-input-file | FileCheck %s --check-prefix=QUANTIZED

// Rule N77, with the ids and numbers of the table: x in [-1, 4], relu in [0.5, 8], sigmoid in [0.25, 0.75].

// The root of what is far from 0 becomes a table.
// CHECK-LABEL: @table
// CHECK-NOT:   float_reason
// QUANTIZED-LABEL: @table
// QUANTIZED-NOT:   float_reason
func.func @table(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "sigmoid" : tensor<1x4x4x2xf32>
  %1 = tosa.exp %0 {narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = narrow.activation sqrt %2 {narrow.id = "x"} : tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "x" : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}

// -----

// Nothing but the reciprocal reads the sum near 0: it stays float, and so does what reads the quotient. The
// result is limited to its range; the input is read as codes by another op, and as it is by the sum.
// CHECK-LABEL: @reciprocal
// CHECK:       %[[O:.*]] = narrow.observe %arg0 "x"
// CHECK-NEXT:  %[[R:.*]] = tosa.reciprocal %arg0 {narrow.float_reason = "codes of 8 bits of its operand leave {{.*}} dB of it, 20 are asked for (N77)", narrow.id = "q"}
// CHECK-NEXT:  %[[L:.*]] = tosa.clamp %[[R]] {max_val = 8.000000e+00 : f32, min_val = 0.000000e+00 : f32, narrow.float_reason = "it limits 'relu' to its range, as codes do"}
// CHECK-NEXT:  narrow.observe %[[L]] "relu"
// CHECK:       tosa.tanh %[[O]]
// QUANTIZED-LABEL: @reciprocal
// QUANTIZED:   narrow.quantize %arg0
// QUANTIZED:   %[[R:.*]] = tosa.reciprocal %arg0 {narrow.float_reason
// QUANTIZED:   %[[L:.*]] = tosa.clamp %[[R]]
func.func @reciprocal(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.reciprocal %0 {narrow.id = "q"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = tosa.tanh %0 {narrow.id = "t"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sigmoid" : tensor<1x4x4x2xf32>
  return %2, %4 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}

// -----

// A chain that nothing else reads, down to the contraction, which is one of integers: its i32 sums are read.
// CHECK-LABEL: @chain
// CHECK:       tosa.conv2d
// CHECK-NOT:   float_reason
// CHECK:       narrow.observe %{{.*}} "sigmoid" range {{.*}}narrow.float_reason
// CHECK-NEXT:  tosa.abs %{{.*}} {narrow.float_reason = "'x', which it computes, stays float", narrow.id = "a"}
// CHECK-NEXT:  narrow.observe %{{.*}} "x" range {{.*}}narrow.float_reason
// CHECK-NEXT:  tosa.log {{.*}}narrow.float_reason = "codes of 8 bits of its operand
// QUANTIZED-LABEL: @chain
// QUANTIZED:   %[[C:.*]] = tosa.conv2d
// QUANTIZED-NOT: narrow.quantize
// QUANTIZED:   %[[A:.*]] = tosa.abs %[[C]] {narrow.float_reason
// QUANTIZED-NEXT: %[[G:.*]] = tosa.log %[[A]] {narrow.float_reason
// QUANTIZED-NEXT: %[[L:.*]] = tosa.clamp %[[G]]
// QUANTIZED-NEXT: return %[[L]]
func.func @chain(%i: tensor<1x4x4x2xf32> {narrow.name = "i"}) -> tensor<1x4x4x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %i : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!quant.uniform<i8:f32, 0.5>>
  %d = narrow.dequantize %q : tensor<1x4x4x2x!quant.uniform<i8:f32, 0.5>> to tensor<1x4x4x2xf32>
  %0 = tosa.conv2d %d, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = narrow.observe %0 "sigmoid" : tensor<1x4x4x2xf32>
  %2 = tosa.abs %1 {narrow.id = "a"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %3 = narrow.observe %2 "x" : tensor<1x4x4x2xf32>
  %4 = tosa.log %3 {narrow.id = "l"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %5 = narrow.observe %4 "relu" : tensor<1x4x4x2xf32>
  return %5 : tensor<1x4x4x2xf32>
}
