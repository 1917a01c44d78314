"""Times Narrow, ONNX Runtime and OpenVINO on whole networks, batch 1, and prints a table.

Called by compare_networks. Engines run in alternation, round by round; of each round the fastest call counts, of the
rounds the median. The cost of an empty call is taken off the peers' times: they are called through Python, Narrow is
not. ratio: Narrow int8 by the faster int8 peer, below 1 is ahead. Machines are noisy, compare ratios of one run.
ONEDNN_MAX_CPU_ISA=AVX2 in the environment limits OpenVINO; give Narrow --isa=avx2 then.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
import openvino

MODELS = ["resnet18", "resnet50", "mobilenet_v2", "fashion_resnet", "fashion_mobilenet"]


def sample(path, seed=0):
    rng = np.random.default_rng(seed)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return {i.name: rng.standard_normal(i.shape).astype(np.float32) for i in session.get_inputs()}


def quantize_for_peers(path):
    """ONNX Runtime: static QDQ, u8 activations, s8 weights per channel, minmax. OpenVINO: NNCF's default."""
    stem, data = path.removesuffix(".onnx"), [sample(path, seed) for seed in range(8)]
    if not os.path.exists(f"{stem}.ort8.onnx"):
        from onnxruntime import quantization as q

        class Reader(q.CalibrationDataReader):
            samples = iter(data)

            def get_next(self):
                return next(self.samples, None)

        q.shape_inference.quant_pre_process(path, f"{stem}.pre.onnx")
        q.quantize_static(f"{stem}.pre.onnx", f"{stem}.ort8.onnx", Reader(), quant_format=q.QuantFormat.QDQ,
                          per_channel=True, activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
        os.remove(f"{stem}.pre.onnx")
    if not os.path.exists(f"{stem}.ov8.xml"):
        import nncf

        model = nncf.quantize(openvino.Core().read_model(path), nncf.Dataset(data), subset_size=len(data))
        openvino.save_model(model, f"{stem}.ov8.xml", compress_to_fp16=False)


def onnxruntime_call(path, threads, feed):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def openvino_call(path, threads, feed):
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(path, "CPU", config).create_infer_request()
    return lambda: request.infer(feed)


def best_ms(call, seconds):
    call(), call()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def empty_call_ms(engine, folder):
    path = os.path.join(folder, "identity.onnx")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return best_ms(engine(path, 1, {"x": np.zeros(1, np.float32)}), 0.3)


def narrow_call(args, path, flags, data, folder):
    """A function of seconds that gives the fastest time in ms."""
    library = os.path.join(folder, f"m{len(os.listdir(folder))}.so")
    subprocess.run([f"{args.narrow}/narrow-compile", path, *flags, f"--mcpu={args.mcpu}",
                    *([f"--isa={args.isa}"] if args.isa else []), "-o", library], check=True, stderr=subprocess.DEVNULL)

    def measure(repeat):
        run = subprocess.run([f"{args.narrow}/narrow-run", library, "--input", data, "--repeat", str(repeat), "--json"],
                             check=True, capture_output=True, text=True)
        return json.loads(run.stdout)["latency_ms"]["min"]

    once = measure(5)
    return lambda seconds: measure(max(5, int(seconds * 1e3 / once)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", help="folder of NAME.onnx")
    parser.add_argument("--narrow", required=True, help="folder of narrow-compile and narrow-run")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of one engine in one round")
    parser.add_argument("--mcpu", default="native")
    parser.add_argument("--isa", help="instruction set of Narrow's kernels")
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    peak = subprocess.run([os.path.join(args.dir, "dot_peak")], capture_output=True, text=True, check=True).stdout
    print(f"dot product of 512-bit registers alone: {peak.strip()} GMAC/s\n")
    columns = ["ORT f32", "ORT i8", "OpenVINO f32", "OpenVINO i8", "Narrow f32", "Narrow i8"]
    print("| network | " + " | ".join(columns) + " | ratio |\n|" + "---|" * (len(columns) + 2))
    for name in args.models.split(","):
        path = os.path.join(args.dir, name + ".onnx")
        quantize_for_peers(path)
        feed, stem = sample(path), path.removesuffix(".onnx")
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "in.npz")
            np.savez(data, **feed)
            empty = {engine: empty_call_ms(engine, folder) for engine in (onnxruntime_call, openvino_call)}

            def peer(engine, file):
                call = engine(file, 1, feed)
                return lambda seconds: best_ms(call, seconds) - empty[engine]

            calls = [peer(onnxruntime_call, path), peer(onnxruntime_call, f"{stem}.ort8.onnx"),
                     peer(openvino_call, path), peer(openvino_call, f"{stem}.ov8.xml"),
                     narrow_call(args, path, ["--emit=float"], data, folder),
                     narrow_call(args, path, ["--data", data], data, folder)]
            rounds = [[call(args.seconds) for call in calls] for _ in range(args.rounds)]
        ms = [statistics.median(times) for times in zip(*rounds)]
        print(f"| {name} | " + " | ".join(f"{t:.3g}" for t in ms) + f" | {ms[5] / min(ms[1], ms[3]):.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
