// swift-tools-version: 6.3
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

/// A folder of `Sources/`, which holds rooms of one kind.
///
/// Rooms import rooms of their own floor and of those before it.
enum Floor: String {
  /// C kernels and system calls, bytes, JSON, tensors.
  case base = "Base"
  /// Readers of checkpoints, one format each.
  case checkpoints = "Checkpoints"
  /// The graph, and what reads, rewrites, rounds and runs it.
  case engine = "Engine"
  /// Pictures and videos in and out, annotations.
  case pixels = "Pixels"
  /// SAM 2: configurations, importer, predictors.
  case family = "Family"
  /// Work on files: pictures, videos and lists in, masks and annotations out.
  case jobs = "Jobs"
  /// Runs models to see what quantisation needs to know, and what it costs.
  case measuring = "Measuring"
  /// What many clients work on at the same time, the ways in which they ask, and HTTP.
  case serving = "Serving"
  /// The library for other languages.
  case interfaces = "Interfaces"
  /// Command lines.
  case commands = "Commands"

  func path(_ name: String) -> String { "Sources/\(rawValue)/\(name)" }
}

/// A room in which every unsafe expression is marked, and hardly one is needed.
func room(_ floor: Floor, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: floor.path(name),
    swiftSettings: strict + [.strictMemorySafety()])
}

/// A room whose work is with pointers: kernels, mapped files, calls of C libraries and the system.
func pointerRoom(
  _ floor: Floor, _ name: String, _ dependencies: [Target.Dependency] = []
) -> Target {
  .target(name: name, dependencies: dependencies, path: floor.path(name), swiftSettings: strict)
}

/// A room in C.
func cRoom(
  _ floor: Floor, _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .target(name: name, dependencies: dependencies, path: floor.path(name), exclude: exclude)
}

/// The module map of a library of the system.
func library(_ floor: Floor, _ name: String, pkgConfig: String, package: String) -> Target {
  .systemLibrary(
    name: name, path: floor.path(name), pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// Functions for C, in Swift, that become a shared library.
///
/// Only the symbols in the room's `exports.map` leave it. The unsafe flags concern that library
/// alone, so other packages can depend on the rest.
func cInterface(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  let folder = "\(Context.packageDirectory)/\(Floor.interfaces.path(name))"
  return .target(
    name: name, dependencies: dependencies, path: Floor.interfaces.path(name),
    exclude: ["exports.map"], swiftSettings: strict,
    linkerSettings: [
      .unsafeFlags([
        "-Xlinker", "--version-script=\(folder)/exports.map", "-Xlinker", "-soname=libsam2.so.1",
      ])
    ])
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + [arguments], path: Floor.commands.path(name),
    swiftSettings: strict)
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
/// The HTTP server, and the packages below it whose types are in its interface.
let httpServer: [Target.Dependency] = [
  .product(name: "Hummingbird", package: "hummingbird"),
  .product(name: "HummingbirdCore", package: "hummingbird"),
  .product(name: "HTTPTypes", package: "swift-http-types"),
  .product(name: "Logging", package: "swift-log"),
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
  .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]

let package = Package(
  name: "sam2-swift",
  products: [
    .library(name: "SAM2", targets: ["SAM2"]),
    .library(name: "Detector", targets: ["Detector"]),
    .library(name: "SAM2Jobs", targets: ["SAM2Jobs"]),
    // As libsam2.so, its name when installed, it could not be a product beside the command.
    .library(name: "sam2-c", type: .dynamic, targets: ["CInterface"]),
    .executable(name: "sam2", targets: ["sam2"]),
    .executable(name: "sam2-convert", targets: ["sam2-convert"]),
    .executable(name: "sam2-quantize", targets: ["sam2-quantize"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Base: C, bytes and typed numbers.
    cRoom(.base, "CKernels"),
    cRoom(.base, "CLinux"),
    library(.base, "CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
    pointerRoom(.base, "Bytes", ["CKernels", "CLinux"]),
    room(.base, "JSON", ["Bytes"]),
    pointerRoom(.base, "Tensors", ["Bytes"]),

    // Checkpoints: one format each, then the room that picks the reader.
    library(.checkpoints, "CHDF5", pkgConfig: "hdf5", package: "libhdf5-dev"),
    pointerRoom(.checkpoints, "Zip", ["Bytes", "CZlib"]),
    room(.checkpoints, "TorchCheckpoint", ["Bytes", "Tensors", "Zip"]),
    room(.checkpoints, "NumPyCheckpoint", ["Bytes", "Tensors", "Zip"]),
    room(.checkpoints, "GGMLCheckpoint", ["Bytes", "Tensors"]),
    room(.checkpoints, "SafetensorsCheckpoint", ["Bytes", "JSON", "Tensors"]),
    pointerRoom(
      .checkpoints, "HDF5Checkpoint",
      ["Bytes", "JSON", "Tensors", "CLinux", "CHDF5", "CZlib"]),
    pointerRoom(
      .checkpoints, "Checkpoints",
      [
        "Bytes", "JSON", "Tensors", "Zip", "TorchCheckpoint", "SafetensorsCheckpoint",
        "HDF5Checkpoint", "NumPyCheckpoint", "GGMLCheckpoint", crypto,
      ]),

    // Engine: the graph and what works on graphs.
    room(.engine, "Graph", ["Bytes", "Tensors", "JSON"]),
    pointerRoom(.engine, "Reference", ["Bytes", "Tensors", "Graph"]),
    pointerRoom(.engine, "ModelFile", ["Bytes", "JSON", "Tensors", "Graph", crypto]),
    room(.engine, "Passes", ["Bytes", "Tensors", "Graph"]),
    pointerRoom(.engine, "Quantizer", ["Bytes", "JSON", "Tensors", "Graph", "Passes"]),
    pointerRoom(.engine, "Runtime", ["Bytes", "Tensors", "Graph", "CKernels"]),

    // Pixels: pictures, videos, annotations.
    library(.pixels, "CJPEG", pkgConfig: "libjpeg", package: "libjpeg-dev"),
    library(.pixels, "CPNG", pkgConfig: "libpng", package: "libpng-dev"),
    cRoom(.pixels, "CImageCodecs", ["CJPEG", "CPNG"]),
    pointerRoom(.pixels, "Media", ["Bytes", "CImageCodecs"]),
    room(.pixels, "Annotations", ["Bytes", "JSON", "Media"]),
    room(.pixels, "SampleScene", ["Bytes", "Media"]),

    // Family: SAM 2 itself, and words for the detectors beside it.
    room(.family, "Tokenizer", ["Bytes", "JSON"]),
    room(.family, "DetectorConfig", ["Bytes", "JSON", "Graph", "SAM2Config"]),
    room(.family, "SAM2Config", ["Bytes", "JSON"]),
    room(.family, "ModelInterface", ["Bytes", "JSON", "Graph", "SAM2Config"]),
    room(
      .family, "SAM2Import",
      ["Bytes", "JSON", "Tensors", "Graph", "SAM2Config", "ModelInterface", yaml]),
    room(
      .family, "DetectorImport",
      [
        "Bytes", "JSON", "Tensors", "Graph", "SAM2Config", "SAM2Import", "DetectorConfig",
        "Tokenizer",
      ]),
    pointerRoom(
      .family, "Detector",
      [
        "Bytes", "Graph", "ModelFile", "Runtime", "Tensors", "Media", "DetectorConfig", "Tokenizer",
      ]),
    pointerRoom(
      .family, "SAM2",
      [
        "Bytes", "JSON", "Tensors", "Graph", "Runtime", "ModelFile", "Media", "SAM2Config",
        "ModelInterface",
      ]),

    room(
      .family, "GoldenPrompt", ["Bytes", "JSON", "Tensors", "Graph", "Runtime", "ModelFile"]),

    // Jobs: clocks, folders and names that jobs and commands share; the work on files.
    pointerRoom(.jobs, "JobSupport", ["Bytes", "JSON"]),
    pointerRoom(
      .jobs, "SAM2Jobs",
      [
        "Bytes", "JSON", "Tensors", "Runtime", "ModelFile", "Media", "Annotations", "SAM2",
        "Detector", "JobSupport",
      ]),

    // Measuring: one model at work, two models side by side, the report.
    pointerRoom(
      .measuring, "Calibration",
      [
        "Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Quantizer", "Runtime", "Media",
        "SampleScene", "SAM2", "Detector",
      ]),
    room(
      .measuring, "Comparison",
      [
        "Bytes", "Tensors", "Graph", "Passes", "Quantizer", "Runtime", "Media", "SampleScene",
        "SAM2", "Calibration", "Detector",
      ]),
    room(
      .measuring, "QuantizationReport",
      [
        "Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Passes", "Quantizer", "Media",
        "Calibration", "Comparison", "JobSupport",
      ]),

    // Serving: sessions, embeddings and jobs; endpoints over them; the server.
    pointerRoom(
      .serving, "Workbench",
      [
        "Bytes", "JSON", "Tensors", "Media", "Annotations", "SAM2", "JobSupport", "SAM2Jobs",
        crypto,
      ]),
    cRoom(.serving, "CPage", exclude: ["page"]),
    room(
      .serving, "Endpoints",
      [
        "Bytes", "JSON", "Media", "Annotations", "SAM2", "Detector", "JobSupport", "Zip",
        "Workbench",
        "CPage",
      ]),
    room(.serving, "Kdenlive", ["Bytes", "Media", "SAM2", "JobSupport"]),
    room(
      .serving, "ToolProtocols",
      [
        "Bytes", "JSON", "Media", "Annotations", "SAM2", "Detector", "JobSupport", "SAM2Jobs",
        "Workbench", "Endpoints",
      ]),
    pointerRoom(.serving, "WebServer", ["Bytes", "JSON", "JobSupport", "Endpoints"] + httpServer),

    // Interfaces: the header for C, and its functions.
    cRoom(.interfaces, "CSAM2"),
    cInterface(
      "CInterface",
      [
        "Bytes", "CSAM2", "Graph", "JobSupport", "Media", "ModelInterface", "Runtime", "SAM2",
        "SAM2Jobs", "Tensors",
      ]),

    // Commands.
    cRoom(.commands, "CBundledModel", exclude: ["nano-int8.sam2", "shapes-int8.sam2"]),
    pointerRoom(
      .commands, "CLISupport",
      ["Bytes", "JSON", "Graph", "Runtime", "GoldenPrompt", "JobSupport", arguments]),
    command(
      "sam2-convert",
      [
        "Bytes", "JSON", "Tensors", "Graph", "Checkpoints", "SafetensorsCheckpoint",
        "HDF5Checkpoint", "ModelFile", "SAM2Config", "ModelInterface", "SAM2Import", "Runtime",
        "GoldenPrompt", "CLISupport", "Tokenizer", "DetectorConfig", "DetectorImport",
      ]),
    command(
      "sam2-quantize",
      [
        "Bytes", "JSON", "Tensors", "Graph", "ModelFile", "Passes", "Quantizer", "Runtime", "SAM2",
        "SAM2Config", "Detector", "DetectorConfig", "ModelInterface", "GoldenPrompt", "Calibration",
        "Comparison", "QuantizationReport",
        "JobSupport", "CLISupport",
      ]),
    command(
      "sam2",
      [
        "Bytes", "JSON", "Graph", "Runtime", "ModelFile", "GoldenPrompt", "Media", "Annotations",
        "SampleScene", "SAM2", "SAM2Jobs", "CBundledModel", "CLinux", "JobSupport", "CLISupport",
        "Detector", "Workbench", "Endpoints", "ToolProtocols", "Kdenlive", "WebServer",
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Tests: one target per room, and the built commands end to end.
    .target(
      name: "TestSupport", dependencies: ["Bytes", "JSON", "Tensors", "Graph"],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(
      name: "Differential",
      dependencies: [
        "Bytes", "Tensors", "Graph", "Passes", "Quantizer", "Reference", "Runtime", "TestSupport",
      ], path: "Tests/Differential", swiftSettings: strict),
    .target(
      name: "DetectorSamples",
      dependencies: ["Bytes", "DetectorConfig", "DetectorImport", "Tensors"],
      path: "Tests/DetectorSamples", swiftSettings: strict),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(name: "CConfinement", dependencies: ["CLinux"], path: "Tests/CConfinement"),
    tests("BytesTests", ["Bytes", "CZlib"]),
    tests("DocumentTests"),
    tests("JSONTests", ["Bytes", "JSON"]),
    tests(
      "SAM2ImportTests",
      ["SAM2Import", "SAM2Config", "ModelInterface", "Graph", "Tensors", "Bytes", "JSON"],
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
        "SampleScene", "Detector",
      ], exclude: ["Fixtures"]),
    tests(
      "GoldenPromptTests",
      [
        "Bytes", "Checkpoints", "GoldenPrompt", "Graph", "JSON", "ModelFile", "Passes", "Quantizer",
        "Runtime", "SAM2Import", "Tensors",
      ]),
    tests(
      "DetectorTests",
      [
        "Bytes", "Detector", "DetectorConfig", "DetectorImport", "DetectorSamples", "Graph", "JSON",
        "Media", "ModelFile", "Passes", "Quantizer", "SAM2Config", "SampleScene", "Tensors",
        "Tokenizer",
      ], exclude: ["Fixtures"]),
    tests("TokenizerTests", ["Bytes", "JSON", "Tokenizer"], exclude: ["Fixtures"]),
    tests("SampleSceneTests", ["SampleScene", "Media", "Bytes"]),
    tests(
      "PassesTests",
      ["Bytes", "Differential", "JSON", "Tensors", "Graph", "Passes", "Reference", "Runtime"]),
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
      [
        "Bytes", "CAllocations", "Differential", "JSON", "Tensors", "Graph", "Reference", "Runtime",
      ]),
    tests("KernelTests", ["CKernels"]),
    tests(
      "TorchCheckpointTests", ["Bytes", "JSON", "Tensors", "TorchCheckpoint"],
      exclude: ["Fixtures"]),
    tests("SafetensorsCheckpointTests", ["Bytes", "Tensors", "SafetensorsCheckpoint"]),
    tests("NumPyCheckpointTests", ["Bytes", "NumPyCheckpoint", "Tensors", "Zip"]),
    tests("GGMLCheckpointTests", ["Bytes", "GGMLCheckpoint", "Tensors"]),
    tests("TensorsTests", ["Bytes", "Tensors"]),
    tests(
      "CheckpointsTests",
      [
        "Bytes", "Checkpoints", "SafetensorsCheckpoint", "Tensors", "Graph", "JSON", "ModelFile",
        "ModelInterface", "Passes", "Quantizer", "SAM2Config", "SAM2Import", crypto,
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
        "Bytes", "Differential", "Graph", "HDF5Checkpoint", "JSON", "ModelFile", "Runtime", "SAM2",
        "SAM2Config", "SafetensorsCheckpoint", "Tensors", "TorchCheckpoint", "NumPyCheckpoint",
        "GGMLCheckpoint", "Zip",
      ], exclude: ["Corpus", "Dictionaries", "LibFuzzer", "RandomRuns"]),
    tests(
      "SAM2JobsTests",
      ["Annotations", "Bytes", "JSON", "JobSupport", "Media", "SAM2", "SAM2Jobs"]),
    tests(
      "WorkbenchTests",
      [
        "Annotations", "Bytes", "JSON", "Media", "SAM2", "SAM2Jobs", "SampleScene",
        "Tensors", "Workbench",
      ]),
    tests(
      "WebServerTests",
      [
        "Annotations", "Bytes", "Detector", "Endpoints", "JSON", "Media", "SAM2", "SampleScene",
        "ToolProtocols", "WebServer", "Workbench", "Zip",
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests("KdenliveTests", ["Bytes", "JobSupport", "Kdenlive", "Media", "SAM2", "SampleScene"]),
    tests("CLISupportTests", ["Bytes", "JobSupport", "CLISupport"]),
    tests(
      "EndToEndTests",
      [
        "Bytes", "DetectorConfig", "DetectorSamples", "GoldenPrompt", "Graph", "JSON", "Media",
        "ModelFile", "SafetensorsCheckpoint", "Tensors",
      ], exclude: ["CInterface"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
