import ArgumentParser
import CLISupport

@main
struct ConvertTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sam2-convert",
    abstract: "Converts a SAM 2 checkpoint to a model file that sam2 can run.",
    discussion: """
      Examples:

        sam2-convert sam2.1_hiera_tiny.pt -o tiny.sam2
        sam2-convert nano.pt --config nano.yaml -o nano.sam2
        sam2-convert inspect tiny.sam2 --tensors
        sam2-convert verify tiny.sam2
        sam2-convert export tiny.sam2 -o tiny.safetensors
        sam2-convert export tiny.sam2 -o tiny.h5

      Nothing in a checkpoint is ever executed.

      Exit codes: 0 done, 64 usage, 65 bad input, 66 input missing, 70 internal error, 73 cannot \
      create the output, 74 reading or writing failed, 130 Ctrl-C.
      """,
    version: Tool.version,
    subcommands: [
      Convert.self, Inspect.self, Verify.self, Export.self, Tokenize.self, ReadHDF5.self,
    ],
    defaultSubcommand: Convert.self)

  static func main() { Tool.main(Self.self) }
}
