// RUN: narrow-opt %s --narrow-assign-ids | FileCheck %s
// Ids do not depend on how often the pass runs, nor on a way through text.
// RUN: narrow-opt %s --narrow-assign-ids > %t.once
// RUN: narrow-opt %s --narrow-assign-ids --narrow-assign-ids > %t.twice
// RUN: narrow-opt %s --mlir-print-debuginfo | narrow-opt --narrow-assign-ids > %t.text
// RUN: diff %t.once %t.twice
// RUN: diff %t.once %t.text

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x4xf32> {narrow.name = "input"}) -> (tensor<4x1xf32> {narrow.name = "y"}) {
  // Constants and shapes have no id.
  // CHECK-NOT: narrow.id
  // CHECK: tosa.const_shape
  %shape = tosa.const_shape {values = dense<[4, 1]> : tensor<2xindex>} : () -> !tosa.shape<2> loc("shape")
  // CHECK: tosa.abs %{{.*}} {narrow.id = "mine"}
  %0 = tosa.abs %x {narrow.id = "mine"} : (tensor<1x4xf32>) -> tensor<1x4xf32> loc("a")
  // Without a name, numbered by the op.
  // CHECK: tosa.abs %{{.*}} {narrow.id = "abs_0"}
  // CHECK: tosa.abs %{{.*}} {narrow.id = "abs_1"}
  %1 = tosa.abs %0 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc(unknown)
  %2 = tosa.abs %1 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc(unknown)
  // One node as several ops: the last that is more than a reshape has the name.
  // CHECK: tosa.exp %{{.*}} {narrow.id = "node/exp"}
  // CHECK: tosa.exp %{{.*}} {narrow.id = "node/exp_1"}
  // CHECK: tosa.log %{{.*}} {narrow.id = "node"}
  // CHECK: tosa.reshape %{{.*}} {narrow.id = "node/reshape"}
  %3 = tosa.exp %2 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc("node")
  %4 = tosa.exp %3 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc("node")
  %5 = tosa.log %4 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc("node")
  %6 = tosa.reshape %5, %shape : (tensor<1x4xf32>, !tosa.shape<2>) -> tensor<4x1xf32> loc("node")
  // Inside of fused and call-site locations; a name that an id has already.
  // CHECK: tosa.abs %{{.*}} {narrow.id = "fused"}
  // CHECK: tosa.abs %{{.*}} {narrow.id = "callee"}
  // CHECK: tosa.floor %{{.*}} {narrow.id = "mine/floor"}
  // CHECK: tosa.ceil %{{.*}} {narrow.id = "input/ceil"}
  %7 = tosa.abs %6 : (tensor<4x1xf32>) -> tensor<4x1xf32> loc(fused[unknown, "fused"])
  %8 = tosa.abs %7 : (tensor<4x1xf32>) -> tensor<4x1xf32> loc(callsite("callee" at "caller"))
  %9 = tosa.floor %8 : (tensor<4x1xf32>) -> tensor<4x1xf32> loc("mine")
  %10 = tosa.ceil %9 : (tensor<4x1xf32>) -> tensor<4x1xf32> loc("input")
  return %10 : tensor<4x1xf32>
}

// A weight keeps the name of its initializer, unless its values were changed.
// CHECK-LABEL: func.func @weights
func.func @weights(%x: tensor<1x2x2x1xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  // CHECK: "tosa.const"{{.*}}dense<1.000000e+00>{{.*}}}> {narrow.name = "w1"} : ()
  // CHECK: "tosa.const"{{.*}}dense<2.000000e+00>{{.*}}}> : ()
  // CHECK: "tosa.const"{{.*}}dense<0.000000e+00>{{.*}}}> : ()
  %w1 = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32> loc("w1")
  %w2 = "tosa.const"() <{values = dense<2.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32> loc(fused["w2", "norm"])
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32> loc("b")
  %0 = tosa.conv2d %x, %w1, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %1 = tosa.conv2d %0, %w2, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %1 : tensor<1x2x2x1xf32>
}
