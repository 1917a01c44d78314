"""Times Narrow, ONNX Runtime and OpenVINO on whole networks, batch 1, and prints a table.

Called by compare_networks. Engines run in alternation, round by round; of each round the fastest call counts, of the
rounds the median. The cost of an empty call is taken off the peers' times: they are called through Python, Narrow is
not. `fast` is Narrow with --requantize=fast. ratio: Narrow int8 by the faster int8 peer, below 1 is ahead. Machines are
noisy, compare ratios of one run. ONEDNN_MAX_CPU_ISA=AVX2 in the environment limits OpenVINO (not ONNX Runtime, so the
ratio is to OpenVINO alone); give Narrow --isa=avx2 then.

--memory prints instead the most memory (MB) that a Python process ever held which loads one int8 model and runs it
three times; `python` is one that only imports numpy.
"""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

MODELS = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_lite0", "fashion_resnet", "fashion_mobilenet"]


def sample(path, seed=0):
    import onnxruntime

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
        import openvino

        model = nncf.quantize(openvino.Core().read_model(path), nncf.Dataset(data), subset_size=len(data))
        openvino.save_model(model, f"{stem}.ov8.xml", compress_to_fp16=False)


def onnxruntime_call(path, threads, feed):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def openvino_call(path, threads, feed):
    import openvino

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
    import onnx

    path = os.path.join(folder, "identity.onnx")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return best_ms(engine(path, 1, {"x": np.zeros(1, np.float32)}), 0.3)


def narrow_library(args, path, flags, folder):
    library = os.path.join(folder, f"m{len(os.listdir(folder))}.so")
    subprocess.run([f"{args.narrow}/narrow-compile", path, *flags, f"--threads={args.threads}",
                    f"--isa={args.isa}" if args.isa else f"--mcpu={args.mcpu}", "--name=m", "-o", library],
                   check=True, stderr=subprocess.DEVNULL)
    return library


def narrow_call(args, library, data):
    """A function of seconds that gives the fastest time in ms."""
    def measure(repeat):
        run = subprocess.run([f"{args.narrow}/narrow-run", library, "--input", data, "--repeat", str(repeat),
                              f"--threads={args.threads}", "--json"], check=True, capture_output=True, text=True)
        return json.loads(run.stdout)["latency_ms"]["min"]

    once = measure(5)
    return lambda seconds: measure(max(5, int(seconds * 1e3 / once)))


def narrow_in_process(library, data):
    """A call of the C interface, whose struct narrow_model_info begins as below."""
    class Tensor(ctypes.Structure):
        _fields_ = [("name", ctypes.c_char_p), ("layout", ctypes.c_char_p), ("dims", ctypes.c_void_p),
                    ("count", ctypes.c_int64), ("numbers", ctypes.c_int32 * 4), ("scale", ctypes.c_double)]

    class Info(ctypes.Structure):
        _fields_ = [("counts", ctypes.c_uint32 * 4), ("inputs", ctypes.POINTER(Tensor)),
                    ("outputs", ctypes.POINTER(Tensor)), ("observers", ctypes.c_void_p), ("arena", ctypes.c_uint64)]

    model = ctypes.CDLL(library)
    model.m_info.restype = ctypes.POINTER(Info)
    info = model.m_info().contents
    x, y = np.ascontiguousarray(next(iter(data.values()))), np.empty(info.outputs[0].count, np.float32)
    memory = np.empty(info.arena + 64, np.uint8)
    arena = ctypes.c_void_p((memory.ctypes.data + 63) // 64 * 64)
    pointers = [(ctypes.c_void_p * 1)(array.ctypes.data) for array in (x, y)]
    keep = x, y, memory  # as long as the pointers
    return lambda: (keep, model.m_run(*pointers, arena, ctypes.c_size_t(info.arena)))


def peak_memory(engine, file, data):
    """MB of a new process; engine is a key of `calls`."""
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import numpy as np, networks\n"
            "engine, file, data = sys.argv[2:]; feed = dict(np.load(data))\n"
            "calls = {'ort': lambda: networks.onnxruntime_call(file, 1, feed), 'python': lambda: lambda: None,\n"
            "         'openvino': lambda: networks.openvino_call(file, 1, feed),\n"
            "         'narrow': lambda: networks.narrow_in_process(file, feed)}\n"
            "call = calls[engine]()\n"
            "for _ in range(3): call()\n"
            "print(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])")
    here = os.path.dirname(os.path.abspath(__file__))
    run = subprocess.run([sys.executable, "-c", code, here, engine, file, data], check=True, capture_output=True,
                         text=True)
    return int(run.stdout) / 1024


def print_memory(args):
    print("| network | python | ORT i8 | OpenVINO i8 | Narrow i8 |\n|---|---|---|---|---|")
    for name in args.models.split(","):
        path = os.path.join(args.dir, name + ".onnx")
        quantize_for_peers(path)
        stem = path.removesuffix(".onnx")
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "in.npz")
            np.savez(data, **sample(path))
            library = narrow_library(args, path, ["--data", data], folder)
            row = [peak_memory(*case, data) for case in (("python", ""), ("ort", f"{stem}.ort8.onnx"),
                                                         ("openvino", f"{stem}.ov8.xml"), ("narrow", library))]
        print(f"| {name} | " + " | ".join(f"{mb:.0f}" for mb in row) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", help="folder of NAME.onnx")
    parser.add_argument("--narrow", required=True, help="folder of narrow-compile and narrow-run")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of one engine in one round")
    parser.add_argument("--mcpu", default="native")
    parser.add_argument("--isa", help="instruction set of Narrow's kernels")
    parser.add_argument("--threads", type=int, default=1, help="of every engine")
    parser.add_argument("--flags", default="", help="more flags for int8, e.g. --flags=--scheme=w7a8")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    args = parser.parse_args()
    if args.memory:
        return print_memory(args)
    if args.threads == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    peak = subprocess.run([os.path.join(args.dir, "dot_peak")], capture_output=True, text=True, check=True).stdout
    print(f"dot product of 512-bit registers alone: {peak.strip()} GMAC/s\n")
    columns = ["ORT f32", "ORT i8", "OpenVINO f32", "OpenVINO i8", "Narrow f32", "Narrow i8", "fast"]
    print("| network | " + " | ".join(columns) + " | ratio | ratio, fast |\n|" + "---|" * (len(columns) + 3))
    limited = "ONEDNN_MAX_CPU_ISA" in os.environ
    for name in args.models.split(","):
        path = os.path.join(args.dir, name + ".onnx")
        if not os.path.exists(path):  # efficientnet_lite0 is not ours to give away
            print(f"{path} is not there", file=sys.stderr)
            continue
        quantize_for_peers(path)
        feed, stem = sample(path), path.removesuffix(".onnx")
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "in.npz")
            np.savez(data, **feed)
            empty = {engine: empty_call_ms(engine, folder) for engine in (onnxruntime_call, openvino_call)}

            int8 = ["--data", data, *args.flags.split()]

            def peer(engine, file):
                call = engine(file, args.threads, feed)
                return lambda seconds: best_ms(call, seconds) - empty[engine]

            calls = [peer(onnxruntime_call, path), peer(onnxruntime_call, f"{stem}.ort8.onnx"),
                     peer(openvino_call, path), peer(openvino_call, f"{stem}.ov8.xml"),
                     narrow_call(args, narrow_library(args, path, ["--emit=float"], folder), data),
                     narrow_call(args, narrow_library(args, path, int8, folder), data),
                     narrow_call(args, narrow_library(args, path, [*int8, "--requantize=fast"], folder), data)]
            rounds = [[call(args.seconds) for call in calls] for _ in range(args.rounds)]
        ms = [statistics.median(times) for times in zip(*rounds)]
        best = ms[3] if limited else min(ms[1], ms[3])
        print(f"| {name} | " + " | ".join(f"{t:.3g}" for t in ms) + f" | {ms[5] / best:.2f} | {ms[6] / best:.2f} |",
              flush=True)


if __name__ == "__main__":
    sys.exit(main())
