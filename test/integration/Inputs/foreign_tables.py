"""foreign_tables.py ONNXRUNTIME.json FOLDER

Writes the ranges of a calibration.json of ONNX Runtime as TensorRT (trt.cache) and
tpu-mlir (tpu.table) write them. Where these tools fuse operators and keep no tensor, the
entry is left out; tensors of constants too. tpu-mlir's names are <tensor>_<operator>: the
operator is the one that PyTorch puts in the name of a tensor."""
import json
import re
import struct
import sys

source, folder = sys.argv[1:]
ranges = {name: (entry["lowest"]["data"][0], entry["highest"]["data"][0])
          for name, entry in json.load(open(source)).items() if "Constant" not in name}
fused = {name for name in ranges if name.endswith(("f.0.0/Conv_output_0", "f.1.0/Conv_output_0"))}

with open(folder + "/trt.cache", "w") as file:
    file.write("TRT-100900-EntropyCalibration2\n")
    for name, (low, high) in ranges.items():
        if name not in fused:
            bits, = struct.unpack(">I", struct.pack(">f", max(abs(low), abs(high)) / 127))
            file.write(f"{name}: {bits:x}\n")
    # Tensors that have no name in the model; not quantized.
    file.write("(Unnamed Layer* 7) [Convolution]_output: 3d5c11b5\n")
    file.write("(Unnamed Layer* 64) [Shuffle]_output: 0\n")

with open(folder + "/tpu.table", "w") as file:
    file.write("# mlir version: v1.30 cali version 1.0\n# histogram number: 2048\n# sample number: 64\n###\n"
               "# op_name    threshold    min    max\n")
    for name, (low, high) in ranges.items():
        if name not in fused:
            operator = re.search(r"(\w+?)_output_0$", name)
            suffix = "_" + (operator[1] if operator else "Gemm") if name != "input" else ""
            file.write(f"{name}{suffix} {max(abs(low), abs(high)):.7f} {low:.7f} {high:.7f}\n")
    file.write("#int4_th\n")
    file.write("/stem/stem.2/Clip_output_0_Clip 5.5 0.0 5.9\n")
    file.write("#weight_scale\n")
    file.write("/stem/stem.0/Conv_output_0_Conv_weight 2 0.01 0.02 2 0 0\n")
