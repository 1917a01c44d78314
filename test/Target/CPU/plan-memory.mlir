// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory -o %t.mlir && FileCheck %s < %t.mlir
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-kernels --narrow-plan-memory | FileCheck %s --check-prefix=AVX2
// RUN: narrow-opt %t.mlir --narrow-lower-kernels -o /dev/null

// A border of the convolution that reads x, of the zero point -3 as it is stored: 125. 8 * 10 + 8 elements before the first one. In 16-bit
// codes that is -3. The result of the second kernel shares bytes with the copy of x, which nobody needs any more; what is
// returned is stored where the caller wants it, and copied there if it is read as well.
// CHECK: func.func private @network({{.*}} attributes {narrow.plan_lower_bound = [[SIZE:[0-9]+]] : i64, narrow.plan_size = [[SIZE]] : i64}
// CHECK: narrow.kernel @k0_identity {{.*}}buffers = [#narrow.buffer<offset = [[X:[0-9]+]], strides = [800, 80, 8, 1], origin = 88, border = [1, 1, 1, 1], border_value = 125>]
// CHECK: narrow.kernel @k1_conv {{.*}}buffers = [#narrow.buffer<offset = [[CONV:[0-9]+]], strides = [512, 64, 8, 1]>]
// CHECK: narrow.kernel @k2_half {{.*}}buffers = [#narrow.buffer<offset = [[CONV]], strides = [512, 64, 8, 1], view = true>]
// CHECK: narrow.kernel @k3_pool {{.*}}buffers = [#narrow.buffer<offset = [[X]], strides = [128, 32, 8, 1]>]
// CHECK: narrow.kernel @k4_line {{.*}}buffers = [#narrow.buffer<strides = [128, 1]>]
// CHECK: narrow.kernel @store_result {{.*}}buffers = [#narrow.buffer<strides = [128, 32, 8, 1]>]
// AVX2: buffers = [#narrow.buffer<offset = {{[0-9]+}}, strides = [800, 80, 8, 1], origin = 88, border = [1, 1, 1, 1], border_value = {{-3|125}}>]

// A plan that was edited is checked.
// RUN: not narrow-opt %s --narrow-set-target --narrow-form-kernels --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: has no plan of its memory; run --narrow-plan-memory first
// RUN: sed 's/\(k1_conv.*buffers = .#narrow.buffer<offset = \)[0-9]*/\10/; s/\(k0_identity.*buffers = .#narrow.buffer<offset = \)[0-9]*/\164/' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=VIEW
// VIEW: error: is a view of a tensor that is stored elsewhere; run --narrow-plan-memory again
// RUN: sed 's/\(k[12]_.*buffers = .#narrow.buffer<offset = \)[0-9]*/\10/; s/\(k0_identity.*buffers = .#narrow.buffer<offset = \)[0-9]*/\164/' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=SHARED
// SHARED: error: stores a result in bytes that another tensor needs
// SHARED: note: which is stored here; run --narrow-plan-memory again
// RUN: sed 's/\(k0_identity.*buffers = .#narrow.buffer<offset = \)[0-9]*/\11/' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE: error: stores a result at byte 1 of the arena, which is not a multiple of 64 in [0,
// RUN: sed 's/\(k0_identity.*buffers = .#narrow.buffer<offset = \)[0-9]*/\164000/' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=FAR
// FAR: error: stores a result at byte 64000 of the arena
// RUN: sed 's/, border = .1, 1, 1, 1., border_value = 125//' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=BORDER
// BORDER: error: stores a result otherwise than its kernels need; run --narrow-plan-memory again
// RUN: sed 's/buffers = .#narrow.buffer<[^]]*]>]/buffers = []/' %t.mlir | not narrow-opt --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: {{.*}}0 buffers for 1 results
func.func private @network(%x: tensor<1x8x8x8xi8>) -> (tensor<1x128xi8>, tensor<1x4x4x8xi8>) {
  %w = "tosa.const"() <{values = dense<1> : tensor<8x3x3x8xi8>}> : () -> tensor<8x3x3x8xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<8xi32>}> : () -> tensor<8xi32>
  %zp = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<37> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %start = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 8, 8, 8]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %line = tosa.const_shape {values = dense<[1, 128]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.conv2d %x, %w, %b, %zp, %z {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x8x8x8xi8>, tensor<8x3x3x8xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x8xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %z {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true, narrow.id = "conv"} : (tensor<1x8x8x8xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x8xi8>
  %2 = tosa.slice %1, %start, %size {narrow.id = "half"} : (tensor<1x8x8x8xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x8x8x8xi8>
  %3 = tosa.max_pool2d %2 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"} : (tensor<1x8x8x8xi8>) -> tensor<1x4x4x8xi8>
  %4 = tosa.reshape %3, %line {narrow.id = "line"} : (tensor<1x4x4x8xi8>, !tosa.shape<2>) -> tensor<1x128xi8>
  return %4, %3 : tensor<1x128xi8>, tensor<1x4x4x8xi8>
}
