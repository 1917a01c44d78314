// The check on machine code sees a float that slipped into a kernel.
// RUN: not narrow-test-emit %s --name=m --mtriple=x86_64-linux-gnu --isa=avx2 -o %t.o --verify-integer-only 2>&1 | FileCheck %s --check-prefix=X86
// X86: error: float arithmetic: kernel_scale: {{.*}}1 x vmulps
// RUN: not narrow-test-emit %s --name=m --mtriple=x86_64-linux-gnu -o %t.o --verify-integer-only 2>&1 | FileCheck %s --check-prefix=SSE
// SSE: error: float arithmetic: kernel_scale: {{.*}} x mulps
// RUN: not narrow-test-emit %s --name=m --mtriple=aarch64-linux-gnu -o %t.o --verify-integer-only 2>&1 | FileCheck %s --check-prefix=ARM
// ARM: error: float arithmetic: kernel_scale: {{.*}}2 x fmul

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64} {
  func.func private @kernel_scale(%a: memref<8xi32>, %y: memref<8xi32>) {
    %c0 = arith.constant 0 : index
    %scale = arith.constant dense<0.3> : vector<8xf32>
    %v = vector.load %a[%c0] : memref<8xi32>, vector<8xi32>
    %f = arith.sitofp %v : vector<8xi32> to vector<8xf32>
    %m = arith.mulf %f, %scale : vector<8xf32>
    %r = arith.fptosi %m : vector<8xf32> to vector<8xi32>
    vector.store %r, %y[%c0] : memref<8xi32>, vector<8xi32>
    return
  }
  func.func private @main(%arena: memref<64xi8>, %a: memref<8xi32> {narrow.name = "a"}, %y: memref<8xi32> {narrow.name = "y", narrow.output}) {
    func.call @kernel_scale(%a, %y) : (memref<8xi32>, memref<8xi32>) -> ()
    return
  }
}
