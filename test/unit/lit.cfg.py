"""lit configuration of the unit tests: every program *Tests of this folder's build."""
import os

import lit.formats

config.name = "narrow-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.suffixes = []
config.test_source_root = os.path.join(config.narrow_build, "test", "unit")
config.test_exec_root = config.test_source_root
config.environment["PATH"] = os.environ["PATH"]
if "NARROW_NATIVE_ISA" in os.environ:
    config.environment["NARROW_NATIVE_ISA"] = os.environ["NARROW_NATIVE_ISA"]
# Properties draw the same cases every time; RC_PARAMS="max_success=100000" and a seed search for more.
config.environment["RC_PARAMS"] = os.environ.get("RC_PARAMS", "seed=22")
