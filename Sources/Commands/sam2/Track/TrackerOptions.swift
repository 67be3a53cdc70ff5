public import ArgumentParser
import Bytes
public import SAM2

/// The choice of a tracker, and its constants.
struct TrackerOptions: ParsableArguments {
  @Option(
    help: """
      Policy over masks and memory: sam2, the official one; samurai, which prefers masks that \
      fit the object's motion; dam4sam, which keeps frames with look-alikes (default: the \
      script's, else sam2).
      """)
  var tracker: Tracker?

  @Flag(
    name: .customLong("prune-memory"),
    help: """
      Leave out the two memories that are most similar to the newest one: faster, after SurgSAM2.
      """)
  var prunesMemory = false

  @Option(
    name: .customLong("tracker-constant"),
    help: ArgumentHelp(
      "A constant of the tracker by its published name, for example kf_score_weight=0.2.",
      valueName: "name=value"))
  var constants: [TrackerSetting] = []

  /// Applies the choice to `options`; `scripted` is the script's choice.
  /// - Throws: `config.value` for a constant of another tracker or one that is out of range.
  func apply(to options: inout VideoOptions, scripted: Tracker?) throws(Failure) {
    options.tracker = tracker ?? scripted ?? .sam2
    options.prunesMemory = prunesMemory
    for setting in constants {
      guard setting.constant.tracker == options.tracker else {
        throw Failure(
          .usage, code: "config.value",
          "\(setting.constant.rawValue) is a constant of the tracker "
            + "\(setting.constant.tracker.rawValue), not of \(options.tracker.rawValue)",
          hint: "choose it by --tracker, or leave the constant out")
      }
      try setting.constant.set(setting.value, in: &options)
    }
  }
}

extension Tracker: ExpressibleByArgument {}

/// A constant and its value, as `name=value`.
struct TrackerSetting: ExpressibleByArgument {
  let constant: TrackerConstant
  let value: Double

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let constant = TrackerConstant(rawValue: parts[0]),
      let value = Double(parts[1]), value.isFinite
    else { return nil }
    (self.constant, self.value) = (constant, value)
  }
}
