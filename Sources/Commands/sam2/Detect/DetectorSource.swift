import ArgumentParser
import Bytes
import CLISupport
import Detector
import Graph
import ModelFile
import Runtime

/// The detector: `--detector FILE`, else the environment; `built-in` is the one in this command.
struct DetectorSource: ParsableArguments {
  /// Environment variable that names the detector to use if `--detector` is not given.
  static let environmentVariable = "SAM2_DETECTOR"
  /// The name of the detector in this command; a file with that name is `./built-in`.
  static let builtIn = "built-in"

  @Option(
    name: .customLong("detector"),
    help: ArgumentHelp(
      "A converted OWLv2 or OWL-ViT, which finds things by words (default: $SAM2_DETECTOR), or "
        + "\(DetectorSource.builtIn): a small one that knows drawn shapes by their colours, for "
        + "trying things out.",
      valueName: "file"))
  var file: String?

  private enum Origin {
    case file(String)
    case builtIn
  }

  private var origin: Origin? {
    (file ?? Console.variable(Self.environmentVariable)).map {
      $0 == Self.builtIn ? .builtIn : .file($0)
    }
  }

  private func required() throws(Failure) -> Origin {
    guard let origin else {
      throw Failure(
        .usage, code: "detector.none", "finding things by words needs a detector",
        hint: "fetch one with Scripts/fetch_checkpoint.sh owlv2-base, convert it with sam2-convert "
          + "owlv2-base-patch16-ensemble -o owlv2.sam2, and pass --detector owlv2.sam2; "
          + "--detector \(Self.builtIn) knows the colours of drawn shapes, as in sam2 sample")
    }
    return origin
  }

  /// The name of the detector in results.
  /// - Throws: `detector.none`.
  func name() throws(Failure) -> String {
    switch try required() {
    case .file(let path): path
    case .builtIn: BundledFile.detector.name
    }
  }

  /// Hashes that identify the detector, as for a model; nil if there is no detector.
  /// - Throws: any error from reading the file.
  func identity() throws(Failure) -> String? {
    switch origin {
    case .file(let path):
      try ModelFile.inspect(path).sections.map(\.sha256).joined(separator: " ")
    case .builtIn: ModelFile.sha256(of: BundledFile.detector.storage)
    case nil: nil
    }
  }

  /// Loads the detector if there is one.
  func loadIfGiven(_ machine: RunOptions, budget: Int) throws(Failure) -> Detector? {
    origin == nil ? nil : try load(machine, budget: budget)
  }

  /// Loads the detector.
  /// - Throws: `detector.none`; any error from `Detector`.
  func load(_ machine: RunOptions, budget: Int = 1) throws(Failure) -> Detector {
    let origin = try required()
    var options = RuntimeOptions(threads: try machine.threads())
    options.budget = GraphBudget.standard.scaled(by: budget)
    switch origin {
    case .file(let path): return try Detector(path: path, options: options)
    case .builtIn:
      let file = BundledFile.detector
      do {
        return try Detector(ModelFile.read(storage: file.storage), options: options)
      } catch {
        throw error.about(file: file.name)
      }
    }
  }
}

/// Determines which of a detector's boxes count.
struct DetectionArguments: ParsableArguments {
  @Option(
    parsing: .unconditional, help: "Scores of detections are above it, in 0 to 1 (default: 0.1).")
  var threshold: Float?

  @Option(
    name: .customLong("nms"), parsing: .unconditional,
    help: """
      Of two boxes for the same words that overlap by more than this (intersection over union) the \
      better one stays; 1 keeps all (default: 0.5).
      """)
  var suppression: Float?

  @Option(parsing: .unconditional, help: "Maximum number of detections per picture (default: 100).")
  var maxDetections: Int?

  func validate() throws {
    do {
      try options.validate()
    } catch {
      throw ValidationError(error.description)
    }
  }

  /// Throws if any of the options is given, for a run without a detector.
  func refuse() throws {
    for (name, isGiven) in [
      ("--threshold", threshold != nil), ("--nms", suppression != nil),
      ("--max-detections", maxDetections != nil),
    ] where isGiven {
      throw ValidationError("\(name) is about what --text finds")
    }
  }

  /// The options in the form that the library takes.
  var options: DetectionOptions {
    var options = DetectionOptions()
    options.threshold = threshold ?? options.threshold
    options.suppression = suppression ?? options.suppression
    options.maximumCount = maxDetections ?? options.maximumCount
    return options
  }
}
