import Bytes
import JobSupport
import Media
import SAM2
import SampleScene
import TestSupport
import Testing

@testable import Kdenlive

@Suite("The pipe of Kdenlive's object mask")
struct KdenlivePipeTests {
  private static let model = Result { () throws(Failure) in
    try SegmentationModel(
      path: #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Sources/Commands/CBundledModel/nano-int8.sam2")
  }
  private static let clip = SampleScene(seed: 5).clip(width: 128, height: 96)

  @Test("reads the options as Kdenlive writes them")
  func options() throws {
    let options = try KdenliveOptions([
      "-I", "/frames", "-F", "3", "-O", "/out", "-M", "m.pt", "-C", "c.yaml", "-P",
      "0=200,250,300,255;100=10,50", "-L", "0=1,0;100=1", "-B", "0=1,2,3,4", "-D", "cpu",
      "--offload", "--border", "2", "--bordercolor=1,2,3,4", "--color", "255,100,100,180",
    ])
    #expect(options.frames == "/frames" && options.previewFrame == 3 && options.border == 2)
    #expect(
      options.points == [
        0: [.init(x: 200, y: 250), .init(x: 300, y: 255, label: 0)], 100: [.init(x: 10, y: 50)],
      ])
    #expect(options.boxes == [0: .init(x0: 1, y0: 2, x1: 3, y1: 4)])
    #expect(options.borderColour.alpha == 4)
  }

  @Test(
    "refuses options that make no sense",
    arguments: [
      ["-X"], ["-F"], ["-F", "a"], ["-P", "0=1,2", "-L", "0=1,1"], ["-B", "0=1,2,3"],
      ["-P", "x=1,2", "-L", "x=1"], ["--color", "1,2,3"], ["--color", "1,2,3,256"],
    ])
  func refusals(_ words: [String]) {
    #expect(throws: Failure(.usage, code: "kdenlive.option", "")) { try KdenliveOptions(words) }
  }

  /// Runs `body` with a pipe over a folder of frames, and where it writes.
  private func withPipe(
    frames: Int, _ body: (KdenlivePipe, _ folder: String, _ messages: () -> [String]) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let input = try OutputDirectory("\(folder)/in", creating: true)
      _ = try OutputDirectory("\(folder)/out", creating: true)
      for frame in 0..<frames {
        try input.write("\(frame).jpg", JPEGWriter.encode(Self.clip.frame(frame).image))
      }
      var messages: [String] = []
      let pipe = try KdenlivePipe(
        Self.model.get(), KdenliveOptions(["-I", "\(folder)/in", "-O", "\(folder)/out"]),
        KdenlivePipe.Channels(answer: { messages.append($0) }, progress: { messages.append($0) }))
      try body(pipe, folder, { messages })
    }
  }

  private func mark(_ frame: Int) -> String {
    let point = Self.clip.frame(frame).prompts[0]
    return "\(frame)=\(point.x),\(point.y)"
  }

  @Test("paints a preview as the image predictor sees it")
  func preview() throws {
    try withPipe(frames: 2) { pipe, folder, messages in
      let continues = try pipe.answer(
        "preview=-F 1 -P \(mark(1)) -L 1=1 --color 10,20,30,40 --border 0 ")
      #expect(continues && messages() == ["preview ok 1"])
      let picture = try ImageReader.read("\(folder)/in/1.jpg")
      let predictor = ImagePredictor(try Self.model.get())
      try predictor.setImage(picture)
      let point = Self.clip.frame(1).prompts[0]
      let mask = try predictor.predict(
        Prompt(points: [.init(x: Float(point.x), y: Float(point.y))]), multimask: false
      ).mask(0)
      let expected = try PNGWriter.encodeRGBA(
        mask.bits.flatMap { $0 ? [10, 20, 30, 40] : [0, 0, 0, 0] }, width: 128, height: 96)
      #expect(fileBytes("\(folder)/out/preview-00001.png") == expected)
    }
  }

  @Test("renders a mask for each frame, also before the first that is marked", arguments: [0, 2])
  func render(_ marked: Int) throws {
    try withPipe(frames: 4) { pipe, folder, messages in
      _ = try pipe.answer("preview=-F \(marked) -P \(mark(marked)) -L \(marked)=1")
      _ = try pipe.answer("edit=--color 1,2,3,4 --border 4 --bordercolor 9,9,9,9")
      let continues = try pipe.answer("render=\(folder)/out")
      #expect(!continues && messages().last == "mask ok")
      #expect(messages().contains("Export 100%|"))
      #expect(messages().contains("INFO:Propagating in video"))
      for frame in 0..<4 { #expect(fileBytes("\(folder)/out/0000\(frame).png") != nil) }
    }
  }

  @Test("ends when asked to, and refuses what it does not know")
  func ending() throws {
    try withPipe(frames: 1) { pipe, _, messages in
      let continues = try pipe.answer("q")
      #expect(!continues && messages() == ["CLOSING..."])
      #expect(throws: Failure(.usage, code: "kdenlive.request", "")) { try pipe.answer("rm -r") }
      #expect(throws: Failure(.usage, code: "kdenlive.prompts", "")) {
        try pipe.answer("render=/nowhere")
      }
      #expect(throws: Failure(.usage, code: "kdenlive.frame", "")) {
        try pipe.answer("preview=-F 7 -P 7=1,1 -L 7=1")
      }
    }
  }
}
