#!/usr/bin/env python3
"""Writes the small ONNX models of test/Import/Inputs (needs onnx and onnxruntime).

nodes/<name>/   model.onnx, inputs and expected outputs in the layout of ONNX's own
                node tests: forms of operators that those do not have (older and
                newer opsets, constant weights, attributes, folding).
errors/*.onnx   models that the importer refuses.

Usage: make_node_models.py test/Import/Inputs
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = sys.argv[1]
rng = np.random.default_rng(1)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def i64(*values):
    return np.array(values, np.int64)


def info(name, array_or_shape, dtype=TensorProto.FLOAT):
    shape = array_or_shape.shape if isinstance(array_or_shape, np.ndarray) else array_or_shape
    return helper.make_tensor_value_info(name, dtype, shape)


def build(nodes, opset, inputs, constants=None, outputs=("y",), output_shapes=None, ir=8, domains=()):
    """A model of nodes (tuples of op, inputs, outputs, attributes)."""
    made = []
    for i, (op, ins, outs, attrs) in enumerate(nodes):
        made.append(helper.make_node(op, ins, outs, name=f"{op}_{i}", **attrs))
    graph = helper.make_graph(
        made, "test",
        [info(k, v) if not isinstance(v, onnx.ValueInfoProto) else v for k, v in inputs.items()],
        [info(o, (output_shapes or {}).get(o)) for o in outputs],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()])
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=10 if opset > 20 else ir,
                             producer_name="make_node_models")


def node_test(name, nodes, opset, inputs, constants=None, outputs=("y",)):
    model = build(nodes, opset, inputs, constants, outputs)
    try:
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        results = ort.InferenceSession(model.SerializeToString(), options).run(None, inputs)
    except Exception as error:  # An opset or type that ONNX Runtime lacks.
        print(f"{name}: onnxruntime: {str(error)[:100]}; using onnx.reference")
        from onnx.reference import ReferenceEvaluator
        results = ReferenceEvaluator(model).run(None, inputs)
    for value, result in zip(model.graph.output, results):
        value.CopyFrom(info(value.name, result))
    folder = f"{OUT}/nodes/{name}"
    os.makedirs(f"{folder}/test_data_set_0", exist_ok=True)
    onnx.save(model, f"{folder}/model.onnx")
    for kind, arrays in (("input", inputs.values()), ("output", results)):
        for i, array in enumerate(arrays):
            with open(f"{folder}/test_data_set_0/{kind}_{i}.pb", "wb") as file:
                file.write(numpy_helper.from_array(np.asarray(array, np.float32)).SerializeToString())


def single(name, op, opset, inputs, constants=None, outputs=("y",), order=None, **attrs):
    names = order or list(inputs) + list(constants or {})
    node_test(name, [(op, names, list(outputs), attrs)], opset, inputs, constants, outputs)


def convolutions():
    x, w, b = f32(1, 4, 8, 8), f32(6, 4, 3, 3), f32(6)
    single("conv_stride_even", "Conv", 11, {"x": x}, {"w": w, "b": b}, pads=[1, 1, 1, 1], strides=[2, 2])
    single("conv_slice", "Conv", 11, {"x": x}, {"w": f32(6, 4, 1, 1)}, strides=[2, 2])
    single("conv_slice_asymmetric", "Conv", 11, {"x": f32(1, 4, 9, 10)}, {"w": w}, strides=[3, 4], pads=[0, 2, 1, 0])
    single("conv_same_upper", "Conv", 11, {"x": f32(2, 4, 7, 8)}, {"w": w, "b": b}, strides=[2, 2],
           auto_pad="SAME_UPPER")
    single("conv_same_lower", "Conv", 22, {"x": f32(1, 4, 7, 8)}, {"w": f32(6, 4, 2, 4)}, strides=[1, 3],
           auto_pad="SAME_LOWER")
    single("conv_same_dilated", "Conv", 11, {"x": x}, {"w": w}, dilations=[2, 2], auto_pad="SAME_UPPER")
    single("conv_group", "Conv", 11, {"x": x}, {"w": f32(6, 2, 3, 3), "b": b}, group=2, dilations=[2, 1])
    single("conv_group_stride", "Conv", 11, {"x": x}, {"w": f32(6, 2, 3, 3)}, group=2, strides=[2, 2],
           pads=[1, 1, 1, 1])
    single("conv_depthwise", "Conv", 11, {"x": x}, {"w": f32(4, 1, 3, 3), "b": f32(4)}, group=4, strides=[2, 2],
           pads=[1, 0, 1, 2])
    single("conv_depthwise_multiplier", "Conv", 11, {"x": x}, {"w": f32(8, 1, 3, 3), "b": f32(8)}, group=4)
    single("conv_1d", "Conv", 11, {"x": f32(2, 4, 9)}, {"w": f32(6, 4, 3), "b": b}, pads=[1, 1], strides=[2])
    single("conv_1d_depthwise", "Conv", 11, {"x": f32(2, 4, 9)}, {"w": f32(4, 1, 3)}, group=4, dilations=[2])
    node_test("conv_weights_computed", [("Mul", ["w", "s"], ["ws"], {}), ("Transpose", ["ws"], ["wt"], {"perm": [1, 0, 2, 3]}),
                                        ("Conv", ["x", "wt"], ["y"], {})], 13, {"x": x},
              {"w": f32(4, 6, 3, 3), "s": f32(4, 1, 1, 1)})


def pooling():
    x = f32(1, 3, 9, 10)
    k = {"kernel_shape": [3, 3]}
    single("maxpool_ceil", "MaxPool", 12, {"x": x}, strides=[2, 2], ceil_mode=1, **k)
    single("maxpool_ceil_pads", "MaxPool", 22, {"x": f32(1, 3, 8, 8)}, strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1, **k)
    single("maxpool_asymmetric", "MaxPool", 8, {"x": x}, strides=[2, 3], pads=[0, 1, 2, 1], **k)
    single("maxpool_1d", "MaxPool", 12, {"x": f32(2, 3, 9)}, kernel_shape=[2], strides=[2])
    single("maxpool_same", "MaxPool", 12, {"x": x}, strides=[2, 2], auto_pad="SAME_UPPER", **k)
    single("averagepool_exclude", "AveragePool", 11, {"x": x}, strides=[2, 2], pads=[1, 1, 1, 1], **k)
    single("averagepool_include", "AveragePool", 11, {"x": x}, strides=[2, 2], pads=[1, 0, 1, 2], count_include_pad=1, **k)
    single("averagepool_ceil", "AveragePool", 19, {"x": x}, strides=[2, 2], ceil_mode=1, **k)
    single("averagepool_22", "AveragePool", 22, {"x": x}, strides=[1, 2], pads=[1, 1, 1, 1], **k)
    single("averagepool_same_lower", "AveragePool", 11, {"x": x}, strides=[2, 2], auto_pad="SAME_LOWER", **k)
    single("globalaveragepool_1d", "GlobalAveragePool", 11, {"x": f32(2, 3, 7)})
    single("globalaveragepool_3d", "GlobalAveragePool", 11, {"x": f32(2, 3, 4, 5, 3)})
    single("globalmaxpool_22", "GlobalMaxPool", 22, {"x": x})
    for opset in (11, 13):
        single(f"reducemean_{opset}", "ReduceMean", opset, {"x": x}, axes=[2, 3], keepdims=0)
    single("reducemean_18", "ReduceMean", 18, {"x": x}, {"axes": i64(-1, -2)}, keepdims=1)
    single("reducemean_channel", "ReduceMean", 13, {"x": x}, axes=[1, -1], keepdims=0)
    single("reducemean_all", "ReduceMean", 18, {"x": x}, keepdims=0)
    single("reducemean_noop", "ReduceMean", 18, {"x": x}, noop_with_empty_axes=1)
    single("reducesum_11", "ReduceSum", 11, {"x": x}, axes=[1], keepdims=0)
    single("reducesum_13", "ReduceSum", 13, {"x": x}, {"axes": i64(1, 3)})
    single("reducemax_13", "ReduceMax", 13, {"x": x}, axes=[-1])
    single("reducemax_20", "ReduceMax", 20, {"x": x}, {"axes": i64(1)}, keepdims=0)
    single("reducemin_18", "ReduceMin", 18, {"x": x}, {"axes": i64(2)})


def linear():
    a, w = f32(3, 5), f32(4, 5)
    single("gemm_constant", "Gemm", 13, {"a": a}, {"b": w, "c": f32(4)}, transB=1)
    single("gemm_scaled", "Gemm", 13, {"a": f32(5, 3)}, {"b": w.T.copy(), "c": f32(1, 4)}, alpha=0.5, beta=2.0, transA=1)
    single("gemm_scalar_c", "Gemm", 9, {"a": a}, {"b": w, "c": np.float32(1.5).reshape(())}, transB=1)
    single("gemm_matrix_c", "Gemm", 13, {"a": a}, {"b": w, "c": f32(3, 1)}, transB=1, beta=0.25)
    single("gemm_negative_alpha", "Gemm", 13, {"a": a}, {"b": w, "c": f32(4)}, transB=1, alpha=-1.5)
    single("gemm_two_activations", "Gemm", 13, {"a": a, "b": w, "c": f32(3, 4)}, transB=1, alpha=0.5, beta=3.0)
    single("matmul_constant", "MatMul", 13, {"a": f32(2, 3, 5)}, {"b": f32(5, 4)})
    single("matmul_vector", "MatMul", 13, {"a": f32(2, 3, 5)}, {"b": f32(5)})
    single("matmul_left_constant", "MatMul", 13, {"b": f32(2, 5, 4)}, {"a": f32(3, 5)}, order=["a", "b"])
    single("matmul_batched", "MatMul", 13, {"a": f32(2, 1, 3, 5), "b": f32(4, 5, 2)})
    single("matmul_left_vector", "MatMul", 13, {"a": f32(5), "b": f32(2, 5, 4)})


def elementwise():
    x = f32(2, 3, 4, 5)
    single("clip_10", "Clip", 10, {"x": x}, min=-0.5, max=0.75)
    single("clip_6_upper", "Clip", 6, {"x": x}, max=0.5)
    single("clip_13_upper", "Clip", 13, {"x": x}, {"max": np.float32(0.5)}, order=["x", "", "max"])
    single("clip_crossed", "Clip", 13, {"x": x}, {"min": np.float32(1), "max": np.float32(-1)})
    single("relu_14", "Relu", 14, {"x": x})
    single("prelu_channel", "PRelu", 9, {"x": x}, {"slope": f32(3, 1, 1)})
    single("prelu_single", "PRelu", 16, {"x": x}, {"slope": f32(1)})
    single("gelu", "Gelu", 20, {"x": x})
    single("gelu_tanh", "Gelu", 20, {"x": x}, approximate="tanh")
    single("mish_18", "Mish", 18, {"x": x})
    single("hardswish_14", "HardSwish", 14, {"x": x})
    single("hardsigmoid_22", "HardSigmoid", 22, {"x": x}, alpha=0.1, beta=0.4)
    single("add_channel", "Add", 13, {"x": x}, {"c": f32(3, 1, 1)})
    single("sub_scalar_left", "Sub", 13, {"x": x}, {"c": np.float32(2)}, order=["c", "x"])
    single("mul_both_broadcast", "Mul", 7, {"x": f32(3, 1), "z": f32(2, 1, 4)})
    single("div_three", "Div", 14, {"x": x}, {"c": np.array([3, -7], np.float32).reshape(2, 1, 1, 1)})
    single("div_four", "Div", 14, {"x": x}, {"c": np.float32(4)})
    single("div_activations", "Div", 14, {"x": x, "z": np.abs(f32(4, 1)) + 1})
    for power in (2, 3, 0.5, -1, 1, -0.5, 1.7):
        single(f"pow_{power}", "Pow", 15, {"x": np.abs(x) + 0.5}, {"c": np.float32(power)})
    single("pow_integer_exponent", "Pow", 13, {"x": x}, {"c": i64(2)})
    single("max_three", "Max", 13, {"x": x, "z": f32(4, 5)}, {"c": f32(1)})
    single("sum_two", "Sum", 13, {"x": x, "z": f32(3, 1, 1)})
    node_test("layernorm_scale", [("LayerNormalization", ["x", "s", "b"], ["y"], {"axis": -1, "epsilon": 0.01})], 17,
              {"x": f32(2, 4, 6)}, {"s": f32(6), "b": f32(6)})
    single("softmax_11", "Softmax", 11, {"x": f32(2, 3, 4)}, axis=1)
    single("softmax_11_default", "Softmax", 11, {"x": f32(2, 3, 4)})
    single("softmax_13", "Softmax", 13, {"x": f32(2, 3, 4)}, axis=1)
    single("logsoftmax_13", "LogSoftmax", 13, {"x": f32(2, 3, 4)})
    for opset in (7, 9, 14, 15):
        single(f"batchnorm_{opset}", "BatchNormalization", opset, {"x": x},
               {"s": f32(3), "b": f32(3), "m": f32(3), "v": np.abs(f32(3)) + 0.1}, epsilon=0.001)
    for opset in (7, 10, 13, 22):
        single(f"dropout_{opset}", "Dropout", opset, {"x": x})


def shapes():
    x = f32(2, 3, 1, 4)
    single("squeeze_11", "Squeeze", 11, {"x": x}, axes=[2])
    single("squeeze_13", "Squeeze", 13, {"x": x}, {"axes": i64(-2)})
    single("squeeze_all", "Squeeze", 23, {"x": x})
    single("unsqueeze_11", "Unsqueeze", 11, {"x": x}, axes=[0, 5])
    single("unsqueeze_21", "Unsqueeze", 21, {"x": x}, {"axes": i64(-1, 1)})
    single("flatten_negative", "Flatten", 13, {"x": x}, axis=-2)
    single("flatten_0", "Flatten", 9, {"x": x}, axis=0)
    single("reshape_zero", "Reshape", 14, {"x": x}, {"shape": i64(0, -1, 2)})
    single("reshape_allowzero", "Reshape", 14, {"x": x}, {"shape": i64(4, 6)}, allowzero=1)
    single("transpose_default", "Transpose", 13, {"x": x})
    single("slice_9", "Slice", 9, {"x": x}, starts=[0, 1], ends=[1, 100], axes=[0, 1])
    single("slice_steps", "Slice", 13, {"x": f32(7, 8)},
           {"s": i64(-1, 1), "e": i64(-100, 8), "a": i64(0, 1), "t": i64(-2, 3)})
    single("slice_no_axes", "Slice", 11, {"x": x}, {"s": i64(0, 1), "e": i64(2, 3)})
    single("split_11", "Split", 11, {"x": x}, outputs=("y", "z"), axis=3, split=[1, 3])
    single("split_13", "Split", 13, {"x": x}, {"s": i64(3, 1)}, outputs=("y", "z"), axis=-1)
    single("split_equal", "Split", 13, {"x": x}, outputs=("y", "z"), axis=3)
    single("split_18", "Split", 18, {"x": f32(7, 2)}, outputs=("y", "z", "w"), num_outputs=3)
    single("pad_10", "Pad", 10, {"x": x}, pads=[0, 1, 0, 2, 0, 0, 1, 0], value=1.5)
    single("pad_13", "Pad", 13, {"x": x}, {"p": i64(0, 0, 0, 1, 0, 0, 0, 2), "v": np.float32(-1)})
    single("pad_negative", "Pad", 13, {"x": x}, {"p": i64(0, -1, 0, 1, 0, 0, 0, -2)})
    single("pad_18_axes", "Pad", 18, {"x": x}, {"p": i64(1, 2), "a": i64(-1)}, order=["x", "p", "", "a"])
    single("gather_scalar", "Gather", 13, {"x": x}, {"i": np.array(-1, np.int64)}, axis=1)
    single("gather_runs", "Gather", 13, {"x": x}, {"i": i64(2, 3, 0)}, axis=3)
    single("gather_matrix", "Gather", 13, {"x": x}, {"i": np.array([[0, 1], [1, 2]], np.int64)}, axis=1)
    single("concat_constant", "Concat", 13, {"x": x}, {"c": f32(2, 2, 1, 4)}, axis=1)
    single("expand_13", "Expand", 13, {"x": x}, {"s": i64(5, 1, 1, 3, 1)}, order=["x", "s"])
    single("tile_13", "Tile", 13, {"x": x}, {"r": i64(1, 2, 3, 1)})
    single("cast_float", "Cast", 19, {"x": x}, to=TensorProto.FLOAT)


def folding():
    x = f32(2, 3, 4, 5)
    node_test("shape_arithmetic", [  # What torch.onnx leaves of x.view(x.size(0), -1, x.size(3)).
        ("Shape", ["x"], ["s"], {}), ("Gather", ["s", "zero"], ["n"], {"axis": 0}),
        ("Shape", ["x"], ["t"], {}), ("Gather", ["t", "three"], ["w"], {"axis": 0}),
        ("Unsqueeze", ["n", "axis"], ["n1"], {}), ("Unsqueeze", ["w", "axis"], ["w1"], {}),
        ("Concat", ["n1", "minus", "w1"], ["shape"], {"axis": 0}), ("Reshape", ["x", "shape"], ["y"], {})], 13, {"x": x},
        {"zero": np.array(0, np.int64), "three": np.array(3, np.int64), "axis": i64(0), "minus": i64(-1)})
    node_test("shape_15_slice", [("Shape", ["x"], ["s"], {"start": 1, "end": -1}),
                                 ("ReduceProd", ["s"], ["p"], {"keepdims": 1, "axes": [0]}),
                                 ("Concat", ["two", "p", "five"], ["shape"], {"axis": 0}),
                                 ("Reshape", ["x", "shape"], ["y"], {})], 15, {"x": x},
              {"two": i64(2), "five": i64(5)})
    node_test("dynamic_pads", [  # EfficientNet's padding as exporters write it.
        ("ConstantOfShape", ["count"], ["zeros"], {"value": helper.make_tensor("v", TensorProto.INT64, [1], [0])}),
        ("Concat", ["some", "zeros"], ["all"], {"axis": 0}), ("Reshape", ["all", "pairs"], ["matrix"], {}),
        ("Slice", ["matrix", "last", "far", "axis", "back"], ["reversed"], {}),
        ("Transpose", ["reversed"], ["columns"], {"perm": [1, 0]}), ("Reshape", ["columns", "flat"], ["p32"], {}),
        ("Cast", ["p32"], ["p"], {"to": TensorProto.INT64}), ("Pad", ["x", "p", "value"], ["y"], {"mode": "constant"})],
        13, {"x": x}, {"count": i64(4), "some": i64(0, 1, 1, 0), "pairs": i64(-1, 2), "last": i64(-1),
                       "far": i64(-9223372036854775807), "axis": i64(0), "back": i64(-1), "flat": i64(-1),
                       "value": np.float32(0)})
    node_test("integer_arithmetic", [
        ("Shape", ["x"], ["s"], {}), ("Mul", ["s", "m"], ["a"], {}), ("Div", ["a", "d"], ["b"], {}),
        ("Mod", ["b", "big"], ["c"], {}), ("Cast", ["c"], ["cf"], {"to": 1}), ("Mul", ["cf", "half"], ["h"], {}),
        ("Floor", ["h"], ["fl"], {}), ("Cast", ["fl"], ["ci"], {"to": 7}), ("Expand", ["one", "ci"], ["y1"], {}),
        ("ReduceMean", ["x"], ["mean"], {"keepdims": 1}), ("Add", ["y1", "mean"], ["y"], {})], 13, {"x": x},
        {"m": i64(2, 4, 1, 2), "d": i64(2, 4, 2, 1), "big": i64(7, 7, 7, 7), "half": np.float32(1.0),
         "one": np.ones((1,), np.float32)})
    node_test("where_equal_range", [
        ("Range", ["zero", "four", "one"], ["r"], {}), ("Equal", ["r", "two"], ["e"], {}),
        ("Where", ["e", "a", "b"], ["w"], {}), ("Mul", ["x", "w"], ["y"], {})], 13, {"x": f32(3, 4)},
        {"zero": np.array(0, np.int64), "four": np.array(4, np.int64), "one": np.array(1, np.int64), "two": i64(2),
         "a": np.float32(10), "b": np.float32(0.5)})
    branch = lambda op, name: helper.make_graph([helper.make_node(op, ["x"], [name])], name,
                                                [], [helper.make_tensor_value_info(name, 1, None)])
    node_test("if_constant", [("Shape", ["x"], ["s"], {}), ("Size", ["s"], ["n"], {}), ("Equal", ["n", "four"], ["c"], {}),
                              ("If", ["c"], ["y"], {"then_branch": branch("Relu", "t"), "else_branch": branch("Neg", "e")})],
              13, {"x": x}, {"four": np.array(4, np.int64)})
    node_test("half_weights", [("Cast", ["w"], ["wf"], {"to": 1}), ("Add", ["x", "wf"], ["y"], {})], 13, {"x": x},
              {"w": f32(5).astype(np.float16)})
    node_test("double_weights", [("Cast", ["w"], ["wf"], {"to": 1}), ("Add", ["x", "wf"], ["y"], {})], 13, {"x": x},
              {"w": f32(5).astype(np.float64)})
    node_test("constants_of_all_kinds", [
        ("Constant", [], ["f"], {"value_float": 2.0}), ("Constant", [], ["fs"], {"value_floats": [1.0, 2, 3, 4, 5]}),
        ("Constant", [], ["i"], {"value_ints": [2, 3, 20]}), ("Mul", ["x", "f"], ["a"], {}), ("Add", ["a", "fs"], ["b"], {}),
        ("Reshape", ["b", "i"], ["y"], {})], 13, {"x": x})
    node_test("constant_result", [("Identity", ["x"], ["y"], {}), ("Add", ["a", "b"], ["z"], {})], 13, {"x": x},
              {"a": f32(2), "b": f32(3, 1)}, outputs=("y", "z"))


def quantization():
    x = f32(1, 4, 6, 6)
    scale = lambda v: np.array(v, np.float32)
    qdq = lambda op, extra=(), attrs=None: [("QuantizeLinear", ["x", "s", *extra], ["q"], attrs or {}),
                                            ("DequantizeLinear", ["q", "s", *extra], ["y"], {k: v for k, v in (attrs or {}).items() if k == "axis"})]
    node_test("qdq_u8", qdq("", ["z"]), 10, {"x": x}, {"s": scale(0.02), "z": np.array(128, np.uint8)})
    node_test("qdq_i8", qdq("", ["z"]), 13, {"x": x}, {"s": scale(0.02), "z": np.array(-3, np.int8)})
    node_test("qdq_default_u8", qdq(""), 13, {"x": x}, {"s": scale(0.02)})
    node_test("qdq_axis", qdq("", ["z"], {"axis": 1}), 13, {"x": x},
              {"s": scale([0.01, 0.02, 0.03, 0.04]), "z": np.array([0, 1, -2, 3], np.int8)})
    node_test("qdq_23", [("QuantizeLinear", ["x", "s"], ["q"], {"output_dtype": TensorProto.INT8}),
                         ("DequantizeLinear", ["q", "s"], ["y"], {})], 23, {"x": x}, {"s": scale(0.02)})
    node_test("qdq_reread", [("QuantizeLinear", ["x", "s", "z"], ["q"], {}), ("Reshape", ["q", "shape"], ["r"], {}),
                             ("Transpose", ["r"], ["t"], {"perm": [1, 0]}),
                             ("DequantizeLinear", ["t", "s2", "z"], ["y"], {})], 13, {"x": x},
              {"s": scale(0.02), "s2": scale(0.5), "z": np.array(7, np.uint8), "shape": i64(4, 36)})
    codes = rng.integers(0, 255, (6, 4, 3, 3)).astype(np.uint8)
    node_test("dq_weight_u8", [("DequantizeLinear", ["w", "s", "z"], ["wf"], {}), ("Conv", ["x", "wf"], ["y"], {})], 13,
              {"x": x}, {"w": codes, "s": scale(0.01), "z": np.array(120, np.uint8)})
    node_test("dq_weight_axis_bias", [
        ("DequantizeLinear", ["w", "s"], ["wf"], {"axis": 0}), ("DequantizeLinear", ["b", "bs"], ["bf"], {"axis": 0}),
        ("Conv", ["x", "wf", "bf"], ["y"], {})], 21, {"x": x},
        {"w": (codes.astype(np.int16) - 128).astype(np.int8), "s": np.abs(f32(6)) / 50 + 0.001,
         "b": rng.integers(-500, 500, 6).astype(np.int32), "bs": np.abs(f32(6)) / 500 + 0.0001})
    node_test("dq_depthwise_axis", [("DequantizeLinear", ["w", "s"], ["wf"], {"axis": 0}),
                                    ("Conv", ["x", "wf"], ["y"], {"group": 4})], 13, {"x": x},
              {"w": rng.integers(-127, 127, (4, 1, 3, 3)).astype(np.int8), "s": np.abs(f32(4)) / 50 + 0.001})
    node_test("dq_gemm_axis", [("DequantizeLinear", ["w", "s"], ["wf"], {"axis": 1}),
                               ("Gemm", ["a", "wf"], ["y"], {"alpha": 0.5})], 13, {"a": f32(2, 5)},
              {"w": rng.integers(-127, 127, (5, 3)).astype(np.int8), "s": np.abs(f32(3)) / 50 + 0.001})
    node_test("qdq_float_weight", [("QuantizeLinear", ["w", "s"], ["q"], {}), ("DequantizeLinear", ["q", "s"], ["wf"], {}),
                                   ("Conv", ["x", "wf"], ["y"], {})], 13, {"x": x},
              {"w": np.abs(f32(6, 4, 3, 3)), "s": scale(0.01)})


def save(name, model):
    os.makedirs(f"{OUT}/errors", exist_ok=True)
    data = model if isinstance(model, bytes) else model.SerializeToString()
    with open(f"{OUT}/errors/{name}.onnx", "wb") as file:
        file.write(data)


def errors():
    x = (1, 2, 4, 4)
    relu = [("Relu", ["x"], ["y"], {})]
    good = build(relu, 13, {"x": x})
    save("good", good)
    save("truncated", good.SerializeToString()[:-20])
    save("not-onnx", b"PK\x03\x04 this is a zip file, not a model\n" * 4)
    save("empty", b"")
    model = build(relu, 13, {"x": x})
    model.ClearField("graph")
    save("no-graph", model)
    model = build(relu, 13, {"x": x})
    del model.opset_import[:]
    save("no-opset", model)
    save("opset-99", build(relu, 99, {"x": x}))
    save("old-add", build([("Add", ["x", "x"], ["y"], {})], 6, {"x": x}))
    save("open-shape", build(relu, 13, {"x": ("N", 3, "height", 224)}))
    save("no-shape", build(relu, 13, {"x": helper.make_tensor_value_info("x", 1, None)}))
    save("two-inputs", build([("Add", ["x", "z"], ["y"], {})], 13, {"x": ("N", 2), "z": ("N", 2)}))
    save("int-input", build([("Cast", ["x"], ["y"], {"to": 1})], 13, {"x": info("x", x, TensorProto.INT64)}))
    save("int-input-unused", build(relu, 13, {"x": x, "unused": info("unused", x, TensorProto.INT64)}))
    save("half-input", build(relu, 13, {"x": info("x", x, TensorProto.FLOAT16)}))
    save("domain", build(relu, 13, {"x": x}, domains=["com.microsoft"]))
    model = build([("FusedConv", ["x"], ["y"], {})], 13, {"x": x}, domains=["com.microsoft"])
    model.graph.node[0].domain = "com.microsoft"
    save("domain", model)
    save("missing-operators", build([("Relu", ["x"], ["a"], {}), ("Hardmax", ["a"], ["b"], {}), ("Gelu", ["b"], ["c"], {}),
                                     ("Hardmax", ["c"], ["y"], {})], 13, {"x": x}))
    save("dead-missing-operator", build([("Relu", ["x"], ["y"], {}), ("Hardmax", ["x"], ["b"], {})], 13, {"x": x}))
    save("where-activation", build([("Where", ["c", "x", "x"], ["y"], {})], 13, {"x": x}, {"c": np.array([True])}))
    w = np.ones((4, 2, 3, 3), np.float32)
    conv = lambda name, w=w, ins=("x", "w"), shape=x, **attrs: save(
        name, build([("Conv", list(ins), ["y"], attrs)], 13, {"x": shape}, {"w": w}))
    conv("conv-auto-pad", auto_pad="SAME")
    conv("conv-kernel-shape", kernel_shape=[5, 5])
    conv("conv-group", group=3)
    conv("conv-channels", w=np.ones((4, 3, 3, 3), np.float32))
    conv("conv-too-large", w=np.ones((4, 2, 7, 3), np.float32))
    conv("conv-3d", w=np.ones((4, 2, 3, 3, 3), np.float32), shape=(1, 2, 4, 4, 4))
    conv("conv-attribute-type", strides=1.5)
    conv("conv-attribute-count", strides=[1, 1, 1])
    conv("conv-strides-zero", strides=[0, 1])
    conv("missing-input", ins=("x", "v"))
    conv("too-many-inputs", ins=("x", "w", "w", "w"))
    conv("too-few-inputs", ins=("x",))
    bad = w.copy()
    bad[1, 0, 2, 1] = np.nan
    conv("nan-weight", w=bad)
    model = build([("Conv", ["x", "w"], ["y"], {})], 13, {"x": x}, {"w": w})
    model.graph.initializer[0].dims[0] = 5
    save("initializer-size", model)
    model.graph.initializer[0].dims[0] = 1 << 62
    save("initializer-huge", model)
    model = build([("Conv", ["x", "w"], ["y"], {})], 13, {"x": x}, {"w": w})
    model.graph.initializer[0].data_type = TensorProto.STRING
    save("initializer-string", model)
    external = lambda location, **keys: _external(w, x, location, keys)
    save("external-outside", external("../secret.bin"))
    save("external-absolute", external("/etc/passwd"))
    save("external-missing", external("missing.bin"))
    save("external-short", external("external.bin", offset="100"))
    save("external-length", external("external.bin", length="12"))
    save("external-number", external("external.bin", offset="-4"))
    save("external-good", external("external.bin", offset="16"))
    with open(f"{OUT}/errors/external.bin", "wb") as file:
        file.write(b"\0" * 16 + w.tobytes())
    save("cycle", build([("Add", ["x", "b"], ["a"], {}), ("Relu", ["a"], ["b"], {}), ("Relu", ["b"], ["y"], {})], 13, {"x": x}))
    save("unsorted", build([("Relu", ["a"], ["y"], {}), ("Relu", ["x"], ["a"], {})], 13, {"x": x}))
    save("duplicate", build([("Relu", ["x"], ["a"], {}), ("Neg", ["x"], ["a"], {}), ("Relu", ["a"], ["y"], {})], 13, {"x": x}))
    save("output-undefined", build(relu, 13, {"x": x}, outputs=("y", "z")))
    save("no-outputs", build(relu, 13, {"x": x}, outputs=()))
    save("add-shapes", build([("Add", ["x", "c"], ["y"], {})], 13, {"x": x}, {"c": np.ones(3, np.float32)}))
    save("reshape-size", build([("Reshape", ["x", "s"], ["y"], {})], 13, {"x": x}, {"s": i64(5, -1)}))
    save("reshape-dynamic", build([("Reshape", ["x", "x"], ["y"], {})], 13, {"x": x}))
    save("matmul-inner", build([("MatMul", ["x", "c"], ["y"], {})], 13, {"x": x}, {"c": np.ones((3, 2), np.float32)}))
    save("maxpool-dilations", build([("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2], "dilations": [2, 2]})], 13, {"x": x}))
    save("maxpool-indices", build([("MaxPool", ["x"], ["y", "i"], {"kernel_shape": [2, 2]})], 13, {"x": x}, outputs=("y", "i")))
    save("maxpool-indices-unused", build([("MaxPool", ["x"], ["y", "i"], {"kernel_shape": [2, 2]})], 13, {"x": x}))
    save("maxpool-kernel", build([("MaxPool", ["x"], ["y"], {})], 13, {"x": x}))
    save("pad-reflect", build([("Pad", ["x", "p"], ["y"], {"mode": "reflect"})], 13, {"x": x}, {"p": i64(0, 0, 1, 1, 0, 0, 1, 1)}))
    save("batchnorm-training", build([("BatchNormalization", ["x", "a", "a", "a", "a"], ["y"], {"training_mode": 1})], 14,
                                     {"x": x}, {"a": np.ones(2, np.float32)}))
    save("softmax-axis", build([("Softmax", ["x"], ["y"], {"axis": 4})], 13, {"x": x}))
    quantize = lambda name, s, z, **attrs: save(name, build([("QuantizeLinear", ["x", "s", "z"], ["q"], attrs),
                                                             ("DequantizeLinear", ["q", "s", "z"], ["y"], {})], 21,
                                                            {"x": x}, {"s": s, "z": z}))
    one = np.float32(1)
    quantize("quantize-scale", np.float32(0), np.uint8(0))
    quantize("quantize-infinite", np.float32(np.inf), np.uint8(0))
    quantize("quantize-type", one, np.int16(0))
    quantize("quantize-block", one, np.uint8(0), block_size=2)
    quantize("quantize-channels", np.ones(3, np.float32), np.zeros(3, np.uint8))
    save("quantized-result", build([("QuantizeLinear", ["x", "s"], ["y"], {})], 13, {"x": x}, {"s": one}))
    save("huge-expand", build([("Expand", ["x", "s"], ["y"], {})], 13, {"x": x}, {"s": i64(1 << 40, 1, 1, 1, 1)}))
    save("huge-constant", build([("ConstantOfShape", ["s"], ["y"], {})], 13, {"x": x}, {"s": i64(1 << 20, 1 << 20)}))
    old = build([("Conv", ["x", "w"], ["y"], {})], 7, {"x": x, "w": w}, {"w": w}, ir=3)
    save("ir3-initializer-is-input", old)


def _external(w, x, location, keys):
    model = build([("Conv", ["x", "w"], ["y"], {})], 13, {"x": x}, {"w": w})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **keys}.items():
        tensor.external_data.add(key=key, value=value)
    return model


convolutions(); pooling(); linear(); elementwise(); shapes(); folding(); quantization(); errors()
