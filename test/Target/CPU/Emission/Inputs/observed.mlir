// y = 2 * x, in float; x and y are observed.
module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.observed = ["input", "twice"]} {
  func.func private @observe(%observer: !llvm.ptr, %id: i32, %data: memref<4xf32>) {
    %count = llvm.mlir.constant(4 : i64) : i64
    %fn = llvm.load %observer : !llvm.ptr -> !llvm.ptr
    %field = llvm.getelementptr %observer[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %ctx = llvm.load %field : !llvm.ptr -> !llvm.ptr
    %index = memref.extract_aligned_pointer_as_index %data : memref<4xf32> -> index
    %address = arith.index_cast %index : index to i64
    %pointer = llvm.inttoptr %address : i64 to !llvm.ptr
    llvm.call %fn(%ctx, %id, %pointer, %count) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i64) -> ()
    return
  }

  func.func private @main(%arena: memref<64xi8>, %observer: !llvm.ptr,
      %x: memref<4xf32> {narrow.name = "input", narrow.shape = array<i64: 1, 4>},
      %y: memref<4xf32> {narrow.name = "output", narrow.shape = array<i64: 1, 4>, narrow.output}) {
    %c0 = arith.constant 0 : index
    %id0 = arith.constant 0 : i32
    %id1 = arith.constant 1 : i32
    func.call @observe(%observer, %id0, %x) : (!llvm.ptr, i32, memref<4xf32>) -> ()
    %v = vector.load %x[%c0] : memref<4xf32>, vector<4xf32>
    %r = arith.addf %v, %v : vector<4xf32>
    vector.store %r, %y[%c0] : memref<4xf32>, vector<4xf32>
    func.call @observe(%observer, %id1, %y) : (!llvm.ptr, i32, memref<4xf32>) -> ()
    return
  }
}
