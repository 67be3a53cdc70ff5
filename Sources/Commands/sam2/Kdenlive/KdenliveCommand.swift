import ArgumentParser
import Bytes
import CLISupport
import JobSupport
import Kdenlive

struct KdenliveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdenlive",
    abstract: "Replaces the script of Kdenlive's object mask.",
    discussion: """
      Examples:

        sam2 kdenlive -I frames -F 0 -O previews -M sam2.1_hiera_tiny.pt
        echo 'preview=-F 0 -P 0=210,350 -L 0=1' | sam2 kdenlive -I frames -O previews

      Kdenlive 25.04 and later masks an object in a clip through a Python script, sam-objectmask.py, \
      which it starts with the options below and controls through a pipe. Put this in place of \
      the script, executable:

        #!/bin/sh
        exec sam2 kdenlive "$@"

      or call it `python3` in a folder of its own, with `shift` before the second line, and choose \
      that folder in Kdenlive's plugin settings.

      The model is that of $SAM2_MODEL, else the file beside the one that -M names, with the ending \
      -int8.sam2 or .sam2 in place of .pt. The first call writes the latter with sam2-convert; the \
      former, which is several times as fast, is written by sam2-quantize. Without any of them it \
      is the small one that is built in.

      Options: -I FOLDER of frames N.jpg, -O FOLDER for previews, -F FRAME, -P POINTS, -L LABELS, \
      -B BOXES, -M MODEL, --color and --bordercolor R,G,B,A, --border N; -C, -D and --offload are \
      taken and have no effect. Lines on standard input: preview=OPTIONS, edit=OPTIONS, \
      render=FOLDER, q.
      """)

  @Argument(parsing: .captureForPassthrough, help: "The options that Kdenlive gives.")
  var arguments: [String] = []

  func run() throws {
    try Tool.run {
      // Help is for people; the parser leaves it to commands that capture all arguments.
      if arguments == ["--help"] || arguments == ["-h"] {
        Console.data(Sam2Tool.helpMessage(for: KdenliveCommand.self))
        return
      }
      let options = try KdenliveOptions(arguments)
      let model = try KdenliveModel(options) { Console.data("INFO:\($0)") }.load()
      let pipe = try KdenlivePipe(
        model, options,
        KdenlivePipe.Channels(answer: { Console.data($0) }, progress: { Console.error($0) }))
      while let line = readLine(), try pipe.answer(line) {}
    }
  }
}
