// RUN: narrow-opt %s --narrow-lower-to-integer=strict=true --narrow-verify-integer --narrow-verify-accumulators --narrow-verify-integer-only | FileCheck %s
// RUN: narrow-opt %s --narrow-lower-to-integer \
// RUN:   --tosa-attach-target="profiles=pro_int extensions=int4,int16,doubleround,inexactround" \
// RUN:   --tosa-validate=strict-op-spec-alignment -o /dev/null

// A residual block: depthwise, then a convolution whose accumulator is added
// without 8 bits between, ReLU6, the average over the plane, a classifier.

!a = !quant.uniform<i8:f32, 0.05:-10>
!r = !quant.uniform<i8:f32, 0.0235294122:-128>
!w = !quant.uniform<i8<-127:127>:f32, 0.01>
!p = !quant.uniform<i8:f32, 0.02:-128>
!l = !quant.uniform<i8:f32, 0.1>

// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4x4x3xi8>
// CHECK:       %[[DW:.*]] = tosa.depthwise_conv2d %[[X]],
// CHECK:       %[[D:.*]] = tosa.rescale %[[DW]],
// CHECK-SAME:    narrow.id = "dw"
// CHECK-SAME:    -> tensor<1x4x4x3xi8>
// CHECK:       %[[PW:.*]] = tosa.conv2d %[[D]],
// CHECK-SAME:    narrow.accumulator_bits = {{1[0-9]}} : i32
// CHECK:       %[[L:.*]] = tosa.rescale %[[PW]],
// CHECK-SAME:    narrow.id = "pw"
// CHECK-SAME:    (tensor<1x4x4x3xi32>, {{.*}}) -> tensor<1x4x4x3xi32>
// The factor of codes is an integer, times 2^10 (N19).
// CHECK:       %[[TEN:.*]] = "tosa.const"() <{values = dense<10> : tensor<1xi8>}>
// CHECK:       %[[R:.*]] = tosa.rescale %[[X]], %{{[^,]*}}, %[[TEN]],
// CHECK-SAME:    (tensor<1x4x4x3xi8>, {{.*}}) -> tensor<1x4x4x3xi32>
// CHECK:       %[[S:.*]] = tosa.add %[[L]], %[[R]]
// CHECK:       %[[Y:.*]] = tosa.rescale %[[S]],
// CHECK-SAME:    narrow.id = "relu6"
// CHECK-SAME:    -> tensor<1x4x4x3xi8>
// CHECK-NOT:   tosa.clamp
// CHECK:       %[[W:.*]] = tosa.rescale %[[Y]],
// CHECK-SAME:    -> tensor<1x4x4x3xi32>
// CHECK:       %[[H1:.*]] = tosa.reduce_sum %[[W]] {axis = 1 : i32} : (tensor<1x4x4x3xi32>) -> tensor<1x1x4x3xi32>
// CHECK:       %[[H2:.*]] = tosa.reduce_sum %[[H1]] {axis = 2 : i32} : (tensor<1x1x4x3xi32>) -> tensor<1x1x1x3xi32>
// CHECK:       %[[P:.*]] = tosa.rescale %[[H2]],
// CHECK-SAME:    narrow.id = "pool"
// CHECK:       tosa.conv2d %[[P]],
// CHECK:       tosa.rescale
// CHECK-SAME:    narrow.id = "logits"
// CHECK:       tosa.reshape {{.*}} -> tensor<1x5xi8>
func.func @main(%x: tensor<1x4x4x3xf32> {narrow.name = "x"}) -> (tensor<1x5xf32> {narrow.name = "y"}) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b3 = "tosa.const"() <{values = dense<[0.1, -0.2, 0.3]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %b5 = "tosa.const"() <{values = dense<0.5> : tensor<5xf32>}> : () -> tensor<5xf32>
  %c1 = "tosa.const"() <{values = dense<7> : tensor<3x3x3x1xi8>}> : () -> tensor<3x3x3x1xi8>
  %q1 = quant.scast %c1 : tensor<3x3x3x1xi8> to tensor<3x3x3x1x!w>
  %w1 = narrow.dequantize %q1 : tensor<3x3x3x1x!w> to tensor<3x3x3x1xf32>
  %c2 = "tosa.const"() <{values = dense<-5> : tensor<3x1x1x3xi8>}> : () -> tensor<3x1x1x3xi8>
  %q2 = quant.scast %c2 : tensor<3x1x1x3xi8> to tensor<3x1x1x3x!w>
  %w2 = narrow.dequantize %q2 : tensor<3x1x1x3x!w> to tensor<3x1x1x3xf32>
  %c3 = "tosa.const"() <{values = dense<9> : tensor<5x1x1x3xi8>}> : () -> tensor<5x1x1x3xi8>
  %q3 = quant.scast %c3 : tensor<5x1x1x3xi8> to tensor<5x1x1x3x!w>
  %w3 = narrow.dequantize %q3 : tensor<5x1x1x3x!w> to tensor<5x1x1x3xf32>
  %xq = narrow.quantize %x : tensor<1x4x4x3xf32> to tensor<1x4x4x3x!a>
  %xd = narrow.dequantize %xq : tensor<1x4x4x3x!a> to tensor<1x4x4x3xf32>
  %dw = tosa.depthwise_conv2d %xd, %w1, %b3, %z, %z {narrow.id = "dw", acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x3xf32>, tensor<3x3x3x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  %dwq = narrow.quantize %dw : tensor<1x4x4x3xf32> to tensor<1x4x4x3x!a>
  %dwd = narrow.dequantize %dwq : tensor<1x4x4x3x!a> to tensor<1x4x4x3xf32>
  %pw = tosa.conv2d %dwd, %w2, %b3, %z, %z {narrow.id = "pw", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x3xf32>, tensor<3x1x1x3xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  %add = tosa.add %pw, %xd {narrow.id = "add"} : (tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32>
  %r6 = tosa.clamp %add {narrow.id = "relu6", min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32>
  %rq = narrow.quantize %r6 : tensor<1x4x4x3xf32> to tensor<1x4x4x3x!r>
  %rd = narrow.dequantize %rq : tensor<1x4x4x3x!r> to tensor<1x4x4x3xf32>
  %p = tosa.avg_pool2d %rd, %z, %z {narrow.id = "pool", acc_type = f32, kernel = array<i64: 4, 4>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  %pq = narrow.quantize %p : tensor<1x1x1x3xf32> to tensor<1x1x1x3x!p>
  %pd = narrow.dequantize %pq : tensor<1x1x1x3x!p> to tensor<1x1x1x3xf32>
  %l = tosa.conv2d %pd, %w3, %b5, %z, %z {narrow.id = "logits", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x3xf32>, tensor<5x1x1x3xf32>, tensor<5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x5xf32>
  %lq = narrow.quantize %l : tensor<1x1x1x5xf32> to tensor<1x1x1x5x!l>
  %ld = narrow.dequantize %lq : tensor<1x1x1x5x!l> to tensor<1x1x1x5xf32>
  %shape = tosa.const_shape {values = dense<[1, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %y = tosa.reshape %ld, %shape {narrow.id = "y"} : (tensor<1x1x1x5xf32>, !tosa.shape<2>) -> tensor<1x5xf32>
  return %y : tensor<1x5xf32>
}
