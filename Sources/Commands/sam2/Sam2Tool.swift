import ArgumentParser
import CLISupport

@main
struct Sam2Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sam2",
    abstract: "Segments pictures and tracks objects through video, on the CPU.",
    discussion: """
      Examples:

        sam2 segment dog.jpg --point 420,310 -o masks
        sam2 segment dog.jpg --box 300,120,640,480 -o masks --overlay
        sam2 track clip.mp4 --point 210,350 -o masks --overlay masks.mp4
        sam2 auto dog.jpg -o everything --overlay
        sam2 batch items.jsonl -o out --resume
        sam2 detect street.jpg --detector owlv2.sam2 --text "red car" --json
        sam2 serve --media pictures
        sam2 doctor

      Results go to the folder given with -o, data to stdout, messages to stderr. $SAM2_MODEL and \
      $SAM2_THREADS are used without --model and --threads.

      Exit codes: 0 done, 1 some items failed or are incomplete, 64 usage, 65 bad input, 66 input \
      missing, 70 an internal error, 73 cannot create the output, 74 reading or writing failed, \
      130 Ctrl-C.
      """,
    version: Tool.version,
    subcommands: [
      SegmentCommand.self, AutoCommand.self, TrackCommand.self, DetectCommand.self,
      BatchCommand.self, ServeCommand.self, KdenliveCommand.self, BenchCommand.self,
      DoctorCommand.self, SampleCommand.self, ScoreCommand.self,
    ])

  static func main() { Tool.main(Self.self) }
}
