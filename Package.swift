// swift-tools-version: 6.2
import PackageDescription

// One row per room. A room may import only rooms named in its row; CI builds with
// `--explicit-target-dependency-import-check error`, so an undeclared import does not compile.

let strict: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]
  + (Context.environment["SAM2_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + [arguments], swiftSettings: strict)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude,
    swiftSettings: strict)
}

let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "sam2-swift",
  products: [
    .library(name: "SAM2", targets: ["SAM2"]),
    .library(name: "SAM2Jobs", targets: ["SAM2Jobs"]),
    .executable(name: "sam2", targets: ["sam2"]),
    .executable(name: "sam2-convert", targets: ["sam2-convert"]),
    .executable(name: "sam2-quantize", targets: ["sam2-quantize"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Floor 0: C and bytes.
    .target(name: "CKernels"),
    .target(name: "CSystem"),
    .target(name: "CImageCodecs", dependencies: ["CJPEG", "CPNG"]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    room("Bytes", ["CKernels", "CSystem"]),
    room("JSON", ["Bytes"]),

    // Floor 1: typed numbers.
    room("Tensors", ["Bytes"]),

    // Floor 2: one checkpoint format each, then the room that picks the reader.
    room("TorchCheckpoint", ["Bytes", "Tensors", "CZlib"]),
    room("SafetensorsCheckpoint", ["Bytes", "JSON", "Tensors"]),
    room("HDF5Checkpoint", ["Bytes", "JSON", "Tensors", "CSystem", "CHDF5", "CZlib"]),
    room(
      "Checkpoints",
      ["Bytes", "Tensors", "TorchCheckpoint", "SafetensorsCheckpoint", "HDF5Checkpoint"]),

    // Floor 3: the graph and what works on graphs.
    room("Graph", ["Bytes", "Tensors", "JSON"]),
    room("Reference", ["Bytes", "Tensors", "Graph"]),
    room("ModelFile", ["Bytes", "JSON", "Tensors", "Graph", crypto]),
    room("Passes", ["Bytes", "Tensors", "Graph"]),
    room("Quantizer", ["Bytes", "JSON", "Tensors", "Graph", "Passes"]),
    room("Runtime", ["Bytes", "Tensors", "Graph", "CKernels"]),

    // Floor 4: pixels, and SAM 2 itself.
    room("Media", ["Bytes", "CImageCodecs"]),
    room("Annotations", ["Bytes", "JSON", "Media"]),
    room("SampleScene", ["Bytes", "Media"]),
    room("SAM2Config", ["Bytes", "JSON"]),
    room("ModelInterface", ["Bytes", "JSON", "Graph", "SAM2Config"]),
    room("SAM2Import", ["Bytes", "JSON", "Tensors", "Graph", "SAM2Config", yaml]),
    room(
      "SAM2",
      [
        "Bytes", "JSON", "Tensors", "Graph", "Runtime", "ModelFile", "Media", "SAM2Config",
        "ModelInterface",
      ]),

    // Runs a model to see what quantisation needs to know, and what it costs.
    room(
      "Calibration",
      ["Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Quantizer", "Runtime", "Media", "SAM2"]),

    // Runs two models side by side.
    room(
      "Comparison",
      [
        "Bytes", "Tensors", "Graph", "Passes", "Quantizer", "Runtime", "Media", "SampleScene",
        "SAM2", "Calibration",
      ]),

    // Clocks, folders and names that jobs and commands share.
    room("JobSupport", ["Bytes", "JSON"]),

    // Work on files: pictures, videos and lists in, masks and annotations out.
    room(
      "SAM2Jobs",
      [
        "Bytes", "JSON", "Tensors", "Runtime", "ModelFile", "Media", "Annotations", "SAM2",
        "JobSupport",
      ]),

    // Floor 5: the commands.
    .target(name: "CBundledModel", exclude: ["nano-int8.sam2"]),
    room("CLISupport", ["Bytes", "JSON", "JobSupport", arguments]),
    room(
      "QuantizationReport",
      [
        "Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Passes", "Quantizer", "Media",
        "Calibration", "Comparison", "JobSupport", "CLISupport",
      ]),
    command(
      "sam2-convert",
      [
        "Bytes", "JSON", "Tensors", "Graph", "Checkpoints", "SafetensorsCheckpoint",
        "HDF5Checkpoint", "ModelFile", "SAM2Config", "ModelInterface", "SAM2Import", "CLISupport",
      ]),
    command(
      "sam2-quantize",
      [
        "Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Passes", "Quantizer", "Runtime", "SAM2",
        "Calibration", "Comparison", "QuantizationReport", "JobSupport", "CLISupport",
      ]),
    command(
      "sam2",
      [
        "Bytes", "JSON", "Runtime", "ModelFile", "Media", "Annotations", "SampleScene", "SAM2",
        "SAM2Jobs", "CBundledModel", "CSystem", "JobSupport", "CLISupport",
      ]),

    // Tests: one target per room, and the built commands end to end.
    .target(
      name: "TestSupport", dependencies: ["Bytes", "Tensors", "Graph"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(name: "CConfinement", dependencies: ["CSystem"], path: "Tests/CConfinement"),
    tests("BytesTests", ["Bytes", "CZlib"]),
    tests("JSONTests", ["Bytes", "JSON"]),
    tests(
      "SAM2ImportTests", ["SAM2Import", "SAM2Config", "Graph", "Tensors", "Bytes", "JSON"],
      exclude: ["Fixtures"]),
    tests(
      "ModelInterfaceTests",
      [
        "Bytes", "Graph", "JSON", "ModelFile", "ModelInterface", "SAM2Config", "SAM2Import",
      ]),
    tests("MediaTests", ["Media", "Bytes"], exclude: ["Fixtures"]),
    tests("AnnotationsTests", ["Annotations", "Bytes", "JSON", "Media"]),
    tests("ModelFileTests", ["ModelFile", "Graph", "Tensors", "JSON", "Bytes"]),
    tests(
      "SAM2Tests",
      [
        "SAM2", "SAM2Config", "SAM2Import", "Checkpoints", "Graph", "Media", "ModelFile",
        "ModelInterface", "Passes", "Runtime", "JSON", "Tensors", "Bytes", "CAllocations",
      ], exclude: ["Fixtures"]),
    tests("SampleSceneTests", ["SampleScene", "Media", "Bytes"]),
    tests("PassesTests", ["Bytes", "JSON", "Tensors", "Graph", "Passes", "Reference", "Runtime"]),
    tests(
      "QuantizerTests",
      [
        "Bytes", "Checkpoints", "Graph", "JSON", "ModelFile", "Passes", "Quantizer", "Reference",
        "Runtime", "SAM2Import", "Tensors",
      ]),
    tests(
      "CalibrationTests",
      [
        "Bytes", "Calibration", "Checkpoints", "Graph", "JSON", "Media", "ModelFile", "Passes",
        "Quantizer", "Runtime", "SAM2Import", "SampleScene", "Tensors",
      ]),
    tests(
      "ComparisonTests",
      [
        "Bytes", "Checkpoints", "Comparison", "Graph", "Media", "Passes", "Quantizer", "SAM2",
        "SAM2Import",
        "Tensors",
      ]),
    tests(
      "QuantizationReportTests",
      [
        "Bytes", "Calibration", "Checkpoints", "Comparison", "Graph", "JSON", "Passes",
        "QuantizationReport", "Quantizer", "SAM2Import", "Tensors",
      ]),
    tests(
      "RuntimeTests",
      ["Bytes", "CAllocations", "JSON", "Tensors", "Graph", "Reference", "Runtime"]),
    tests("KernelTests", ["CKernels"]),
    tests(
      "TorchCheckpointTests", ["Bytes", "JSON", "Tensors", "TorchCheckpoint"],
      exclude: ["Fixtures"]),
    tests("SafetensorsCheckpointTests", ["Bytes", "Tensors", "SafetensorsCheckpoint"]),
    tests(
      "CheckpointsTests",
      [
        "Bytes", "Checkpoints", "SafetensorsCheckpoint", "Tensors", "Graph", "JSON", "ModelFile",
        "SAM2Config", "SAM2Import",
      ]),
    tests(
      "HDF5CheckpointTests", ["Bytes", "CConfinement", "HDF5Checkpoint", "JSON", "Tensors"],
      exclude: ["Fixtures"]),
    tests("GraphTests", ["Bytes", "Tensors", "Graph"]),
    tests(
      "ReferenceTests", ["Bytes", "JSON", "Tensors", "Graph", "Reference"], exclude: ["Fixtures"]),
    tests(
      "FuzzTests",
      [
        "Bytes", "Graph", "HDF5Checkpoint", "JSON", "ModelFile", "SafetensorsCheckpoint", "Tensors",
        "TorchCheckpoint",
      ], exclude: ["Corpus", "Dictionaries", "LibFuzzer"]),
    tests(
      "SAM2JobsTests",
      ["Annotations", "Bytes", "JSON", "JobSupport", "Media", "SAM2", "SAM2Jobs"]),
    tests("CLISupportTests", ["Bytes", "JobSupport", "CLISupport"]),
    tests("EndToEndTests", ["JSON", "Media", "Bytes"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
