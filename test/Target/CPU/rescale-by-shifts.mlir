// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s

// Power-of-two scales: where every channel's multiplier is a power of two, accumulators become
// codes by a shift of each lane, without products.
// CHECK-LABEL: func.func private @k1_conv(
// CHECK:         scf.for
// CHECK:         vpdpbusd
// CHECK-NOT:     {{mulsi_extended|pmul|muli .*vector}}
// CHECK-COUNT-4: arith.shrsi {{.*}} : vector<16xi32>
// CHECK-NOT:     {{mulsi_extended|pmul|muli .*vector}}
// CHECK:         "llvm.x86.avx512.packssdw.512"
// CHECK:         return
func.func private @network(%x: tensor<1x8x8x64xi8>) -> tensor<1x4x8x64xi8> {
  %w = "tosa.const"() <{values = dense<70> : tensor<64x1x1x64xi8>}> : () -> tensor<64x1x1x64xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<64xi32>}> : () -> tensor<64xi32>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<"0x00000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020000000400000002000000040000000200000004000000020"> : tensor<64xi32>}> : () -> tensor<64xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<64xi8>}> : () -> tensor<64xi8>
  %0 = tosa.conv2d %x, %w, %b, %z8, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x64xi8>, tensor<64x1x1x64xi8>, tensor<64xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x64xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = true, input_unsigned = false, output_unsigned = false, narrow.id = "conv"}
    : (tensor<1x8x8x64xi32>, tensor<64xi32>, tensor<64xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x64xi8>
  %start = tosa.const_shape {values = dense<[0, 2, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 4, 8, 64]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %2 = tosa.slice %1, %start, %size : (tensor<1x8x8x64xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x4x8x64xi8>
  %3 = tosa.clamp %2 {min_val = -5 : i8, max_val = 127 : i8} : (tensor<1x4x8x64xi8>) -> tensor<1x4x8x64xi8>
  return %3 : tensor<1x4x8x64xi8>
}
