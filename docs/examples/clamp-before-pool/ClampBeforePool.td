//===- ClampBeforePool.td - A pass of the float stage ------*- tablegen -*-===//
#ifndef EXAMPLE_CLAMP_BEFORE_POOL_TD
#define EXAMPLE_CLAMP_BEFORE_POOL_TD

include "mlir/Pass/PassBase.td"

def ExampleClampBeforePool : Pass<"example-clamp-before-pool", "::mlir::func::FuncOp"> {
  let summary = "clamp before max pooling instead of after";
  let description = [{
    Swaps a `tosa.max_pool2d` and the clamp that is its only reader. The result
    is the same: a clamp never changes which of two numbers is the larger.

    ```mlir
    %p = tosa.max_pool2d %x {…} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
    %y = tosa.clamp %p {…} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
    // becomes
    %c = tosa.clamp %x {…} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
    %y = tosa.max_pool2d %c {…} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
    ```
  }];
  let statistics = [Statistic<"numSwapped", "swapped", "clamps moved before a max pooling">];
  let dependentDialects = ["::mlir::tosa::TosaDialect"];
}

#endif
