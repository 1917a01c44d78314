// A root of what reaches 0, which is a table; a quotient by what does; a variance next to nothing in most rows.
!t = tensor<1x4x1x8xf32>
!r = tensor<1x4x1x1xf32>
!o = tensor<1x1x1x1xf32>
func.func @main(%x: !t {narrow.name = "x"}) -> (!t {narrow.name = "root"}, !t {narrow.name = "quotient"}, !t {narrow.name = "normalized"}) {
  %eps = "tosa.const"() <{values = dense<1.0e-6> : !o}> : () -> !o
  %eighth = "tosa.const"() <{values = dense<0.125> : !o}> : () -> !o
  %rows = "tosa.const"() <{values = dense<[[[[0.01]], [[0.03]], [[0.1]], [[3.0]]]]> : !r}> : () -> !r
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>

  %0 = tosa.clamp %x {narrow.id = "relu", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (!t) -> !t
  %2 = narrow.activation sqrt %0 {narrow.id = "root"} : !t

  %3 = tosa.abs %x {narrow.id = "abs"} : (!t) -> !t
  %4 = tosa.add %3, %eps {narrow.id = "above"} : (!t, !o) -> !t
  %5 = tosa.reciprocal %4 {narrow.id = "inverse"} : (!t) -> !t
  %6 = tosa.mul %x, %5, %shift {narrow.id = "quotient"} : (!t, !t, tensor<1xi8>) -> !t

  %7 = tosa.mul %x, %rows, %shift {narrow.id = "scaled"} : (!t, !r, tensor<1xi8>) -> !t
  %8 = tosa.mul %7, %7, %shift {narrow.id = "square"} : (!t, !t, tensor<1xi8>) -> !t
  %9 = tosa.reduce_sum %8 {narrow.id = "sum", axis = 3 : i32} : (!t) -> !r
  %10 = tosa.mul %9, %eighth, %shift {narrow.id = "mean"} : (!r, !o, tensor<1xi8>) -> !r
  %11 = tosa.add %10, %eps {narrow.id = "variance"} : (!r, !o) -> !r
  %12 = tosa.rsqrt %11 {narrow.id = "factor"} : (!r) -> !r
  %13 = tosa.mul %7, %12, %shift {narrow.id = "normalized"} : (!t, !r, tensor<1xi8>) -> !t
  return %2, %6, %13 : !t, !t, !t
}
