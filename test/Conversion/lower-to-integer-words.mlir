// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --canonicalize --cse | FileCheck %s
// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --canonicalize --cse --narrow-verify-integer \
// RUN:   --narrow-verify-accumulators --narrow-verify-integer-only -o %t
// RUN: narrow-opt %t --split-input-file --verify-roundtrip -o /dev/null
// RUN: narrow-opt %t --split-input-file --tosa-attach-target="profiles=pro_int extensions=int16 level=none" --tosa-validate=strict-op-spec-alignment -o /dev/null

// Codes of 16 bits.

// The bytes of the input are two tensors, and so are the products: x = 256 * (x >> 8) +
// ((x ^ 128) + 128), the latter as i8 with the zero point -128. Padding is that of the
// convolutions. ReLU is a clamp: codes are symmetric.

!x = !quant.uniform<i16:f32, 0.5>
!y = !quant.uniform<i16:f32, 0.25>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.125}>
!b = !quant.uniform<i32:f32:0, {0.0625}>

// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:.*]]: tensor<1x4x4x1xi16> {narrow.type = !quant.uniform<i16:f32, 5.000000e-01>})
// CHECK-SAME:    -> (tensor<1x6x6x1xi16> {narrow.type = !quant.uniform<i16:f32, 2.500000e-01>})
// CHECK-DAG:   %[[MINUS:.*]] = "tosa.const"() <{values = dense<-128> : tensor<1xi8>}>
// CHECK-DAG:   %[[ZERO:.*]] = "tosa.const"() <{values = dense<0> : tensor<1xi8>}>
// CHECK-DAG:   %[[EIGHT:.*]] = "tosa.const"() <{values = dense<8> : tensor<1x1x1x1xi16>}>
// CHECK-DAG:   %[[TOP:.*]] = "tosa.const"() <{values = dense<128> : tensor<1x1x1x1xi16>}>
// CHECK-DAG:   %[[BIAS:.*]] = "tosa.const"() <{values = dense<10> : tensor<1xi32>}>
// CHECK-DAG:   %[[NONE:.*]] = "tosa.const"() <{values = dense<0> : tensor<1xi32>}>
// CHECK-DAG:   %[[UNIT:.*]] = "tosa.const"() <{values = dense<256> : tensor<1x1x1x1xi32>}>
// CHECK-DAG:   %[[SHIFTED:.*]] = tosa.arithmetic_right_shift %[[X]], %[[EIGHT]] {round = false}
// CHECK-DAG:   %[[TURNED:.*]] = tosa.bitwise_xor %[[X]], %[[TOP]]
// CHECK-DAG:   %[[HIGH:.*]] = tosa.cast %[[SHIFTED]] : (tensor<1x4x4x1xi16>) -> tensor<1x4x4x1xi8>
// CHECK-DAG:   %[[LOW:.*]] = tosa.cast %[[TURNED]] : (tensor<1x4x4x1xi16>) -> tensor<1x4x4x1xi8>
// CHECK:       %[[H:.*]] = tosa.conv2d %[[HIGH]], %[[W:.*]], %[[NONE]], %[[ZERO]], %[[ZERO]]
// CHECK-SAME:    pad = array<i64: 2, 2, 2, 2>
// CHECK:       %[[L:.*]] = tosa.conv2d %[[LOW]], %[[W]], %[[BIAS]], %[[MINUS]], %[[ZERO]]
// CHECK-SAME:    pad = array<i64: 2, 2, 2, 2>
// CHECK:       %[[P:.*]] = tosa.mul %[[H]], %[[UNIT]]
// CHECK:       %[[S:.*]] = tosa.add %[[P]], %[[L]]
// CHECK:       %[[R:.*]] = tosa.rescale %[[S]], {{.*}}scale32 = true{{.*}} -> tensor<1x6x6x1xi16>
// CHECK:       %[[C:.*]] = tosa.clamp %[[R]] {max_val = 32767 : i16, min_val = 0 : i16, narrow.id = "relu"}
// CHECK:       return %[[C]]
func.func @main(%i: tensor<1x4x4x1xf32>) -> tensor<1x6x6x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %xq = narrow.quantize %i : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!x>
  %x = narrow.dequantize %xq : tensor<1x4x4x1x!x> to tensor<1x4x4x1xf32>
  %wc = "tosa.const"() <{values = dense<[[[[1], [-2], [3]], [[4], [5], [-6]], [[7], [8], [9]]]]> : tensor<1x3x3x1xi8>}> : () -> tensor<1x3x3x1xi8>
  %ws = quant.scast %wc : tensor<1x3x3x1xi8> to tensor<1x3x3x1x!w>
  %w = narrow.dequantize %ws : tensor<1x3x3x1x!w> to tensor<1x3x3x1xf32>
  %bc = "tosa.const"() <{values = dense<10> : tensor<1xi32>}> : () -> tensor<1xi32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %p = tosa.pad %x, %amounts, %z : (tensor<1x4x4x1xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x6x1xf32>
  %c = tosa.conv2d %p, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x6x6x1xf32>, tensor<1x3x3x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x6x6x1xf32>
  %r = tosa.clamp %c {narrow.id = "relu", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x6x6x1xf32>) -> tensor<1x6x6x1xf32>
  %yq = narrow.quantize %r {narrow.id = "relu"} : tensor<1x6x6x1xf32> to tensor<1x6x6x1x!y>
  %y = narrow.dequantize %yq : tensor<1x6x6x1x!y> to tensor<1x6x6x1xf32>
  return %y : tensor<1x6x6x1xf32>
}

// -----

// 600 weights of 127: 600 * 127 * 2^15 is above 2^31. The sums are added in units of 4, the
// multiples of 256 exactly. Few bits of 8-bit inputs make 16-bit results, too.

!x = !quant.uniform<i16:f32, 0.5>
!y = !quant.uniform<i16:f32, 256.0>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.125}>
!b = !quant.uniform<i32:f32:0, {0.0625}>

// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[UNIT:.*]] = "tosa.const"() <{values = dense<64> : tensor<1x1x1x1xi32>}>
// CHECK-DAG:   %[[ONE:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}>
// CHECK-DAG:   %[[TWO:.*]] = "tosa.const"() <{values = dense<32> : tensor<1xi8>}>
// 0.0625 * 4 / 256 = 2^-10
// CHECK-DAG:   %[[SHIFT:.*]] = "tosa.const"() <{values = dense<40> : tensor<1xi8>}>
// CHECK:       %[[H:.*]] = tosa.conv2d
// CHECK:       %[[L:.*]] = tosa.conv2d
// CHECK:       %[[P:.*]] = tosa.mul %[[H]], %[[UNIT]]
// CHECK:       %[[R:.*]] = tosa.rescale %[[L]], %[[ONE]], %[[TWO]], {{.*}} -> tensor<1x1x1x1xi32>
// CHECK-NEXT:  %[[S:.*]] = tosa.add %[[P]], %[[R]]
// CHECK:       tosa.rescale %[[S]], %[[ONE]], %[[SHIFT]], {{.*}}narrow.id = "conv"
func.func @main(%i: tensor<1x1x1x600xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %xq = narrow.quantize %i : tensor<1x1x1x600xf32> to tensor<1x1x1x600x!x>
  %x = narrow.dequantize %xq : tensor<1x1x1x600x!x> to tensor<1x1x1x600xf32>
  %wc = "tosa.const"() <{values = dense<127> : tensor<1x1x1x600xi8>}> : () -> tensor<1x1x1x600xi8>
  %ws = quant.scast %wc : tensor<1x1x1x600xi8> to tensor<1x1x1x600x!w>
  %w = narrow.dequantize %ws : tensor<1x1x1x600x!w> to tensor<1x1x1x600xf32>
  %bc = "tosa.const"() <{values = dense<10> : tensor<1xi32>}> : () -> tensor<1xi32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x600xf32>, tensor<1x1x1x600xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %yq = narrow.quantize %c {narrow.id = "conv"} : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!y>
  %y = narrow.dequantize %yq : tensor<1x1x1x1x!y> to tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

// Weights of 16 bits besides: four convolutions in units of 2^16, 2^8, 2^8 and 1.

!x = !quant.uniform<i16:f32, 0.5>
!y = !quant.uniform<i16:f32, 256.0>
!w = !quant.uniform<i16:f32:0, {0.125}>
!b = !quant.uniform<i32:f32:0, {0.0625}>

// CHECK-LABEL: func.func private @network(
// CHECK-DAG:   %[[WH:.*]] = "tosa.const"() <{values = dense<{{.*}}1, 0, -117, -1{{.*}}> : tensor<1x1x1x4xi8>}>
// CHECK-DAG:   %[[WL:.*]] = "tosa.const"() <{values = dense<{{.*}}44, 5, -48, -44{{.*}}> : tensor<1x1x1x4xi8>}>
// CHECK-DAG:   %[[U16:.*]] = "tosa.const"() <{values = dense<65536> : tensor<1x1x1x1xi32>}>
// CHECK-DAG:   %[[U8:.*]] = "tosa.const"() <{values = dense<256> : tensor<1x1x1x1xi32>}>
// CHECK-DAG:   %[[HH:.*]] = tosa.conv2d %[[HIGH:.*]], %[[WH]],
// CHECK-DAG:   %[[HL:.*]] = tosa.conv2d %[[HIGH]], %[[WL]],
// CHECK-DAG:   %[[LH:.*]] = tosa.conv2d %[[LOW:.*]], %[[WH]],
// CHECK-DAG:   %[[LL:.*]] = tosa.conv2d %[[LOW]], %[[WL]],
// CHECK-DAG:   tosa.mul %[[HH]], %[[U16]]
// CHECK-DAG:   tosa.mul %[[HL]], %[[U8]]
// CHECK-DAG:   tosa.mul %[[LH]], %[[U8]]
// CHECK:       tosa.rescale %{{.*}} -> tensor<1x1x1x1xi16>
func.func @main(%i: tensor<1x1x1x4xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %xq = narrow.quantize %i : tensor<1x1x1x4xf32> to tensor<1x1x1x4x!x>
  %x = narrow.dequantize %xq : tensor<1x1x1x4x!x> to tensor<1x1x1x4xf32>
  %wc = "tosa.const"() <{values = dense<[[[[300, 5, -30000, -300]]]]> : tensor<1x1x1x4xi16>}> : () -> tensor<1x1x1x4xi16>
  %ws = quant.scast %wc : tensor<1x1x1x4xi16> to tensor<1x1x1x4x!w>
  %w = narrow.dequantize %ws : tensor<1x1x1x4x!w> to tensor<1x1x1x4xf32>
  %bc = "tosa.const"() <{values = dense<10> : tensor<1xi32>}> : () -> tensor<1xi32>
  %bs = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = narrow.dequantize %bs : tensor<1x!b> to tensor<1xf32>
  %c = tosa.conv2d %x, %w, %b, %z, %z {narrow.id = "conv", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %yq = narrow.quantize %c {narrow.id = "conv"} : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!y>
  %y = narrow.dequantize %yq : tensor<1x1x1x1x!y> to tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

// What moves or compares codes does so with words; sums, products and averages are those of
// i32; 8 bits and 16 are converted into each other.

!x = !quant.uniform<i16:f32, 0.5>
!y = !quant.uniform<i16:f32, 0.25>
!n = !quant.uniform<i8:f32, 64.0:-128>

// CHECK-LABEL: func.func private @network(
// CHECK:       %[[M:.*]] = tosa.max_pool2d %{{.*}} -> tensor<1x2x2x8xi16>
// CHECK:       %[[A:.*]] = tosa.avg_pool2d %[[M]], %{{.*}} {acc_type = i32{{.*}} -> tensor<1x2x1x8xi16>
// CHECK:       %[[P:.*]] = tosa.pad %[[A]], %{{.*}} : (tensor<1x2x1x8xi16>, !tosa.shape<8>, tensor<1xi16>) -> tensor<1x2x2x8xi16>
// CHECK:       %[[T:.*]] = tosa.transpose %[[P]] {{.*}} -> tensor<1x2x2x8xi16>
// CHECK:       tosa.rescale %[[T]], {{.*}} -> tensor<1x2x2x8xi32>
// CHECK:       tosa.add
// CHECK:       %[[S:.*]] = tosa.rescale %{{.*}}narrow.id = "sum"{{.*}} -> tensor<1x2x2x8xi16>
// CHECK:       tosa.mul
// CHECK:       %[[Q:.*]] = tosa.rescale %{{.*}}narrow.id = "product"{{.*}} -> tensor<1x2x2x8xi16>
// CHECK:       tosa.reduce_sum
// CHECK:       %[[G:.*]] = tosa.rescale %{{.*}}narrow.id = "average"{{.*}} -> tensor<1x1x1x8xi16>
// CHECK:       %[[N:.*]] = tosa.rescale %[[G]], {{.*}}scale32 = true{{.*}} -> tensor<1x1x1x8xi8>
// CHECK:       %[[B:.*]] = tosa.table %[[N]],
// CHECK:       %[[W:.*]] = tosa.rescale %[[B]], {{.*}} -> tensor<1x1x1x8xi16>
// CHECK:       tosa.concat %[[G]], %[[W]] {{.*}} -> tensor<1x1x1x16xi16>
func.func @main(%i: tensor<1x4x4x8xf32>) -> tensor<1x1x1x16xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %xq = narrow.quantize %i {narrow.id = "x"} : tensor<1x4x4x8xf32> to tensor<1x4x4x8x!x>
  %x = narrow.dequantize %xq : tensor<1x4x4x8x!x> to tensor<1x4x4x8xf32>
  %m = tosa.max_pool2d %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x8xf32>) -> tensor<1x2x2x8xf32>
  %a0 = tosa.avg_pool2d %m, %z, %z {acc_type = f32, kernel = array<i64: 1, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x2x2x8xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x8xf32>
  %aq = narrow.quantize %a0 : tensor<1x2x1x8xf32> to tensor<1x2x1x8x!x>
  %a = narrow.dequantize %aq : tensor<1x2x1x8x!x> to tensor<1x2x1x8xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 0, 0, 0, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %p = tosa.pad %a, %amounts, %z : (tensor<1x2x1x8xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x2x2x8xf32>
  %t = tosa.transpose %p {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32>
  %s0 = tosa.add %t, %m {narrow.id = "sum"} : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32>
  %sq = narrow.quantize %s0 {narrow.id = "sum"} : tensor<1x2x2x8xf32> to tensor<1x2x2x8x!y>
  %s = narrow.dequantize %sq : tensor<1x2x2x8x!y> to tensor<1x2x2x8xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q0 = tosa.mul %s, %t, %shift {narrow.id = "product"} : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1xi8>) -> tensor<1x2x2x8xf32>
  %p2q = narrow.quantize %q0 {narrow.id = "product"} : tensor<1x2x2x8xf32> to tensor<1x2x2x8x!x>
  %p2 = narrow.dequantize %p2q : tensor<1x2x2x8x!x> to tensor<1x2x2x8xf32>
  %g0 = tosa.avg_pool2d %p2, %z, %z {narrow.id = "average", acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x2x2x8xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x8xf32>
  %gq = narrow.quantize %g0 {narrow.id = "average"} : tensor<1x1x1x8xf32> to tensor<1x1x1x8x!x>
  %g = narrow.dequantize %gq : tensor<1x1x1x8x!x> to tensor<1x1x1x8xf32>
  %nq = narrow.quantize %g : tensor<1x1x1x8xf32> to tensor<1x1x1x8x!n>
  %n = narrow.dequantize %nq : tensor<1x1x1x8x!n> to tensor<1x1x1x8xf32>
  %e = tosa.tanh %n {narrow.id = "tanh"} : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8xf32>
  %e1q = narrow.quantize %e {narrow.id = "tanh"} : tensor<1x1x1x8xf32> to tensor<1x1x1x8x!n>
  %e1 = narrow.dequantize %e1q : tensor<1x1x1x8x!n> to tensor<1x1x1x8xf32>
  %e2q = narrow.quantize %e1 : tensor<1x1x1x8xf32> to tensor<1x1x1x8x!x>
  %e2 = narrow.dequantize %e2q : tensor<1x1x1x8x!x> to tensor<1x1x1x8xf32>
  %o = tosa.concat %g, %e2 {axis = 3 : i32, narrow.id = "joined"} : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x1x1x16xf32>
  %o2q = narrow.quantize %o {narrow.id = "joined"} : tensor<1x1x1x16xf32> to tensor<1x1x1x16x!x>
  %o2 = narrow.dequantize %o2q : tensor<1x1x1x16x!x> to tensor<1x1x1x16xf32>
  return %o2 : tensor<1x1x1x16xf32>
}
