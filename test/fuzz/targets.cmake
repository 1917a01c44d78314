# The fuzz targets and the libraries that each needs, all of them: the fuzzing
# project compiles their sources, and the main build links Narrow<name> (and nothing
# that this would bring along), so that it notices what is missing here.
set(narrow_fuzz_targets npz table onnx)
set(narrow_fuzz_npz Support)
set(narrow_fuzz_table Calibration Support Numerics)
set(narrow_fuzz_onnx ImportONNX Dialect Numerics)
# Folders of lib/ that have not the name of the library.
set(narrow_folder_ImportONNX Import/ONNX)
set(narrow_folder_Dialect Dialect/Narrow/IR)
