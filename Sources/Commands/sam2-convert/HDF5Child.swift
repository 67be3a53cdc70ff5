import ArgumentParser
import HDF5Checkpoint

/// The subcommand under which this program reads HDF5; not for people.
struct ReadHDF5: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: HDF5Child.commandName,
    abstract: "Reads the HDF5 file on descriptor 3, writes safetensors to stdout.",
    shouldDisplay: false)

  @Flag(help: "Write only the header.")
  var list = false

  func run() { HDF5Child.run(listOnly: list) }
}
