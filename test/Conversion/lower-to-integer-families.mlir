// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --narrow-verify-integer --narrow-verify-accumulators --narrow-verify-integer-only | FileCheck %s
// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer=rounding=double \
// RUN:   --tosa-attach-target="profiles=pro_int extensions=int4,int16,doubleround,inexactround" \
// RUN:   --tosa-validate=strict-op-spec-alignment | FileCheck %s --check-prefix=DOUBLE
// DOUBLE: tosa.rescale {{.*}} rounding_mode = DOUBLE_ROUND

// A chain of element-wise functions of one tensor is one table.

!a = !quant.uniform<i8:f32, 0.0625>
!o = !quant.uniform<i8:f32, 0.0078125>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4xi8>
// -sigmoid(-8) = -0.0003 and -sigmoid(127/16) = -0.9996, in steps of 2^-7
// CHECK:       %[[T:.*]] = "tosa.const"() <{values = dense<"0x00
// CHECK-SAME:    8080"> : tensor<256xi8>}>
// CHECK:       %[[Y:.*]] = tosa.table %[[X]], %[[T]] {narrow.id = "neg"}
// CHECK-NEXT:  return %[[Y]]
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x : tensor<1x4xf32> to tensor<1x4x!a>
  %d = narrow.dequantize %q : tensor<1x4x!a> to tensor<1x4xf32>
  %s = tosa.sigmoid %d {narrow.id = "sig"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %n = tosa.negate %s, %z, %z {narrow.id = "neg"} : (tensor<1x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4xf32>
  %nq = narrow.quantize %n : tensor<1x4xf32> to tensor<1x4x!o>
  %nd = narrow.dequantize %nq : tensor<1x4x!o> to tensor<1x4xf32>
  return %nd : tensor<1x4xf32>
}

// -----

// x * sigmoid(x) without a quantization between is still one function.

!a = !quant.uniform<i8:f32, 0.0625>
// CHECK-LABEL: func.func private @network(
// CHECK:       tosa.table
// CHECK-NOT:   tosa.mul
// CHECK:       return
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x4xf32> to tensor<1x4x!a>
  %d = narrow.dequantize %q : tensor<1x4x!a> to tensor<1x4xf32>
  %s = tosa.sigmoid %d : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %m = tosa.mul %d, %s, %shift : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1xi8>) -> tensor<1x4xf32>
  %nq = narrow.quantize %m : tensor<1x4xf32> to tensor<1x4x!a>
  %nd = narrow.dequantize %nq : tensor<1x4x!a> to tensor<1x4xf32>
  return %nd : tensor<1x4xf32>
}

// -----

// Squeeze and excitation: a product of two tensors, one of them broadcast.

!a = !quant.uniform<i8:f32, 0.5:4>
!g = !quant.uniform<i8:f32, 0.00390625:-128>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2x2x3xi8> {{[^%]*}}%[[G:[^:]*]]: tensor<1x1x1x3xi8>
// CHECK:       %[[XW:.*]] = tosa.rescale %[[X]]
// CHECK:       %[[GW:.*]] = tosa.rescale %[[G]]
// CHECK:       %[[M:.*]] = tosa.mul %[[XW]], %[[GW]]
// CHECK-SAME:    -> tensor<1x2x2x3xi32>
// CHECK:       tosa.rescale %[[M]]
// CHECK-SAME:    narrow.id = "mul"
// CHECK-SAME:    -> tensor<1x2x2x3xi8>
func.func @main(%x: tensor<1x2x2x3xf32>, %g: tensor<1x1x1x3xf32>) -> tensor<1x2x2x3xf32> {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %gq = narrow.quantize %g : tensor<1x1x1x3xf32> to tensor<1x1x1x3x!g>
  %gd = narrow.dequantize %gq : tensor<1x1x1x3x!g> to tensor<1x1x1x3xf32>
  %q = narrow.quantize %x : tensor<1x2x2x3xf32> to tensor<1x2x2x3x!a>
  %d = narrow.dequantize %q : tensor<1x2x2x3x!a> to tensor<1x2x2x3xf32>
  %m = tosa.mul %d, %gd, %shift {narrow.id = "mul"} : (tensor<1x2x2x3xf32>, tensor<1x1x1x3xf32>, tensor<1xi8>) -> tensor<1x2x2x3xf32>
  %mq = narrow.quantize %m : tensor<1x2x2x3xf32> to tensor<1x2x2x3x!a>
  %md = narrow.dequantize %mq : tensor<1x2x2x3x!a> to tensor<1x2x2x3xf32>
  return %md : tensor<1x2x2x3xf32>
}

// -----

// A constant operand: for each channel in i32, for all of them in the table.

!a = !quant.uniform<i8:f32, 0.5>
// CHECK-LABEL: func.func private @network(
// CHECK:       %[[T:.*]] = tosa.table
// CHECK-SAME:    narrow.id = "scalar"
// CHECK:       %[[C:.*]] = "tosa.const"() <{values = dense<{{\[\[}}-32767, 16384{{\]\]}}> : tensor<1x2xi32>}>
// CHECK:       tosa.mul %{{.*}}, %[[C]]
// CHECK:       tosa.rescale
// CHECK-SAME:    narrow.id = "channel"
// CHECK:       tosa.add
// CHECK:       tosa.rescale
// CHECK-SAME:    narrow.id = "sum"
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %half = "tosa.const"() <{values = dense<-0.5> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %c = "tosa.const"() <{values = dense<[[-4.0, 2.0]]> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %q = narrow.quantize %x : tensor<1x2xf32> to tensor<1x2x!a>
  %d = narrow.dequantize %q : tensor<1x2x!a> to tensor<1x2xf32>
  %m = tosa.mul %d, %half, %shift {narrow.id = "scalar"} : (tensor<1x2xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x2xf32>
  %mq = narrow.quantize %m : tensor<1x2xf32> to tensor<1x2x!a>
  %md = narrow.dequantize %mq : tensor<1x2x!a> to tensor<1x2xf32>
  %n = tosa.mul %md, %c, %shift {narrow.id = "channel"} : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xi8>) -> tensor<1x2xf32>
  %nq = narrow.quantize %n : tensor<1x2xf32> to tensor<1x2x!a>
  %nd = narrow.dequantize %nq : tensor<1x2x!a> to tensor<1x2xf32>
  %s = tosa.add %nd, %c {narrow.id = "sum"} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %sq = narrow.quantize %s : tensor<1x2xf32> to tensor<1x2x!a>
  %sd = narrow.dequantize %sq : tensor<1x2x!a> to tensor<1x2xf32>
  return %sd : tensor<1x2xf32>
}

// -----

// Codes move. A concatenation brings its operands to the type that follows it;
// padding takes the code of its constant and goes into the convolution where
// that is 0; a grouped convolution keeps its groups.

!a = !quant.uniform<i8:f32, 0.5:7>
!b = !quant.uniform<i8:f32, 0.25>
!w = !quant.uniform<i8:f32, 0.03125>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4x4x2xi8> {{[^%]*}}%[[Y:[^:]*]]: tensor<1x4x4x2xi8>
// CHECK:       %[[P:.*]] = tosa.max_pool2d %[[X]]
// CHECK:       %[[R:.*]] = tosa.rescale %[[P]]
// CHECK:       %[[Q:.*]] = tosa.avg_pool2d %[[Y]],
// CHECK-SAME:    acc_type = i32
// CHECK:       %[[C:.*]] = tosa.concat %[[R]], %[[Q]] {axis = 3 : i32
// CHECK-SAME:    -> tensor<1x2x2x4xi8>
// CHECK-NOT:   tosa.pad
// CHECK:       %[[G:.*]] = narrow.conv2d %[[C]],
// CHECK-SAME:    group 2 pad [1, 1, 1, 1]
// CHECK:       tosa.rescale %[[G]]
// CHECK:       return
func.func @main(%x: tensor<1x4x4x2xf32>, %y: tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %xq = narrow.quantize %x : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!a>
  %xd = narrow.dequantize %xq : tensor<1x4x4x2x!a> to tensor<1x4x4x2xf32>
  %yq = narrow.quantize %y : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!b>
  %yd = narrow.dequantize %yq : tensor<1x4x4x2x!b> to tensor<1x4x4x2xf32>
  %p = tosa.max_pool2d %xd {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %v = tosa.avg_pool2d %yd, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %c = tosa.concat %p, %v {axis = 3 : i32, narrow.id = "concat"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x4xf32>
  %cq = narrow.quantize %c : tensor<1x2x2x4xf32> to tensor<1x2x2x4x!b>
  %cd = narrow.dequantize %cq : tensor<1x2x2x4x!b> to tensor<1x2x2x4xf32>
  %amount = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %pad = tosa.pad %cd, %amount, %z : (tensor<1x2x2x4xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x4x4x4xf32>
  %wc = "tosa.const"() <{values = dense<1> : tensor<2x3x3x2xi8>}> : () -> tensor<2x3x3x2xi8>
  %wq = quant.scast %wc : tensor<2x3x3x2xi8> to tensor<2x3x3x2x!w>
  %w = narrow.dequantize %wq : tensor<2x3x3x2x!w> to tensor<2x3x3x2xf32>
  %bias = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %g = narrow.conv2d %pad, %w, %bias group 2 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x4x4x4xf32>, tensor<2x3x3x2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %gq = narrow.quantize %g : tensor<1x2x2x2xf32> to tensor<1x2x2x2x!a>
  %gd = narrow.dequantize %gq : tensor<1x2x2x2x!a> to tensor<1x2x2x2xf32>
  return %gd : tensor<1x2x2x2xf32>
}

// -----

// A padding with another value stays, as its code: -1 / 0.5 + 7 = 5. A clamp
// between codes of one type is a clamp of codes: [-1, 2] is [5, 11].

!a = !quant.uniform<i8:f32, 0.5:7>
// CHECK-LABEL: func.func private @network(
// CHECK:       %[[C:.*]] = tosa.clamp %{{.*}} {max_val = 11 : i8, min_val = 5 : i8
// CHECK:       %[[V:.*]] = "tosa.const"() <{values = dense<5> : tensor<1xi8>}>
// CHECK:       tosa.pad %[[C]], %{{.*}}, %[[V]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<2x3xf32> {
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x2xf32> to tensor<1x2x!a>
  %d = narrow.dequantize %q : tensor<1x2x!a> to tensor<1x2xf32>
  %c = tosa.clamp %d {min_val = -1.0 : f32, max_val = 2.0 : f32} : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %cq = narrow.quantize %c : tensor<1x2xf32> to tensor<1x2x!a>
  %cd = narrow.dequantize %cq : tensor<1x2x!a> to tensor<1x2xf32>
  %v = "tosa.const"() <{values = dense<-1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amount = tosa.const_shape {values = dense<[0, 1, 1, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %pad = tosa.pad %cd, %amount, %v : (tensor<1x2xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<2x3xf32>
  return %pad : tensor<2x3xf32>
}

// -----

// A bias that the weights' scale has no room for (2^30 at most): the channel's
// weights lose bits until it fits. 3.0 / (0.5 * 2^-40) = 3 * 2^41, so 13 bits.

!a = !quant.uniform<i8:f32, 0.5>
!w = !quant.uniform<i8:f32, 9.094947017729282e-13>
// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   "tosa.const"() <{values = dense<0> : tensor<1x1x1x2xi8>}>
// CHECK-DAG:   "tosa.const"() <{values = dense<805306368> : tensor<1xi32>}>
// CHECK:       tosa.conv2d
func.func @main(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!a>
  %d = narrow.dequantize %q : tensor<1x1x1x2x!a> to tensor<1x1x1x2xf32>
  %wc = "tosa.const"() <{values = dense<100> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %wq = quant.scast %wc : tensor<1x1x1x2xi8> to tensor<1x1x1x2x!w>
  %w = narrow.dequantize %wq : tensor<1x1x1x2x!w> to tensor<1x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<3.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %c = tosa.conv2d %d, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %cq = narrow.quantize %c : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!a>
  %cd = narrow.dequantize %cq : tensor<1x1x1x1x!a> to tensor<1x1x1x1xf32>
  return %cd : tensor<1x1x1x1xf32>
}

// -----

// A fully connected layer as QDQ models have it: the quantization stands
// behind the reshape. A sum and a
// maximum without a quantization between are one expression at one scale.

!a = !quant.uniform<i8:f32, 0.5>
!w = !quant.uniform<i8:f32, 0.125>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2xi8>
// CHECK:       %[[R:.*]] = tosa.reshape %[[X]], %{{.*}} -> tensor<1x1x1x2xi8>
// CHECK:       %[[A:.*]] = tosa.conv2d %[[R]]
// CHECK:       %[[Y:.*]] = tosa.rescale %[[A]]
// CHECK:       %[[F:.*]] = tosa.reshape %[[Y]], %{{.*}} {narrow.id = "fc"} : {{.*}} -> tensor<1x2xi8>
// CHECK:       %[[L:.*]] = tosa.rescale %[[F]]
// CHECK:       %[[M:.*]] = tosa.rescale %[[X]]
// CHECK:       %[[S:.*]] = tosa.sub %[[L]], %[[M]]
// CHECK:       %[[N:.*]] = tosa.rescale %[[X]]
// CHECK:       %[[MAX:.*]] = tosa.maximum %[[S]], %[[N]]
// CHECK:       tosa.rescale %[[MAX]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = narrow.quantize %x : tensor<1x2xf32> to tensor<1x2x!a>
  %d = narrow.dequantize %q : tensor<1x2x!a> to tensor<1x2xf32>
  %wc = "tosa.const"() <{values = dense<[[[[1, 2]]], [[[-1, 3]]]]> : tensor<2x1x1x2xi8>}> : () -> tensor<2x1x1x2xi8>
  %wq = quant.scast %wc : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!w>
  %w = narrow.dequantize %wq : tensor<2x1x1x2x!w> to tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[1.0, -1.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %s4 = tosa.const_shape {values = dense<[1, 1, 1, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %s2 = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %d, %s4 : (tensor<1x2xf32>, !tosa.shape<4>) -> tensor<1x1x1x2xf32>
  %c = tosa.conv2d %r, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %f = tosa.reshape %c, %s2 {narrow.id = "fc"} : (tensor<1x1x1x2xf32>, !tosa.shape<2>) -> tensor<1x2xf32>
  %fq = narrow.quantize %f : tensor<1x2xf32> to tensor<1x2x!a>
  %fd = narrow.dequantize %fq : tensor<1x2x!a> to tensor<1x2xf32>
  %s = tosa.sub %fd, %d : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %m = tosa.maximum %s, %d : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %mq = narrow.quantize %m : tensor<1x2xf32> to tensor<1x2x!a>
  %md = narrow.dequantize %mq : tensor<1x2x!a> to tensor<1x2xf32>
  return %md : tensor<1x2xf32>
}

// -----

// A bilinear resize adds products of codes and weights; one rescale divides by 4 * 2. To the nearest, codes move.

!a = !quant.uniform<i8:f32, 0.5:-3>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2x3x8xi8>
// CHECK:       %[[S:.*]] = tosa.resize %[[X]], {{.*}}mode = BILINEAR{{.*}} -> tensor<1x4x3x8xi32>
// 2^30 / 2^33
// CHECK-DAG:   %[[M:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}>
// CHECK-DAG:   %[[SHIFT:.*]] = "tosa.const"() <{values = dense<33> : tensor<1xi8>}>
// CHECK:       %[[Y:.*]] = tosa.rescale %[[S]], %[[M]], %[[SHIFT]]
// CHECK:       tosa.resize %[[Y]], {{.*}}mode = NEAREST_NEIGHBOR{{.*}} -> tensor<1x4x6x8xi8>
func.func @main(%x: tensor<1x2x3x8xf32>) -> tensor<1x4x6x8xf32> {
  %q = narrow.quantize %x : tensor<1x2x3x8xf32> to tensor<1x2x3x8x!a>
  %d = narrow.dequantize %q : tensor<1x2x3x8x!a> to tensor<1x2x3x8xf32>
  %scale = tosa.const_shape {values = dense<[4, 2, 2, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %offset = tosa.const_shape {values = dense<[-1, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %border = tosa.const_shape {values = dense<[1, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.resize %d, %scale, %offset, %border {mode = BILINEAR, narrow.id = "linear"} : (tensor<1x2x3x8xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x4x3x8xf32>
  %rq = narrow.quantize %r : tensor<1x4x3x8xf32> to tensor<1x4x3x8x!a>
  %rd = narrow.dequantize %rq : tensor<1x4x3x8x!a> to tensor<1x4x3x8xf32>
  %half = tosa.const_shape {values = dense<[1, 1, 4, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %start = tosa.const_shape {values = dense<[0, -1]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %end = tosa.const_shape {values = dense<[0, 1]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %n = tosa.resize %rd, %half, %start, %end {mode = NEAREST_NEIGHBOR, narrow.id = "nearest"} : (tensor<1x4x3x8xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x4x6x8xf32>
  %nq = narrow.quantize %n : tensor<1x4x6x8xf32> to tensor<1x4x6x8x!a>
  %nd = narrow.dequantize %nq : tensor<1x4x6x8x!a> to tensor<1x4x6x8xf32>
  return %nd : tensor<1x4x6x8xf32>
}
