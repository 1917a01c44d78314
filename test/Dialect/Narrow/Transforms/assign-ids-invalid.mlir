// RUN: narrow-opt %s --narrow-assign-ids --verify-diagnostics --split-input-file

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tosa.abs %x {narrow.id = "a"} : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{narrow.id "a" names another tensor too: rename one of them}}
  %1 = tosa.abs %0 {narrow.id = "a"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error @+1 {{narrow.id "x" names another tensor too}}
  %0 = tosa.abs %x {narrow.id = "x"} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
