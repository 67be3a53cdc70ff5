import ArgumentParser
import Checkpoints
import SAM2Import

/// Exceptions that may be permitted when reading a checkpoint.
struct ReadingOptions: ParsableArguments {
  @Flag(help: "Drop objects of other programs beside the weights of a .pt file; none is executed.")
  var ignoreExtra = false

  @Flag(name: .customLong("allow-bad-crc"), help: "Read entries of a .pt file whose CRC is wrong.")
  var allowsBadCRC = false

  @Option(
    help: """
      Where in the checkpoint the weights are, as keys joined by dots, when it holds those of \
      several models, such as "ema".
      """)
  var weights: String?

  var options: CheckpointOptions {
    var options = CheckpointOptions()
    options.parts = WeightSearch.partNames
    options.ignoresForeignObjects = ignoreExtra
    options.allowsWrongChecksums = allowsBadCRC
    return options
  }
}
