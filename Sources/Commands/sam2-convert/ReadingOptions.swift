import ArgumentParser
import Checkpoints

/// What may be let pass when a checkpoint is read.
struct ReadingOptions: ParsableArguments {
  @Flag(help: "Drop objects of other programs beside the weights of a .pt file; none is executed.")
  var ignoreExtra = false

  @Flag(name: .customLong("allow-bad-crc"), help: "Read entries of a .pt file whose CRC is wrong.")
  var allowsBadCRC = false

  var options: CheckpointOptions {
    var options = CheckpointOptions()
    options.ignoresForeignObjects = ignoreExtra
    options.allowsWrongChecksums = allowsBadCRC
    return options
  }
}
