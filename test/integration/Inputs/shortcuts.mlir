// Sums of two tensors of codes, one after the other, and a concat of tensors that are read
// elsewhere too; the channels are no multiple of a vector.
!t = tensor<1x6x6x37xf32>
!j = tensor<1x6x6x74xf32>
func.func @main(%a: !t {narrow.name = "a"}, %b: !t {narrow.name = "b"}) -> (!t {narrow.name = "sum"}, !j {narrow.name = "joined"}) {
  %0 = tosa.sigmoid %a {narrow.id = "sigmoid"} : (!t) -> !t
  %1 = tosa.add %0, %b {narrow.id = "first"} : (!t, !t) -> !t
  %2 = tosa.clamp %1 {narrow.id = "relu", min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (!t) -> !t
  %3 = tosa.tanh %2 {narrow.id = "tanh"} : (!t) -> !t
  %4 = tosa.add %2, %3 {narrow.id = "second"} : (!t, !t) -> !t
  %5 = tosa.concat %4, %b {narrow.id = "joined", axis = 3 : i32} : (!t, !t) -> !j
  return %4, %5 : !t, !j
}
