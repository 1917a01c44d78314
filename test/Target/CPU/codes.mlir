// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: narrow-opt %s --narrow-set-target=isa=neon-dotprod --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,NEON
// RUN: narrow-opt %s --narrow-set-target=isa=portable --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,PORTABLE

// Three planes become pixels: 16 of each plane in each 128-bit lane are spread over three
// vectors by byte shuffles, without a loop over single bytes.
// CHECK-LABEL: func.func private @k0_image(
// VNNI-COUNT-3: vector.load {{.*}} vector<64xi8>
// VNNI-COUNT-9: vector.shuffle {{.*}} : vector<64xi8>, vector<64xi8>
// VNNI:         vector.store {{.*}} vector<64xi8>
// AVX2-COUNT-3: vector.load {{.*}} vector<32xi8>
// AVX2:         arith.extsi {{.*}} : vector<32xi8> to vector<32xi16>
// NEON:         vector.store {{.*}} vector<16xi8>
// CHECK-NOT:    vector<1xi8>
// CHECK:        return

// The largest of 9 codes, 64 channels at once; nothing depends on where the window is.
// CHECK-LABEL: func.func private @k3_pool(
// VNNI-COUNT-8: arith.maxui {{.*}} : vector<64xi8>
// AVX2-COUNT-8: arith.maxsi {{.*}} : vector<32xi16>
// NEON-COUNT-8: arith.maxsi {{.*}} : vector<16xi8>
// CHECK-NOT:    i32
// CHECK:        return

// Sums of pairs by one instruction; the factors 40000, whose lower
// half is a negative number, and 20000 are one constant.
// CHECK-LABEL: func.func private @k4_sum(
// VNNI:         arith.constant dense<1310760000> : vector<16xi32>
// VNNI-COUNT-2: "llvm.x86.avx512.pmaddw.d.512"
// VNNI:         "llvm.x86.avx512.packuswb.512"
// VNNI-NOT:     arith.muli {{.*}} vector<16xi32>
// AVX2:         "llvm.x86.avx2.pmadd.wd"
// CHECK:        return

// A table is searched in registers, in memory where there is no instruction for it.
// CHECK-LABEL: func.func private @k5_curve(
// VNNI-COUNT-4: "llvm.x86.avx512.vpermi2var.hi.512"
// AVX2-COUNT-16: "llvm.x86.avx2.pshuf.b"
// NEON:         "llvm.aarch64.neon.tbl4.v16i8"
// NEON-COUNT-3: "llvm.aarch64.neon.tbx4.v16i8"
// PORTABLE:     memref.load {{.*}} memref<256xi8>
// CHECK-NOT:    vector.gather
// CHECK:        return

// Codes of a plane are summed as they are stored: by a dot product with ones, or as words.
// CHECK-LABEL: func.func private @k6_average(
// VNNI-COUNT-4: "llvm.x86.avx512.vpdpbusd.512"
// AVX2:         arith.addi {{.*}} : vector<16xi16>
// NEON-COUNT-4: "llvm.aarch64.neon.sdot.v4i32.v16i8"
// CHECK:        return
func.func private @network(%x: tensor<1x3x16x32xi8>, %y: tensor<1x9x9x64xi8>) -> (tensor<1x16x32x3xi8>, tensor<1x9x9x64xi8>, tensor<1x9x9x64xi8>, tensor<1x9x9x64xi8>, tensor<1x1x1x64xi8>, tensor<1x1x1x64xi8>) {
  %z8 = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %0 = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>, narrow.id = "image"} : (tensor<1x3x16x32xi8>) -> tensor<1x16x32x3xi8>
  %limited = tosa.clamp %0 {min_val = -9 : i8, max_val = 127 : i8, narrow.id = "limit"} : (tensor<1x16x32x3xi8>) -> tensor<1x16x32x3xi8>

  %own = tosa.clamp %y {min_val = -128 : i8, max_val = 99 : i8, narrow.id = "own"} : (tensor<1x9x9x64xi8>) -> tensor<1x9x9x64xi8>
  %1 = tosa.max_pool2d %own {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, narrow.id = "pool"} : (tensor<1x9x9x64xi8>) -> tensor<1x9x9x64xi8>

  %m0 = "tosa.const"() <{values = dense<40960000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m1 = "tosa.const"() <{values = dense<20480000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<10> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m2 = "tosa.const"() <{values = dense<8388608> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s2 = "tosa.const"() <{values = dense<39> : tensor<1xi8>}> : () -> tensor<1xi8>
  %a = tosa.rescale %own, %m0, %s, %z8, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x9x9x64xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x9x9x64xi32>
  %b = tosa.rescale %1, %m1, %s, %z8, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x9x9x64xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x9x9x64xi32>
  %c = tosa.add %a, %b : (tensor<1x9x9x64xi32>, tensor<1x9x9x64xi32>) -> tensor<1x9x9x64xi32>
  %2 = tosa.rescale %c, %m2, %s2, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "sum"}
    : (tensor<1x9x9x64xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x9x9x64xi8>

  %t = "tosa.const"() <{values = dense<7> : tensor<256xi8>}> : () -> tensor<256xi8>
  %3 = tosa.table %2, %t {narrow.id = "curve"} : (tensor<1x9x9x64xi8>, tensor<256xi8>) -> tensor<1x9x9x64xi8>

  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s30 = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %s36 = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  %w = tosa.rescale %3, %one, %s30, %z8, %z32 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x9x9x64xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x9x9x64xi32>
  %h = tosa.reduce_sum %w {axis = 1 : i32} : (tensor<1x9x9x64xi32>) -> tensor<1x1x9x64xi32>
  %p = tosa.reduce_sum %h {axis = 2 : i32} : (tensor<1x1x9x64xi32>) -> tensor<1x1x1x64xi32>
  %4 = tosa.rescale %p, %one, %s36, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "average"}
    : (tensor<1x1x1x64xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x1x1x64xi8>
  %5 = tosa.clamp %4 {min_val = -100 : i8, max_val = 127 : i8, narrow.id = "end"} : (tensor<1x1x1x64xi8>) -> tensor<1x1x1x64xi8>
  return %limited, %1, %2, %3, %4, %5 : tensor<1x16x32x3xi8>, tensor<1x9x9x64xi8>, tensor<1x9x9x64xi8>, tensor<1x9x9x64xi8>, tensor<1x1x1x64xi8>, tensor<1x1x1x64xi8>
}
