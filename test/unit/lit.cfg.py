"""lit configuration of the unit tests: every program *Tests of this folder's build."""
import os

import lit.formats

config.name = "narrow-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.suffixes = []
config.test_source_root = os.path.join(config.narrow_build, "test", "unit")
config.test_exec_root = config.test_source_root
config.environment["PATH"] = os.environ["PATH"]
