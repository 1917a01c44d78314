// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --canonicalize --cse --narrow-verify-accumulators --narrow-verify-integer | FileCheck %s
// RUN: not narrow-opt %s --split-input-file --narrow-lower-to-integer=strict=true 2>&1 | FileCheck %s --check-prefix=STRICT

// A quantization behind an average is none of its operand: what it clips and rounds is the mean. The
// convolution is one of integers still, its accumulator is read as numbers.

!x = !quant.uniform<i8:f32, 0.5>
!w = !quant.uniform<i8:f32:0, {0.5, 0.25}>
!y = !quant.uniform<i8:f32, 0.125>
// CHECK-LABEL: func.func private @network(
// CHECK:       %[[A:.*]] = tosa.conv2d {{.*}} -> tensor<1x4x4x2xi32>
// CHECK-NEXT:  %[[S:.*]] = quant.scast %[[A]] : tensor<1x4x4x2xi32> to tensor<1x4x4x2x!quant.uniform<i32:f32:3, {2.500000e-01,1.250000e-01}>>
// CHECK-NEXT:  %[[D:.*]] = narrow.dequantize %[[S]]
// CHECK-NEXT:  %[[R:.*]] = tosa.clamp %[[D]] {{.*}}narrow.float_reason = "its result is not quantized"
// CHECK-NEXT:  %[[M:.*]] = tosa.avg_pool2d %[[R]]
// CHECK-SAME:    narrow.float_reason = "its operand is not quantized, and to quantize that is not to quantize its result"
// CHECK-NEXT:  %[[Q:.*]] = narrow.quantize %[[M]] {{.*}} to tensor<1x2x2x2x!quant.uniform<i8:f32, 1.250000e-01>>
// STRICT:      error: 'mean' (tosa.avg_pool2d) stays float: its operand is not quantized, and to quantize that is not to quantize its result
func.func @main(%x: tensor<1x4x4x1xf32>) -> tensor<1x2x2x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %wc = "tosa.const"() <{values = dense<[[[[3]]], [[[-5]]]]> : tensor<2x1x1x1xi8>}> : () -> tensor<2x1x1x1xi8>
  %wq = quant.scast %wc : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = narrow.dequantize %wq : tensor<2x1x1x1x!w> to tensor<2x1x1x1xf32>
  %q = narrow.quantize %x : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!x>
  %d = narrow.dequantize %q : tensor<1x4x4x1x!x> to tensor<1x4x4x1xf32>
  %c = tosa.conv2d %d, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %r = tosa.clamp %c {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %m = tosa.avg_pool2d %r, %z, %z {narrow.id = "mean", acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %mq = narrow.quantize %m : tensor<1x2x2x2xf32> to tensor<1x2x2x2x!y>
  %md = narrow.dequantize %mq : tensor<1x2x2x2x!y> to tensor<1x2x2x2xf32>
  return %md : tensor<1x2x2x2xf32>
}

// -----

// Averages of codes are integers. At the operand's scale they are TOSA's; at another the window is summed
// and the mean rounded once, to the codes that are asked for (0.5 / 4 / 0.25 = 2^29 * 2^-30).

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25:-7>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4x4x2xi8>
// CHECK-DAG:   %[[ONES:.*]] = "tosa.const"() <{values = dense<1> : tensor<2x2x2x1xi8>}>
// CHECK-DAG:   %[[ZX:.*]] = "tosa.const"() <{values = dense<3> : tensor<1xi8>}>
// CHECK-DAG:   %[[ZY:.*]] = "tosa.const"() <{values = dense<-7> : tensor<1xi8>}>
// CHECK-DAG:   %[[HALF:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}>
// CHECK-DAG:   tosa.avg_pool2d %[[X]], %[[ZX]], %[[ZX]] {acc_type = i32, {{.*}}narrow.id = "same"
// CHECK-DAG:   %[[A:.*]] = tosa.depthwise_conv2d %[[X]], %[[ONES]], %{{.*}}, %[[ZX]], %{{.*}} -> tensor<1x3x3x2xi32>
// CHECK:       %[[Y:.*]] = tosa.rescale %[[A]], %[[HALF]], %{{.*}}, %{{.*}}, %[[ZY]] {{.*}}narrow.id = "other"
// CHECK-NEXT:  %[[B:.*]] = tosa.clamp %[[Y]] {max_val = 1 : i8, min_val = -7 : i8
// At the edges fewer elements are averaged.
// CHECK:       tosa.avg_pool2d {{.*}}narrow.float_reason = "it averages fewer elements at the edges, and its result has another scale than its operand", narrow.id = "edges"
func.func @main(%x: tensor<1x4x4x2xf32>) -> (tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>, tensor<1x5x5x2xf32>) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!x>
  %d = narrow.dequantize %q : tensor<1x4x4x2x!x> to tensor<1x4x4x2xf32>
  %a = tosa.avg_pool2d %d, %z, %z {narrow.id = "same", acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  %aq = narrow.quantize %a : tensor<1x3x3x2xf32> to tensor<1x3x3x2x!x>
  %ad = narrow.dequantize %aq : tensor<1x3x3x2x!x> to tensor<1x3x3x2xf32>
  %b = tosa.avg_pool2d %d, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  %r = tosa.clamp %b {narrow.id = "other", min_val = 0.0 : f32, max_val = 2.0 : f32} : (tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %bq = narrow.quantize %r : tensor<1x3x3x2xf32> to tensor<1x3x3x2x!y>
  %bd = narrow.dequantize %bq : tensor<1x3x3x2x!y> to tensor<1x3x3x2xf32>
  %e = tosa.avg_pool2d %d, %z, %z {narrow.id = "edges", acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>} : (tensor<1x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x5x5x2xf32>
  %eq = narrow.quantize %e : tensor<1x5x5x2xf32> to tensor<1x5x5x2x!y>
  %ed = narrow.dequantize %eq : tensor<1x5x5x2x!y> to tensor<1x5x5x2xf32>
  return %ad, %bd, %ed : tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>, tensor<1x5x5x2xf32>
}

// -----

// So is interpolation: the weights add up to 4 * 2, eight zero points go off. 0.5 / 8 / 0.25 = 2^30 * 2^-32.

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25:-7>
// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[Z:.*]] = "tosa.const"() <{values = dense<24> : tensor<1x1x1x1xi32>}>
// CHECK-DAG:   %[[SHIFT:.*]] = "tosa.const"() <{values = dense<32> : tensor<1xi8>}>
// CHECK:       %[[S:.*]] = tosa.resize {{.*}}mode = BILINEAR{{.*}} -> tensor<1x4x3x8xi32>
// CHECK-NEXT:  %[[D:.*]] = tosa.sub %[[S]], %[[Z]]
// CHECK-NEXT:  tosa.rescale %[[D]], %{{.*}}, %[[SHIFT]], {{.*}}narrow.id = "linear"
func.func @main(%x: tensor<1x2x3x8xf32>) -> tensor<1x4x3x8xf32> {
  %scale = tosa.const_shape {values = dense<[4, 2, 2, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %offset = tosa.const_shape {values = dense<[-1, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %border = tosa.const_shape {values = dense<[1, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %q = narrow.quantize %x : tensor<1x2x3x8xf32> to tensor<1x2x3x8x!x>
  %d = narrow.dequantize %q : tensor<1x2x3x8x!x> to tensor<1x2x3x8xf32>
  %r = tosa.resize %d, %scale, %offset, %border {mode = BILINEAR, narrow.id = "linear"} : (tensor<1x2x3x8xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x4x3x8xf32>
  %rq = narrow.quantize %r : tensor<1x4x3x8xf32> to tensor<1x4x3x8x!y>
  %rd = narrow.dequantize %rq : tensor<1x4x3x8x!y> to tensor<1x4x3x8xf32>
  return %rd : tensor<1x4x3x8xf32>
}

// -----

// Codes pass a pad whose number has a code (1.5 is 3 + 3), and a clamp whose bounds have codes or are beyond
// all. What else is padded with, or limited to, is none of the codes of the operand; its quantization, where
// there is one, is at the scale of that. Two tensors of different codes are no codes joined.

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25:3>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2xi8>
// CHECK-DAG:   %[[SIX:.*]] = "tosa.const"() <{values = dense<6> : tensor<1xi8>}>
// CHECK-DAG:   %[[MOST:.*]] = "tosa.const"() <{values = dense<127> : tensor<1xi8>}>
// CHECK-DAG:   tosa.pad %[[X]], %{{.*}}, %[[SIX]] {narrow.id = "on"}
// CHECK-DAG:   %[[Y:.*]] = tosa.rescale %[[X]]
// CHECK-DAG:   tosa.pad %[[Y]], %{{.*}}, %[[MOST]] {narrow.id = "far"}
// CHECK-DAG:   tosa.clamp %[[X]] {max_val = 7 : i8, min_val = -128 : i8, narrow.id = "two"
// CHECK-DAG:   tosa.pad {{.*}}narrow.float_reason = "its result is not quantized", narrow.id = "off"
// CHECK-DAG:   tosa.clamp {{.*}}narrow.float_reason = "its result is not quantized", narrow.id = "between"
// CHECK-DAG:   tosa.concat {{.*}}narrow.float_reason = "its result is not quantized", narrow.id = "joined"
func.func @main(%x: tensor<1x2xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x2xf32>, tensor<1x3xf32>, tensor<1x2xf32>, tensor<1x5xf32>) {
  %amount = tosa.const_shape {values = dense<[0, 0, 0, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %v = "tosa.const"() <{values = dense<1.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %f = "tosa.const"() <{values = dense<100.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %u = "tosa.const"() <{values = dense<1.6> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x : tensor<1x2xf32> to tensor<1x2x!x>
  %d = narrow.dequantize %q : tensor<1x2x!x> to tensor<1x2xf32>
  %on = tosa.pad %d, %amount, %v {narrow.id = "on"} : (tensor<1x2xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<1x3xf32>
  %far = tosa.pad %d, %amount, %f {narrow.id = "far"} : (tensor<1x2xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<1x3xf32>
  %fq = narrow.quantize %far : tensor<1x3xf32> to tensor<1x3x!y>
  %fd = narrow.dequantize %fq : tensor<1x3x!y> to tensor<1x3xf32>
  %two = tosa.clamp %d {narrow.id = "two", min_val = -66.0 : f32, max_val = 2.0 : f32} : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %off = tosa.pad %d, %amount, %u {narrow.id = "off"} : (tensor<1x2xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<1x3xf32>
  %between = tosa.clamp %d {narrow.id = "between", min_val = -66.0 : f32, max_val = 2.1 : f32} : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %joined = tosa.concat %d, %fd {narrow.id = "joined", axis = 1 : i32} : (tensor<1x2xf32>, tensor<1x3xf32>) -> tensor<1x5xf32>
  return %on, %fd, %two, %off, %between, %joined : tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x2xf32>, tensor<1x3xf32>, tensor<1x2xf32>, tensor<1x5xf32>
}

// -----

// A layer that reads what has no codes computes in float, with constant weights.

!x = !quant.uniform<i8:f32, 0.5>
!w = !quant.uniform<i8:f32:0, {0.5, 0.25}>
!y = !quant.uniform<i8:f32, 0.125>
// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}1.500000e+00{{\]\]\]}}, {{\[\[\[}}-1.250000e+00{{\]\]\]\]}}> : tensor<2x1x1x1xf32>}>
// CHECK:       %[[M:.*]] = tosa.avg_pool2d
// CHECK:       tosa.conv2d %[[M]], %[[W]], {{.*}}narrow.float_reason = "its input is not quantized to 8 or 16 bits"
func.func @main(%x: tensor<1x4x4x1xf32>) -> tensor<1x3x3x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %wc = "tosa.const"() <{values = dense<[[[[3]]], [[[-5]]]]> : tensor<2x1x1x1xi8>}> : () -> tensor<2x1x1x1xi8>
  %wq = quant.scast %wc : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = narrow.dequantize %wq : tensor<2x1x1x1x!w> to tensor<2x1x1x1xf32>
  %q = narrow.quantize %x : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!x>
  %d = narrow.dequantize %q : tensor<1x4x4x1x!x> to tensor<1x4x4x1xf32>
  %m = tosa.avg_pool2d %d, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  %c = tosa.conv2d %m, %w, %z, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x3x3x1xf32>, tensor<2x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  %cq = narrow.quantize %c : tensor<1x3x3x2xf32> to tensor<1x3x3x2x!y>
  %cd = narrow.dequantize %cq : tensor<1x3x3x2x!y> to tensor<1x3x3x2xf32>
  return %cd : tensor<1x3x3x2xf32>
}
