"""convolutions.py FOLDER: 1x1 convolutions with extreme weights and biases."""
import sys

MODEL = """func.func @main(%x: tensor<1x{s}x{s}x{ic}xf32> {{narrow.name = "x"}}) -> (tensor<1x{s}x{s}x{oc}xf32> {{narrow.name = "y"}}) {{
  %weight = "tosa.const"() <{{values = dense<{weight}> : tensor<{oc}x1x1x{ic}xf32>}}> : () -> tensor<{oc}x1x1x{ic}xf32>
  %bias = "tosa.const"() <{{values = dense<{bias}> : tensor<{oc}xf32>}}> : () -> tensor<{oc}xf32>
  %zero = "tosa.const"() <{{values = dense<0.0> : tensor<1xf32>}}> : () -> tensor<1xf32>
  %conv = tosa.conv2d %x, %weight, %bias, %zero, %zero {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : (tensor<1x{s}x{s}x{ic}xf32>, tensor<{oc}x1x1x{ic}xf32>, tensor<{oc}xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x{s}x{s}x{oc}xf32>
  return %conv : tensor<1x{s}x{s}x{oc}xf32>
}}
"""


def write(name, weight, bias, size=4, ic=2, oc=3):
    with open(f"{sys.argv[1]}/{name}.mlir", "w") as file:
        file.write(MODEL.format(s=size, ic=ic, oc=oc, weight=weight, bias=bias))


plain = "[[[[1.0, 2.0]]], [[[0.5, -0.25]]], [[[-3.0, 1.0]]]]"
write("plain", plain, "0.0")
write("zero-channel", "[[[[1.0, 2.0]]], [[[0.0, 0.0]]], [[[-3.0, 1.0]]]]", "[0.5, 0.25, -0.5]")
write("all-zero", "0.0", "0.0")
write("constant-channel", "[[[[1.0, 2.0]]], [[[0.5, 0.5]]], [[[-3.0, -3.0]]]]", "0.0")
write("large-bias", plain, "[1.0e+30, 0.0, 0.0]")
write("tiny-channel", "[[[[1.0, 2.0]]], [[[1.0e-20, 0.0]]], [[[-3.0, 1.0]]]]", "[0.5, 100.0, -0.5]")
write("denormal", "1.0e-42", "1.0")
write("huge", "[[[[3.0e+38, 3.0e+38]]], [[[-3.0e+38, 3.0e+38]]], [[[3.0e+38, -3.0e+38]]]]", "[3.0e+38, -3.0e+38, 3.0e+38]")
write("infinite-bias", plain, "[0x7F800000, 0.0, 0.0]")
write("nan-weight", "0x7FC00000", "0.0")
write("wide", "1.0", "0.0", size=1, ic=140000, oc=1)
