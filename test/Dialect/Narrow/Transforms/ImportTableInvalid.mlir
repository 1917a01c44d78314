// RUN: not narrow-opt %s --narrow-import-table 2>&1 | FileCheck %s --check-prefix=NO-TABLE
// RUN: not narrow-opt %s --narrow-import-table=table=%t.missing 2>&1 | FileCheck %s --check-prefix=NO-FILE
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json percentile=101" 2>&1 | FileCheck %s --check-prefix=PERCENTILE
// RUN: not narrow-opt %s --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=IDS
// RUN: sed 's/"gelu"/"relu"/' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed 's/1x4x4x2/1x4x8x2/g' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: sed 's/"gelu"/"x"/' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=DUPLICATE
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=best" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json range=x=percentile:20" 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json range=mse" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json range=x[=mse" 2>&1 | FileCheck %s --check-prefix=REGEX
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json range=gel=mse" 2>&1 | FileCheck %s --check-prefix=UNMATCHED
// RUN: not narrow-opt %S/ImportTableMethods.mlir --narrow-import-table="table=%S/Inputs/ImportTable.json range=relu=ema" 2>&1 | FileCheck %s --check-prefix=EMA

// METHOD: error: method 'best' is unknown; accepted: minmax, absmax, absmax-full, absmax-pow2, ema, percentile, percentile:<percent>, mse, mse:<power>, omse, kl, aciq, aciq-laplace, aciq-gauss, octav, sqnr, auto
// RULE: error: range 'x=percentile:20': method 'percentile:20' needs a percentage above 50 and at most 100 after the colon
// FORM: error: range 'mse' is not of the form regex=method
// REGEX: error: range 'x[=mse': the regular expression is not valid
// UNMATCHED: error: range 'gel=mse' matches no id of an activation or weight; it has to match the whole id, which of a weight ends in '/weight'
// EMA: error: method 'ema' needs moving averages, and '{{.*}}ImportTable.json' has none: calibrate with narrow-calibrate --moving-average=0.95
// NO-TABLE: error: narrow-import-table needs the option table=<file>
// NO-FILE: error: {{.*}}.missing
// PERCENTILE: error: percentile must be above 50 and at most 100, got 101
// A table that is written by hand names no model; ids and shapes are those of the network.
// IDS: error: '{{.*}}ImportTable.json' is the table of another model or of another version of it: only in the model: 'gelu'; only in the table: 'relu', 'sigmoid'; calibrate this model with narrow-calibrate
// UNKNOWN: error: '{{.*}}ImportTable.json' is the table of another model or of another version of it: only in the table: 'sigmoid'; calibrate
// SHAPE: only in the model: 'gelu'; only in the table: 'relu', 'sigmoid'; other shapes: 'x' ([4, 8, 2], not [4, 4, 2])
// DUPLICATE: error: two observers have the id 'x'
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = narrow.activation gelu %0 : tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "gelu" : tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}
