// RUN: narrow-opt %s --narrow-insert-observers --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-insert-observers --split-input-file | narrow-opt --narrow-verify-observed --split-input-file -o /dev/null

// A residual block: the clamp merges into its convolution, the second
// convolution is added before it is rounded, the clamp after the addition
// merges into that.
// CHECK-LABEL: func.func @residual
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x4x4x2xf32>
// CHECK:         %[[XO:.*]] = narrow.observe %[[X]] "x" : tensor<1x4x4x2xf32>
// CHECK:         %[[C1:.*]] = tosa.conv2d %[[XO]]
// CHECK-NEXT:    %[[R1:.*]] = tosa.clamp %[[C1]]
// CHECK-NEXT:    %[[O1:.*]] = narrow.observe %[[R1]] "relu1" : tensor<1x4x4x2xf32>
// CHECK-NEXT:    %[[C2:.*]] = tosa.conv2d %[[O1]]
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[C2]], %[[XO]]
// CHECK-NEXT:    %[[R2:.*]] = tosa.clamp %[[A]]
// CHECK-NEXT:    %[[O2:.*]] = narrow.observe %[[R2]] "relu2"
// CHECK-NEXT:    return %[[O2]]
func.func @residual(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv1"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu1"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = tosa.conv2d %1, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv2"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %3 = tosa.add %2, %x {narrow.id = "add"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = tosa.clamp %3 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu2"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}

// -----

// Two convolutions into one addition (the shortcut has a projection): only the
// one computed last goes without an observer. The convolution is the network's
// second output too, so it is observed although an addition reads it.
// CHECK-LABEL: func.func @projection
// CHECK:         %[[P:.*]] = tosa.conv2d
// CHECK-NEXT:    %[[PO:.*]] = narrow.observe %[[P]] "shortcut"
// CHECK-NEXT:    %[[C:.*]] = tosa.conv2d
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[C]], %[[PO]]
// CHECK-NEXT:    %[[AO:.*]] = narrow.observe %[[A]] "add"
// CHECK-NEXT:    %[[D:.*]] = tosa.conv2d %[[AO]]
// CHECK-NEXT:    %[[DO:.*]] = narrow.observe %[[D]] "output2"
// CHECK-NEXT:    %[[E:.*]] = tosa.add %[[DO]], %[[AO]]
// CHECK-NEXT:    %[[EO:.*]] = narrow.observe %[[E]] "output1"
// CHECK-NEXT:    return %[[EO]], %[[DO]]
func.func @projection(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "shortcut"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %2 = tosa.add %1, %0 {narrow.id = "add"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "output2"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %4 = tosa.add %3, %2 {narrow.id = "output1"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  return %4, %3 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}

// -----

// Ops that move codes have no observer, the input is observed before them. Of
// several clamps the last counts. Depthwise, whole-plane average, softmax: the
// last one stays float, its operand is observed, its result is not.
// CHECK-LABEL: func.func @classifier
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x2x4x4xf32>
// CHECK:         %[[XO:.*]] = narrow.observe %[[X]] "image"
// CHECK:         %[[T:.*]] = tosa.transpose %[[XO]]
// CHECK-NEXT:    %[[D:.*]] = tosa.depthwise_conv2d %[[T]]
// CHECK-NEXT:    %[[R:.*]] = tosa.clamp %[[D]]
// CHECK-NEXT:    %[[S:.*]] = tosa.clamp %[[R]]
// CHECK-NEXT:    %[[SO:.*]] = narrow.observe %[[S]] "relu6"
// CHECK-NEXT:    %[[M:.*]] = tosa.max_pool2d %[[SO]]
// CHECK-NEXT:    %[[A:.*]] = tosa.avg_pool2d %[[M]]
// CHECK-NEXT:    %[[AO:.*]] = narrow.observe %[[A]] "mean"
// CHECK-NEXT:    %[[F:.*]] = tosa.reshape %[[AO]]
// CHECK-NEXT:    narrow.softmax %[[F]]
// CHECK-NOT:     narrow.observe
func.func @classifier(%x: tensor<1x2x4x4xf32> {narrow.name = "image"}) -> tensor<1x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %s = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>, narrow.id = "nhwc"} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.depthwise_conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "dw"}
    : (tensor<1x4x4x2xf32>, tensor<1x1x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %2 = tosa.clamp %1 {min_val = -1.0 : f32, max_val = 10.0 : f32, narrow.id = "clip"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %3 = tosa.clamp %2 {min_val = 0.0 : f32, max_val = 6.0 : f32, narrow.id = "relu6"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = tosa.max_pool2d %3 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %5 = tosa.avg_pool2d %4, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "mean"} : (tensor<1x2x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %6 = tosa.reshape %5, %s {narrow.id = "flat"} : (tensor<1x1x1x2xf32>, !tosa.shape<2>) -> tensor<1x2xf32>
  %7 = narrow.softmax %6 axis 1 {narrow.id = "prob"} : tensor<1x2xf32>
  return %7 : tensor<1x2xf32>
}

// -----

// A clamp whose operand has other readers is a point of its own; so is the
// result of a concat, and a softmax that a quantized op reads.
// CHECK-LABEL: func.func @branches
// CHECK:         %[[XO:.*]] = narrow.observe %{{.*}} "x"
// CHECK:         %[[S:.*]] = tosa.sigmoid %[[XO]]
// CHECK-NEXT:    %[[SO:.*]] = narrow.observe %[[S]] "sigmoid"
// CHECK-NEXT:    %[[C:.*]] = tosa.clamp %[[SO]]
// CHECK-NEXT:    %[[CO:.*]] = narrow.observe %[[C]] "clamp"
// CHECK-NEXT:    %[[P:.*]] = narrow.softmax %[[SO]]
// CHECK-NEXT:    %[[PO:.*]] = narrow.observe %[[P]] "softmax"
// CHECK-NEXT:    %[[J:.*]] = tosa.concat %[[SO]], %[[CO]], %[[PO]]
// CHECK-NEXT:    %[[JO:.*]] = narrow.observe %[[J]] "concat"
// CHECK-NEXT:    return %[[JO]]
func.func @branches(%x: tensor<1x4xf32> {narrow.name = "x"}) -> tensor<1x12xf32> {
  %0 = tosa.sigmoid %x {narrow.id = "sigmoid"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = tosa.clamp %0 {min_val = 0.25 : f32, max_val = 0.75 : f32, narrow.id = "clamp"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = narrow.softmax %0 axis 1 {narrow.id = "softmax"} : tensor<1x4xf32>
  %3 = tosa.concat %0, %1, %2 {axis = 1 : i32, narrow.id = "concat"} : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x12xf32>
  return %3 : tensor<1x12xf32>
}

// -----

// Nothing here is quantized: arguments that only float ops read, a concat of
// float values, the weight that is no constant, integers.
// CHECK-LABEL: func.func @float_only
// CHECK-NOT:     narrow.observe
func.func @float_only(%x: tensor<1x4xf32> {narrow.name = "x"}, %i: tensor<1x4xi32> {narrow.name = "i"},
                      %a: tensor<1x1x1x2xf32> {narrow.name = "a"}, %w: tensor<2x1x1x2xf32> {narrow.name = "w"})
    -> (tensor<1x8xf32>, tensor<1x4xi32>, tensor<1x1x1x2xf32>) {
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.softmax %x axis 1 {narrow.id = "softmax"} : tensor<1x4xf32>
  %1 = tosa.concat %0, %x {axis = 1 : i32, narrow.id = "concat"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %2 = tosa.add %i, %i {narrow.id = "count"} : (tensor<1x4xi32>, tensor<1x4xi32>) -> tensor<1x4xi32>
  %3 = tosa.conv2d %a, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  return %1, %2, %3 : tensor<1x8xf32>, tensor<1x4xi32>, tensor<1x1x1x2xf32>
}

// -----

// A concat that nothing quantized computes or reads joins an input that is
// quantized for the convolution: it is quantized, and its other operand too.
// CHECK-LABEL: func.func @concat_of_inputs
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x4x4x2xf32> {{.*}}, %[[Y:[a-z0-9]+]]: tensor<1x4x4x2xf32>
// CHECK-DAG:     %[[XO:.*]] = narrow.observe %[[X]] "x"
// CHECK-DAG:     %[[YO:.*]] = narrow.observe %[[Y]] "y"
// CHECK:         %[[J:.*]] = tosa.concat %[[XO]], %[[YO]]
// CHECK-NEXT:    %[[JO:.*]] = narrow.observe %[[J]] "joined"
// CHECK-NEXT:    %[[C:.*]] = tosa.conv2d %[[XO]]
// CHECK-NEXT:    %[[CO:.*]] = narrow.observe %[[C]] "conv"
// CHECK-NEXT:    return %[[JO]], %[[CO]]
func.func @concat_of_inputs(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}, %y: tensor<1x4x4x2xf32> {narrow.name = "y"}) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x2xf32>) {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.concat %x, %y {axis = 3 : i32, narrow.id = "joined"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x4xf32>
  %1 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %0, %1 : tensor<1x4x4x4xf32>, tensor<1x4x4x2xf32>
}

// -----

// A mask stays float with what it is added to, up to the softmax: no range has it. So do both signs, and a
// difference of the maximum as it stands in a logarithm of a softmax. What the mask is made of has codes.
// CHECK-LABEL: func.func @masks
// CHECK:         %[[S:.*]] = tosa.tanh
// CHECK-NEXT:    %[[SO:.*]] = narrow.observe %[[S]] "scores"
// CHECK:         %[[M:.*]] = tosa.mul
// CHECK-NEXT:    %[[MO:.*]] = narrow.observe %[[M]] "mask"
// CHECK-NEXT:    %[[A:.*]] = tosa.sub %[[SO]], %[[MO]] {narrow.float_reason = "it adds numbers that stand for minus infinity, beside which no 8-bit code is left for what they mask", narrow.id = "masked"}
// CHECK-NEXT:    %[[R:.*]] = tosa.reverse %[[A]] {axis = 1 : i32, narrow.float_reason = "it reads what numbers that stand for minus infinity mask"
// CHECK-NEXT:    %[[P:.*]] = narrow.softmax %[[R]]
// CHECK-NEXT:    %[[B:.*]] = tosa.add %{{.*}}, %[[SO]] {narrow.float_reason
// CHECK-NEXT:    %[[L:.*]] = tosa.reduce_max %[[B]]
// CHECK-NEXT:    %[[D:.*]] = tosa.sub %[[B]], %[[L]] {narrow.float_reason
// CHECK-NEXT:    %[[E:.*]] = tosa.exp %[[D]] {narrow.float_reason
// CHECK-NEXT:    %[[EO:.*]] = narrow.observe %[[E]] "exp"
// CHECK-NEXT:    tosa.reduce_sum %[[EO]] {axis = 1 : i32, narrow.id = "sum"}
func.func @masks(%x: tensor<1x4xf32> {narrow.name = "x"}, %m: tensor<1x4xf32> {narrow.name = "m"}) -> (tensor<1x4xf32>, tensor<1x1xf32>) {
  %k = "tosa.const"() <{values = dense<10000.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %c = "tosa.const"() <{values = dense<[[0.0, 0xFF800000, 0.0, 0.0]]> : tensor<1x4xf32>}> : () -> tensor<1x4xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.tanh %x {narrow.id = "scores"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = tosa.mul %m, %k, %shift {narrow.id = "mask"} : (tensor<1x4xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x4xf32>
  %2 = tosa.sub %0, %1 {narrow.id = "masked"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %3 = tosa.reverse %2 {narrow.id = "reverse", axis = 1 : i32} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %4 = narrow.softmax %3 axis 1 {narrow.id = "softmax"} : tensor<1x4xf32>
  %5 = tosa.add %c, %0 {narrow.id = "logits"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %6 = tosa.reduce_max %5 {narrow.id = "max", axis = 1 : i32} : (tensor<1x4xf32>) -> tensor<1x1xf32>
  %7 = tosa.sub %5, %6 {narrow.id = "shifted"} : (tensor<1x4xf32>, tensor<1x1xf32>) -> tensor<1x4xf32>
  %8 = tosa.exp %7 {narrow.id = "exp"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %9 = tosa.reduce_sum %8 {narrow.id = "sum", axis = 1 : i32} : (tensor<1x4xf32>) -> tensor<1x1xf32>
  return %4, %9 : tensor<1x4xf32>, tensor<1x1xf32>
}

// -----

// Large numbers that nothing hides are numbers like others.
// CHECK-LABEL: func.func @no_masks
// CHECK-NOT:     narrow.float_reason
func.func @no_masks(%x: tensor<1x4xf32> {narrow.name = "x"}) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %k = "tosa.const"() <{values = dense<-10000.0> : tensor<1x4xf32>}> : () -> tensor<1x4xf32>
  %few = "tosa.const"() <{values = dense<-999.0> : tensor<1x4xf32>}> : () -> tensor<1x4xf32>
  %0 = tosa.add %x, %k {narrow.id = "sum"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = tosa.abs %0 {narrow.id = "abs"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = tosa.add %x, %few {narrow.id = "few"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %3 = tosa.tanh %2 {narrow.id = "tanh"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %1, %3 : tensor<1x4xf32>, tensor<1x4xf32>
}
