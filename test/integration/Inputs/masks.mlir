// Numbers that stand for minus infinity: in a constant, computed from an input with and without a constant of
// that size, padded before a maximum, added before one. %c counts along the last axis; 0 and 1 are not masked.
!t = tensor<1x2x2x4xf32>
!p = tensor<1x4x4x4xf32>
!m = tensor<1x3x3x4xf32>
func.func @main(%x: !t {narrow.name = "x"}, %c: !t {narrow.name = "c"})
    -> (!t {narrow.name = "constant"}, !t {narrow.name = "computed"}, !t {narrow.name = "seen"}, !m {narrow.name = "padded"}, tensor<1x1x1x4xf32> {narrow.name = "pooled"}) {
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %huge = "tosa.const"() <{values = dense<-10000.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %large = "tosa.const"() <{values = dense<-900.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %k = "tosa.const"() <{values = dense<[[[[0.0, 0xFF800000, 0.0, -65504.0]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %rows = "tosa.const"() <{values = dense<[[[[0.0], [-1.0e9]], [[0.0], [0.0]]]]> : tensor<1x2x2x1xf32>}> : () -> tensor<1x2x2x1xf32>
  %v = "tosa.const"() <{values = dense<-1.0e4> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>

  %scores = tosa.tanh %x {narrow.id = "scores"} : (!t) -> !t
  %k0 = tosa.add %scores, %k {narrow.id = "k0"} : (!t, tensor<1x1x1x4xf32>) -> !t
  %k1 = narrow.softmax %k0 axis 3 {narrow.id = "k1"} : !t
  %k2 = tosa.add %k1, %scores {narrow.id = "k2"} : (!t, !t) -> !t

  %n0 = tosa.sub %c, %one {narrow.id = "n0"} : (!t, tensor<1x1x1x1xf32>) -> !t
  %n1 = tosa.clamp %n0 {narrow.id = "n1", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (!t) -> !t
  %h = tosa.mul %n1, %huge, %shift {narrow.id = "h"} : (!t, tensor<1x1x1x1xf32>, tensor<1xi8>) -> !t
  %h0 = tosa.add %h, %scores {narrow.id = "h0"} : (!t, !t) -> !t
  %h1 = narrow.softmax %h0 axis 3 {narrow.id = "h1"} : !t
  %h2 = tosa.add %h1, %scores {narrow.id = "h2"} : (!t, !t) -> !t

  %l = tosa.mul %n1, %large, %shift {narrow.id = "l"} : (!t, tensor<1x1x1x1xf32>, tensor<1xi8>) -> !t
  %l0 = tosa.add %scores, %l {narrow.id = "l0"} : (!t, !t) -> !t
  %l1 = narrow.softmax %l0 axis 3 {narrow.id = "l1"} : !t
  %l2 = tosa.add %l1, %scores {narrow.id = "l2"} : (!t, !t) -> !t

  %p0 = tosa.pad %scores, %amounts, %v {narrow.id = "p0"} : (!t, !tosa.shape<8>, tensor<1xf32>) -> !p
  %p1 = tosa.max_pool2d %p0 {narrow.id = "p1", kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (!p) -> !m
  %p2 = tosa.tanh %p1 {narrow.id = "p2"} : (!m) -> !m

  %m0 = tosa.add %scores, %rows {narrow.id = "m0"} : (!t, tensor<1x2x2x1xf32>) -> !t
  %m1 = tosa.max_pool2d %m0 {narrow.id = "m1", kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (!t) -> tensor<1x1x1x4xf32>
  %m2 = tosa.tanh %m1 {narrow.id = "m2"} : (tensor<1x1x1x4xf32>) -> tensor<1x1x1x4xf32>
  return %k2, %h2, %l2, %p2, %m2 : !t, !t, !t, !m, tensor<1x1x1x4xf32>
}
