"""lit configuration: IR tests (FileCheck), unit tests (GoogleTest), integration tests."""
import os
import shutil

import lit.formats

config.name = "narrow"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "models", "unit", "fuzz"]
config.test_source_root = os.path.join(config.narrow_source, "test")
config.test_exec_root = os.path.join(config.narrow_build, "test")
tools = [os.path.join(config.narrow_build, "bin"), config.llvm_tools]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
# What a command prints must not depend on how long it takes.
config.environment["NARROW_PROGRESS"] = "0"
# The instruction set that `native` means, in place of this machine's.
if "NARROW_NATIVE_ISA" in os.environ:
    config.environment["NARROW_NATIVE_ISA"] = os.environ["NARROW_NATIVE_ISA"]
config.environment["FILECHECK_OPTS"] = "--enable-var-scope"
config.substitutions.append(("%models", os.path.join(config.narrow_source, "test", "models")))
config.substitutions.append(("%source", config.narrow_source))
config.substitutions.append(("%build", config.narrow_build))
config.substitutions.append(("%exits", "bash " + os.path.join(config.narrow_source, "test", "tools", "Inputs", "exits")))
config.substitutions.append(("%npz", "python3 " + os.path.join(config.narrow_source, "test", "tools", "Inputs", "npz.py")))
# What this machine can execute: host-avx2, host-avx512, ... (names of --isa).
flags = set()
if os.path.exists("/proc/cpuinfo"):
    for line in open("/proc/cpuinfo"):
        if line.startswith(("flags", "Features")):
            flags.update(line.split(":", 1)[1].split())
avx2 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "popcnt"}
avx512 = avx2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
for isa, needed in {"avx2": avx2, "avx512": avx512, "avxvnni": avx2 | {"avx_vnni"},
                    "avx512vnni": avx512 | {"avx512_vnni"},
                    "amx": avx512 | {"avx512_vnni", "amx_tile", "amx_int8"}, "neon-dotprod": {"asimd", "asimddp"}}.items():
    if needed <= flags:
        config.available_features.add("host-" + isa)
config.available_features.add("host-" + os.uname().machine)
# Objects of other CPUs run under an emulator where there is one.
if shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc"):
    config.available_features.add("aarch64-emulator")
if shutil.which("qemu-x86_64") and os.uname().machine == "x86_64":
    config.available_features.add("x86-64-emulator")
if all(shutil.which(tool) for tool in ("bochs", "genisoimage", "script")) and os.path.exists("/usr/lib/ISOLINUX/isolinux.bin"):
    config.available_features.add("bochs")
if os.path.exists(os.path.join(config.narrow_build, "fuzz", "fuzz-onnx")):
    config.available_features.add("fuzz-targets")
# A checker of memory, where there is one.
config.substitutions.append(("%{checker}", "valgrind -q --error-exitcode=9" if shutil.which("valgrind") else ""))
if any(shutil.which(browser) for browser in ("chromium", "chromium-browser", "google-chrome")):
    config.available_features.add("browser")
if "NARROW_MODELS" in os.environ:
    config.available_features.add("large-models")
    config.environment["NARROW_MODELS"] = os.environ["NARROW_MODELS"]
    config.substitutions.append(("%large_models", os.environ["NARROW_MODELS"]))
