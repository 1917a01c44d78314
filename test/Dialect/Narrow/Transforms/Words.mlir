// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a16 | FileCheck %s --check-prefix=BITS
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a16pot --narrow-assign-granularity=scheme=w8a16 --narrow-assign-scales \
// RUN:   | FileCheck %s --check-prefix=POT
// RUN: narrow-opt %s --narrow-assign-bit-width=override=.*=w4a16 -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a16 --narrow-assign-granularity=scheme=w8a16 --narrow-assign-scales \
// RUN:   --narrow-verify-annotated -o %t
// RUN: FileCheck %s --check-prefix=TYPES --input-file %t
// RUN: narrow-opt %t --narrow-quantize --narrow-verify-quantized | FileCheck %s --check-prefix=CODES

// 16-bit activations are symmetric, constant operands and results of the network too. What
// is looked up in a table has 8 bits, and 8 bits of its operand are made from the same range,
// whatever moves codes between.

// BITS: narrow.observe %{{.*}} "x" range {{.*}} scheme <16 bits, symmetric, per_tensor> :
// BITS: narrow.observe %{{.*}} "conv/weight" weight scheme <8 bits, symmetric, restricted, per_tensor> :
// BITS: narrow.observe %{{.*}} "relu" {{.*}} scheme <16 bits, symmetric, per_tensor> :
// BITS: narrow.observe %{{.*}} "sigmoid" {{.*}} scheme <8 bits, asymmetric, per_tensor> :
// BITS: narrow.observe %{{.*}} "mul/operand1" weight scheme <16 bits, symmetric, per_tensor> :
// BITS: narrow.observe %{{.*}} "mul" {{.*}} scheme <16 bits, symmetric, per_tensor> :
// BITS: narrow.observe %{{.*}} "concat" {{.*}} scheme <16 bits, symmetric, per_tensor> :

// REMARK: remark: 'sigmoid' has 8 bits, not 16 as override '.*=w4a16' asks: it is looked up in a table of 8-bit codes
// REMARK-NOT: remark:

// POT: narrow.observe %{{.*}} "x" {{.*}} type !quant.uniform<i16:f32, 6.103515625E-5> :
// POT: narrow.observe %{{.*}} "sigmoid" {{.*}} type !quant.uniform<i8:f32, 7.812500e-03:-128> :

// 1 / 32767, 3 / 32767, 1 / 255, .25 / 32767; the mul's result goes into the concat alone.
// TYPES: narrow.observe %{{.*}} "x" {{.*}} type !quant.uniform<i16:f32, 3.0518509447574615E-5> :
// TYPES: narrow.observe %{{.*}} "conv/weight" {{.*}} type !quant.uniform<i8<-127:127>:f32:0, {
// TYPES: narrow.observe %{{.*}} "relu" {{.*}} type !quant.uniform<i16:f32, 9.1555528342723846E-5> :
// TYPES: narrow.observe %{{.*}} "sigmoid" {{.*}} type !quant.uniform<i8:f32, 0.0039215688593685627:-128> :
// TYPES: narrow.observe %{{.*}} "mul/operand1" {{.*}} type !quant.uniform<i16:f32, 7.6296273618936539E-6>
// TYPES: narrow.observe %{{.*}} "mul" {{.*}} type !quant.uniform<i16:f32, 1.2207403779029846E-4>
// TYPES: narrow.observe %{{.*}} "concat" {{.*}} type !quant.uniform<i16:f32, 1.2207403779029846E-4> :

// 3 / 255: all codes, where half of those of i16 are negative numbers, which a ReLU does not have.
// CODES: narrow.quantize %{{.*}} {narrow.id = "relu"}
// CODES: %[[R:.*]] = tosa.reshape
// CODES: %[[Q:.*]] = narrow.quantize %[[R]] : tensor<1x2xf32> to tensor<1x2x!quant.uniform<i8:f32, 0.011764706112444401:-128>>
// CODES: %[[D:.*]] = narrow.dequantize %[[Q]]
// CODES: tosa.sigmoid %[[D]]
// CODES: narrow.quantize %{{.*}} {narrow.id = "sigmoid"} : tensor<1x2xf32> to tensor<1x2x!quant.uniform<i8:f32, 0.0039215688593685627:-128>>
// CODES: tosa.mul %[[R]], %
// The concat's operands have its codes.
// CODES: %[[S:.*]] = narrow.quantize %{{[0-9]+}} : tensor<1x2xf32> to tensor<1x2x!quant.uniform<i16:f32, 1.220740
// CODES: %[[T:.*]] = narrow.dequantize %[[S]]
// CODES: tosa.concat %[[T]], %
func.func @main(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x4xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %k = "tosa.const"() <{values = dense<0.25> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %shape = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = narrow.observe %x "x" range <min = [-0.5], max = [1.0]> : tensor<1x1x1x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %3 = narrow.observe %2 "relu" range <min = [0.0], max = [3.0]> : tensor<1x1x1x2xf32>
  %4 = tosa.reshape %3, %shape {narrow.id = "flat"} : (tensor<1x1x1x2xf32>, !tosa.shape<2>) -> tensor<1x2xf32>
  %5 = tosa.sigmoid %4 {narrow.id = "sigmoid"} : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %6 = narrow.observe %5 "sigmoid" range <min = [0.0], max = [1.0], from = known> : tensor<1x2xf32>
  %7 = tosa.mul %4, %k, %shift {narrow.id = "mul"} : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xi8>) -> tensor<1x2xf32>
  %8 = narrow.observe %7 "mul" range <min = [-2.0], max = [1.0]> : tensor<1x2xf32>
  %9 = tosa.concat %6, %8 {axis = 1 : i32, narrow.id = "concat"} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %10 = narrow.observe %9 "concat" range <min = [-4.0], max = [1.0]> : tensor<1x4xf32>
  return %10 : tensor<1x4xf32>
}
