public import Bytes
import Media

extension SampleScene {
  /// Writes the picture and the clip, with their true masks and prompts, below `folder`, which is
  /// created if it does not exist.
  ///
  ///     picture.png  picture_truth.png  prompts.json
  ///     frames/00000.jpg ...  truth/00000.png ...  script.json
  ///
  /// The true masks are palette PNGs whose values are object identifiers. `script.json` is the
  /// interaction script of `sam2 track`: one click per object on the first frame, then propagation.
  /// Links below `folder` are not followed. Failures: those of `OutputDirectory`.
  public func write(
    to folder: String, frameCount: Int = 48, action: Action = .crossing
  ) throws(Failure) {
    let output = try OutputDirectory(folder, creating: true)
    let picture = still()
    try output.write("picture.png", try PNGWriter.encode(picture.image))
    try output.write("picture_truth.png", try PNGWriter.encode(picture.labels))
    try output.write("prompts.json", Array(SampleScene.promptsJSON(picture.prompts).utf8))
    let clip = clip(frameCount: frameCount, action: action)
    for index in 0..<clip.frameCount {
      let frame = clip.frame(index)
      let name = SampleScene.fiveDigits(index)
      try output.write("frames/\(name).jpg", try JPEGWriter.encode(frame.image, quality: 95))
      try output.write("truth/\(name).png", try PNGWriter.encode(frame.labels))
    }
    try output.write("script.json", Array(SampleScene.scriptJSON(clip.prompts).utf8))
  }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
  }

  // MARK: - JSON

  /// Clicks on objects with odd identifiers and boxes around the others, to show both kinds.
  static func promptsJSON(_ prompts: [Prompt]) -> String {
    let rows = prompts.map { prompt in
      let start = "    {\"object\": \(prompt.identifier), "
      guard prompt.identifier.isMultiple(of: 2) else {
        return start + "\"points\": [[\(prompt.x), \(prompt.y)]], \"labels\": [1]}"
      }
      let box = [prompt.box.left, prompt.box.top, prompt.box.right, prompt.box.bottom]
      return start + "\"box\": [" + box.map(String.init).joined(separator: ", ") + "]}"
    }
    return "{\"prompts\": [\n" + rows.joined(separator: ",\n") + "\n]}\n"
  }

  static func scriptJSON(_ prompts: [Prompt]) -> String {
    let clicks = prompts.map { prompt in
      """
        {"do": "add_points", "frame": 0, "object": \(prompt.identifier), \
      "points": [[\(prompt.x), \(prompt.y)]], "labels": [1], "box": null, "clear": true}
      """
    }
    let run = "  {\"do\": \"propagate\", \"start\": 0, \"max_frames\": null, \"reverse\": false}"
    return "{\"actions\": [\n" + (clicks + [run]).joined(separator: ",\n") + "\n]}\n"
  }
}
