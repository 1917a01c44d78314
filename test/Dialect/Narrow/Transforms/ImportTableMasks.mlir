// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json" --split-input-file | FileCheck %s

// Numbers that are padded before a maximum need no code if none is below them and each maximum has an element
// of the tensor: windows that begin or end in the padding, of a part, of rows alone, of a whole axis. Where a
// window has nothing but padding, or something else reads it, the number is a result. Ids and numbers are those
// of the table: relu has [0.5, 8].

// CHECK-LABEL: @pool
// CHECK: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
func.func @pool(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x5x5x2xf32> {
  %v = "tosa.const"() <{values = dense<-1.0e4> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x6x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x6x6x2xf32>) -> tensor<1x5x5x2xf32>
  return %2 : tensor<1x5x5x2xf32>
}

// -----

// CHECK-LABEL: @sliced
// CHECK: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
func.func @sliced(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %v = "tosa.const"() <{values = dense<-10.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 2, 0, 0, 2, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %start = tosa.const_shape {values = dense<[0, 1, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 4, 5, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x6x2xf32>
  %2 = tosa.slice %1, %start, %size : (tensor<1x6x6x2xf32>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x4x5x2xf32>
  %3 = tosa.max_pool2d %2 {kernel = array<i64: 2, 3>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x5x2xf32>) -> tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// CHECK-LABEL: @reduced
// CHECK: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
func.func @reduced(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x1x4x2xf32> {
  %v = "tosa.const"() <{values = dense<0xFF800000> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 0, 3, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x7x4x2xf32>
  %2 = tosa.transpose %1 {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x7x4x2xf32>) -> tensor<1x4x7x2xf32>
  %3 = tosa.reduce_max %2 {axis = 2 : i32} : (tensor<1x4x7x2xf32>) -> tensor<1x4x1x2xf32>
  %4 = tosa.transpose %3 {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x4x1x2xf32>) -> tensor<1x1x4x2xf32>
  return %4 : tensor<1x1x4x2xf32>
}

// -----

// CHECK-LABEL: @padding_alone
// CHECK: "relu" range <min = [-1.000000e+01], max = [8.000000e+00]> :
func.func @padding_alone(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x6x6x2xf32> {
  %v = "tosa.const"() <{values = dense<-10.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 2, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x7x6x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x7x6x2xf32>) -> tensor<1x6x6x2xf32>
  return %2 : tensor<1x6x6x2xf32>
}

// -----

// CHECK-LABEL: @also_read
// CHECK: "relu" range <min = [-1.000000e+01], max = [8.000000e+00]> :
func.func @also_read(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x5x5x2xf32>, tensor<1x6x6x2xf32>) {
  %v = "tosa.const"() <{values = dense<-10.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x6x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x6x6x2xf32>) -> tensor<1x5x5x2xf32>
  return %2, %1 : tensor<1x5x5x2xf32>, tensor<1x6x6x2xf32>
}

// -----

// CHECK-LABEL: @minima
// CHECK: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
func.func @minima(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x1x4x2xf32> {
  %v = "tosa.const"() <{values = dense<1.0e4> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 0, 3, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x7x4x2xf32>
  %2 = tosa.reduce_min %1 {axis = 1 : i32} : (tensor<1x7x4x2xf32>) -> tensor<1x1x4x2xf32>
  return %2 : tensor<1x1x4x2xf32>
}

// -----

// A number above the least is in a maximum now and then.
// CHECK-LABEL: @in_the_range
// CHECK: "relu" range <min = [0.000000e+00], max = [9.000000e+00]> :
func.func @in_the_range(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x5x5x2xf32> {
  %v = "tosa.const"() <{values = dense<9.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %x4 = tosa.abs %x3 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = narrow.observe %x4 "relu" : tensor<1x4x4x2xf32>
  %1 = tosa.pad %0, %amounts, %v : (tensor<1x4x4x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x6x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x6x6x2xf32>) -> tensor<1x5x5x2xf32>
  return %2 : tensor<1x5x5x2xf32>
}

// -----

// A sum in front of a softmax, one of whose operands was seen to have numbers of a mask (x has [-1, 4]: not
// it), stays float; so does what moves it there.
// CHECK-LABEL: @seen
// CHECK: tosa.add %{{.*}}, %{{.*}} : (tensor
// CHECK: narrow.softmax
func.func @seen(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %0 = tosa.add %x1, %x3 : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %1 = narrow.observe %0 "relu" : tensor<1x4x4x2xf32>
  %2 = narrow.softmax %1 axis 3 : tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// -----

// Bounds that no data reach are no range (clips to what a half float holds).
// CHECK-LABEL: @bounds
// CHECK: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
func.func @bounds(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %x1 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %x2 = tosa.exp %x1 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %x3 = narrow.observe %x2 "sigmoid" : tensor<1x4x4x2xf32>
  %0 = tosa.clamp %x3 {min_val = 0.0 : f32, max_val = 65504.0 : f32} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %1 = narrow.observe %0 "relu" : tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}
